"""How each kind is first reported in plain words, in four languages, and what is no report of it."""

from datetime import UTC, datetime

import pytest

from alerts.records import PHASES
from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article

PUBLISHED = datetime(2025, 8, 21, 12, tzinfo=UTC)
TALKS, SWAP, BODIES, CHILDREN = "talks_round", "prisoner_exchange", "remains_repatriation", "children_return"
MORE = {
    "en": "Details to follow.",
    "ru": "Подробности позже.",
    "uk": "Подробиці згодом.",
    "tr": "Ayrıntılar gelecek.",
}

REPORTS = [
    (
        "ru",
        "В результате переговорного процесса 20 августа с подконтрольной киевскому режиму территории "
        "возвращены 185 российских военнослужащих. Взамен переданы 185 военнопленных ВСУ.",
        {(SWAP, "happened")},
    ),
    (
        "ru",
        "Минобороны: из украинского плена возвращены 205 российских военнослужащих. Украине передано столько же.",
        {(SWAP, "happened")},
    ),
    (
        "ru",
        "Россия и Украина провели обмен военнопленными по формуле 146 на 146.",
        {(SWAP, "happened")},
    ),
    (
        "ru",
        "Москва передала Киеву тела 1200 погибших украинских военных, получив 35.",
        {(BODIES, "happened")},
    ),
    (
        "ru",
        "Россия передала Украине тела 1000 военнослужащих, сообщил Мединский.",
        {(BODIES, "happened")},
    ),
    (
        "ru",
        "В Стамбуле начался третий раунд переговоров России и Украины.",
        {(TALKS, "happened")},
    ),
    (
        "ru",
        "Третий раунд переговоров между Россией и Украиной может пройти в Стамбуле на следующей неделе.",
        set(),
    ),
    (
        "ru",
        "Песков: новый раунд переговоров России и Украины состоится 5 сентября в Анкаре.",
        {(TALKS, "ahead")},
    ),
    (
        "ru",
        "Переговоры России и Украины в Стамбуле завершились спустя час.",
        {(TALKS, "happened")},
    ),
    (
        "ru",
        "Россия вернула Украине семерых детей при посредничестве Катара, сообщила Львова-Белова.",
        {(CHILDREN, "happened")},
    ),
    (
        "ru",
        "Россия и Украина договорились обменять по 1200 пленных.",
        {(SWAP, "ahead")},
    ),
    (
        "ru",
        "Киев отложил переговоры с Россией, намеченные на пятницу, заявил Мединский.",
        {(TALKS, "off")},
    ),
    (
        "ru",
        "Обмен пленными сорван: Украина отказалась принимать своих, утверждает Москалькова.",
        {(SWAP, "off")},
    ),
    (
        "uk",
        "Відбувся 68-й обмін полоненими: додому повернулися 84 українці.",
        {(SWAP, "happened")},
    ),
    (
        "uk",
        "Сьогодні ще один обмін. Додому повертаються наші військові та цивільні – 146 осіб, повідомив "
        "Зеленський. Росія отримала стільки ж.",
        {(SWAP, "happened")},
    ),
    (
        "uk",
        "В Україну повернули тіла ще 1000 полеглих, повідомив Координаційний штаб. За твердженням "
        "російської сторони, вони належать українським військовим.",
        {(BODIES, "happened")},
    ),
    (
        "uk",
        "Україна і Росія провели черговий обмін полоненими: на волі 157 захисників.",
        {(SWAP, "happened")},
    ),
    (
        "uk",
        "У Стамбулі розпочалася зустріч української та російської делегацій.",
        {(TALKS, "happened")},
    ),
    (
        "uk",
        "Наступний раунд переговорів України та Росії відбудеться 12 вересня в Женеві, підтвердив Умєров.",
        {(TALKS, "ahead")},
    ),
    (
        "uk",
        "В Україну повернули п’ятьох дітей з тимчасово окупованих територій, повідомив Лубінець. Їх вивезла Росія.",
        {(CHILDREN, "happened")},
    ),
    (
        "uk",
        "Україна та Росія домовилися про обмін щонайменше 1200 на 1200 полоненими.",
        {(SWAP, "ahead")},
    ),
    (
        "uk",
        "Росія зірвала обмін полоненими, запланований на вихідні, заявили в Коордштабі. Україна була готова.",
        {(SWAP, "off")},
    ),
    (
        "en",
        "Russia and Ukraine exchanged 84 prisoners of war each on Thursday, officials on both sides said.",
        {(SWAP, "happened")},
    ),
    (
        "en",
        "Russian and Ukrainian negotiators meet in Istanbul for a third round of direct peace talks.",
        {(TALKS, "happened")},
    ),
    (
        "en",
        "Ukraine says it has received the bodies of 1,000 fallen soldiers from Russia.",
        {(BODIES, "happened")},
    ),
    (
        "en",
        "Kyiv and Moscow swap 185 soldiers and 20 civilians in latest prisoner exchange.",
        {(SWAP, "happened")},
    ),
    (
        "en",
        "Talks between Russia and Ukraine in Geneva end without breakthrough.",
        {(TALKS, "happened")},
    ),
    (
        "en",
        "Ukraine and Russia will hold a new round of talks in Abu Dhabi on Sunday, Zelenskyy said.",
        {(TALKS, "ahead")},
    ),
    (
        "en",
        "Kremlin says next round of talks with Ukraine could take place next week.",
        set(),
    ),
    (
        "en",
        "Zelenskyy ready to meet Putin for talks in Istanbul.",
        set(),
    ),
    (
        "en",
        "Eight Ukrainian children returned from Russia after Melania Trump's appeal.",
        {(CHILDREN, "happened")},
    ),
    (
        "en",
        "Russia hands over 1,200 bodies to Ukraine, gets 49 in return.",
        {(BODIES, "happened")},
    ),
    (
        "en",
        "Russia frees 300 Ukrainian prisoners in Easter swap with Kyiv.",
        {(SWAP, "happened")},
    ),
    (
        "en",
        "Planned prisoner swap between Russia and Ukraine postponed, Budanov says.",
        {(SWAP, "off")},
    ),
    (
        "en",
        "Hundreds of POWs return home as Russia and Ukraine carry out major exchange.",
        {(SWAP, "happened")},
    ),
    (
        "tr",
        "Rusya ile Ukrayna 146'şar esiri takas etti.",
        {(SWAP, "happened")},
    ),
    (
        "tr",
        "Rusya ve Ukrayna heyetleri İstanbul'da üçüncü tur görüşmeler için bir araya geldi.",
        {(TALKS, "happened")},
    ),
    (
        "tr",
        "Rusya, Ukrayna'ya 1000 askerin naaşını teslim etti.",
        {(BODIES, "happened")},
    ),
    (
        "tr",
        "Ukrayna ile Rusya arasında esir takası: 185 asker evine döndü.",
        {(SWAP, "happened")},
    ),
    (
        "tr",
        "İstanbul'daki Rusya-Ukrayna görüşmeleri sona erdi.",
        {(TALKS, "happened")},
    ),
    (
        "tr",
        "Rusya ile Ukrayna 1200'er esirin takası konusunda anlaştı.",
        {(SWAP, "ahead")},
    ),
    (
        "tr",
        "Rusya ile Ukrayna arasında planlanan esir takası ertelendi.",
        {(SWAP, "off")},
    ),
    (
        "tr",
        "Rusya, yedi Ukraynalı çocuğu ailelerine teslim etti.",
        {(CHILDREN, "happened")},
    ),
    (
        "tr",
        "Peskov: Ukrayna ile yeni tur müzakereler gelecek hafta yapılabilir.",
        set(),
    ),
    (
        "uk",
        "Зеленський: Україна готова до нової зустрічі з росіянами у Стамбулі.",
        set(),
    ),
    (
        "uk",
        "Росія передала Україні списки на обмін, сказав Лубінець.",
        set(),
    ),
    (
        "ru",
        "Зеленский предложил провести переговоры с Россией на следующей неделе.",
        set(),
    ),
    (
        "en",
        "US and Ukrainian negotiators hold talks in Miami on peace plan with Russia.",
        set(),
    ),
]


@pytest.mark.parametrize(("language", "text", "told"), REPORTS, ids=[text[:60] for _, text, _ in REPORTS])
@pytest.mark.parametrize("titled", [False, True], ids=["text", "title"])
def test_a_first_report_is_read_in_its_phase_and_nothing_else_is(
    lexicon: Lexicon, language: str, text: str, told: set[tuple[str, str]], titled: bool
) -> None:
    title = text.rstrip(".") if titled else None
    body = f"{text} {MORE[language]}" if titled else text
    reading = read_claims(Article("u", "o", title, body, language, PUBLISHED), lexicon)
    ring = (TALKS, SWAP, BODIES, CHILDREN)
    news = [claim for claim in reading.claims if claim.role == "news" and claim.kind in ring]
    assert {(claim.kind, PHASES[claim.status]) for claim in news if claim.status in PHASES} == told
