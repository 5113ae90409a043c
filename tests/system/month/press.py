"""What 300 newsrooms publish in a month: their daily fare in four languages, and stories that have to ring.

The sites and their manners are those of the simulated week (`simulated.world`), with fewer items a day each. A story
is one step of an event (a round of talks announced, the same round held, prisoners exchanged), told by several of them
within hours; its number stands in the address of each page, so that a far end can tell what a message is about.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Literal

from simulated.world import DAY, HOUR, START, Item, Site, drawn

LANGUAGES = ("en", "ru", "uk", "tr")
# Items a day of a newsroom at most: with more of them the month would take longer than a test may.
DAILY = 1.2
TELLERS = 8
_MONTHS = {
    "en": ("March", "April"),
    "ru": ("марта", "апреля"),
    "uk": ("березня", "квітня"),
    "tr": ("Mart", "Nisan"),
}
# English, Russian and Ukrainian behind "in", Turkish with its suffix.
_PLACES = (
    ("Istanbul", "Стамбуле", "Стамбулі", "İstanbul'da"),
    ("Geneva", "Женеве", "Женеві", "Cenevre'de"),
    ("Abu Dhabi", "Абу-Даби", "Абу-Дабі", "Abu Dabi'de"),
    ("Ankara", "Анкаре", "Анкарі", "Ankara'da"),
    ("Riyadh", "Эр-Рияде", "Ер-Ріяді", "Riyad'da"),
    ("Minsk", "Минске", "Мінську", "Minsk'te"),
    ("Vienna", "Вене", "Відні", "Viyana'da"),
    ("Doha", "Дохе", "Досі", "Doha'da"),
)
_TOLD = {
    ("plan", "en"): (
        "Russia and Ukraine to hold round {n} of talks in {place} on {day}",
        "Russia and Ukraine will hold the {n}th round of talks in {place} on {day}, both delegations said. "
        "Rustem Umerov "
        "will lead the Ukrainian side and Vladimir Medinsky the Russian one.",
    ),
    ("plan", "ru"): (
        "Россия и Украина проведут {n}-й раунд переговоров в {place} {day}",
        "{n}-й раунд переговоров России и Украины состоится в {place} {day}, сообщили обе делегации. "
        "Украинскую сторону "
        "возглавит Рустем Умеров, российскую — Владимир Мединский.",
    ),
    ("plan", "uk"): (
        "Росія та Україна проведуть {n}-й раунд переговорів у {place} {day}",
        "{n}-й раунд переговорів України та Росії відбудеться в {place} {day}, повідомили обидві делегації. Українську "
        "сторону очолить Рустем Умєров, російську — Володимир Мединський.",
    ),
    ("plan", "tr"): (
        "Rusya-Ukrayna görüşmelerinin {n}. turu {day} günü {place} yapılacak",
        "Rusya ve Ukrayna heyetleri arasındaki {n}. tur müzakereler {day} günü {place} yapılacak. Ukrayna "
        "heyetine Rüstem "
        "Umerov, Rusya heyetine Vladimir Medinskiy başkanlık edecek.",
    ),
    ("held", "en"): (
        "Round {n} of talks between Russia and Ukraine ends in {place}",
        "The delegations of Russia and Ukraine ended the {n}th round of talks in {place} on {day}. Rustem "
        "Umerov led the "
        "Ukrainian side and Vladimir Medinsky the Russian one.",
    ),
    ("held", "ru"): (
        "{n}-й раунд переговоров России и Украины завершился в {place}",
        "{n}-й раунд переговоров России и Украины завершился в {place} {day}. Украинскую делегацию возглавлял Рустем "
        "Умеров, российскую — Владимир Мединский.",
    ),
    ("held", "uk"): (
        "{n}-й раунд переговорів України та Росії завершився в {place}",
        "{n}-й раунд переговорів України та Росії завершився в {place} {day}. Українську делегацію очолював Рустем "
        "Умєров, російську — Володимир Мединський.",
    ),
    ("held", "tr"): (
        "Rusya-Ukrayna görüşmelerinin {n}. turu {place} sona erdi",
        "Rusya ve Ukrayna heyetleri arasındaki {n}. tur müzakereler {day} günü {place} sona erdi. Ukrayna "
        "heyetine Rüstem "
        "Umerov, Rusya heyetine Vladimir Medinskiy başkanlık etti.",
    ),
    ("swap", "en"): (
        "Russia and Ukraine exchange {n} prisoners of war each",
        "Russia and Ukraine exchanged prisoners of war on {day}. {n} Ukrainian servicemen came home, and "
        "Ukraine handed over "
        "{n} Russian servicemen, the Coordination Headquarters said.",
    ),
    ("swap", "ru"): (
        "Россия и Украина обменялись пленными: по {n} человек с каждой стороны",
        "Россия и Украина провели обмен пленными {day}. {n} российских военнослужащих вернулись домой, взамен Украине "
        "передали {n} украинских военнослужащих, сообщило Минобороны РФ.",
    ),
    ("swap", "uk"): (
        "Україна та Росія обміняли полонених: по {n} осіб з кожного боку",
        "Україна та Росія провели обмін полоненими {day}. Додому повернулися {n} українських військових, "
        "Росії передали {n} "
        "російських військових, повідомив Координаційний штаб.",
    ),
    ("swap", "tr"): (
        "Rusya ve Ukrayna {n}'er savaş esirini takas etti",
        "Rusya ve Ukrayna {day} günü esir takası yaptı. {n} Ukraynalı asker evine döndü, Rusya'ya {n} Rus asker teslim "
        "edildi, Koordinasyon Karargahı açıkladı.",
    ),
}  # fmt: skip
# Daily fare: {a} and {b} are numbers, so that no two articles have the same text.
_FARE = {
    "en": (
        "The city council voted {a} to {b} for the new tram line along the river.",
        "Bakers raised the price of a loaf by {a} pence, the second time since autumn.",
        "A storm with gusts of {a} kilometres an hour brought down trees in the northern districts.",
        "The striker scored his {a}th goal of the season in the 8{b}th minute.",
        "Analysts expect exports of wheat to grow by {a} per cent if the rain holds.",
        "The museum shows {a} drawings that had lain in a cellar for decades.",
        "Engineers will close the bridge for {a} nights while they replace {b} bolts.",
        "The orchestra opened its tour before {a} hundred listeners in the old brewery.",
        "Schools report {a} pupils more than last year and too few teachers of physics.",
        "The central bank left its rate alone and spoke of risks in the {b}th quarter of the plan.",
    ),
    "ru": (
        "Городской совет выделил {a} миллионов рублей на ремонт трамвайных путей.",
        "Синоптики обещают до {a} градусов тепла и ветер до {b} метров в секунду.",
        "Нападающий забил {a}-й гол в сезоне на {b}-й минуте матча.",
        "Экспорт зерна вырос на {a} процентов по сравнению с прошлым годом.",
        "Музей показал {a} рисунков, которые десятилетиями лежали в подвале.",
        "Мост закроют на {a} ночей, чтобы заменить {b} опор.",
        "Цены на хлеб поднялись на {a} процента, сообщили в торговой палате.",
        "На выставку кошек привезли {a} животных из {b} городов.",
        "Учителей физики не хватает в {a} школах области.",
        "Центральный банк сохранил ставку и предупредил о рисках в {b}-м квартале.",
    ),
    "uk": (
        "Міська рада виділила {a} мільйонів гривень на ремонт трамвайних колій.",
        "Синоптики обіцяють до {a} градусів тепла і вітер до {b} метрів за секунду.",
        "Нападник забив {a}-й гол у сезоні на {b}-й хвилині матчу.",
        "Врожай пшениці може зрости на {a} відсотків, якщо буде дощ.",
        "Музей показав {a} малюнків, які десятиліттями лежали у підвалі.",
        "Міст закриють на {a} ночей, щоб замінити {b} опор.",
        "Ціни на хліб зросли на {a} відсотка, повідомили у торговій палаті.",
        "На виставку котів привезли {a} тварин із {b} міст.",
        "Учителів фізики бракує у {a} школах області.",
        "Оркестр відкрив тур концертом перед {a} сотнями слухачів.",
    ),
    "tr": (
        "Belediye meclisi yeni tramvay hattı için {a} milyon lira ayırdı.",
        "Meteoroloji {a} derece sıcaklık ve saatte {b} kilometre rüzgâr bekliyor.",
        "Forvet oyuncusu sezonun {a}. golünü {b}. dakikada attı.",
        "Buğday ihracatının yüzde {a} artması bekleniyor.",
        "Müze, yıllarca bodrumda kalan {a} çizimi sergiliyor.",
        "Köprü, {b} cıvata değiştirilirken {a} gece kapalı kalacak.",
        "Ekmek fiyatı yüzde {a} arttı, ticaret odası açıkladı.",
        "Kedi sergisine {b} şehirden {a} hayvan getirildi.",
        "Okullarda {a} fizik öğretmeni eksik.",
        "Merkez bankası faizi değiştirmedi ve {b}. çeyrek için uyardı.",
    ),
}
_RECALLED = {
    "en": "The second round of talks between Russia and Ukraine was held in Istanbul on 2 June 2025.",
    "ru": "Второй раунд переговоров России и Украины прошёл в Стамбуле 2 июня 2025 года.",
    "uk": "Другий раунд переговорів України та Росії відбувся у Стамбулі 2 червня 2025 року.",
    "tr": "Rusya-Ukrayna görüşmelerinin ikinci turu 2 Haziran 2025'te İstanbul'da yapılmıştı.",
}

Sort = Literal["plan", "held", "swap"]


@dataclass(frozen=True, slots=True)
class Story:
    """One step of an event: when its first teller publishes it, on which day the event is, what must ring for it."""

    number: int
    sort: Sort
    at: datetime
    day: date
    place: int
    n: int
    rings: Literal["new", "advanced"]


@dataclass(frozen=True, slots=True)
class Text:
    """An article as a newsroom has it."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Press:
    """The newsrooms, and the stories in order of publication."""

    sites: tuple[Site, ...]
    stories: tuple[Story, ...]

    def text(self, number: int, guid: str) -> Text:
        """What the newsroom of that number published under `guid`."""
        luck = random.Random(guid)
        language = LANGUAGES[number % 4]
        fare = [
            sentence.format(a=luck.randrange(12, 980), b=luck.randrange(2, 9))
            for sentence in luck.sample(_FARE[language], 8)
        ]
        _, _, name = guid.partition("#")
        if name.startswith("s"):
            title, lead = _told(self.stories[int(name[1:])], language)
            return Text(title, (lead, " ".join(fare[:4]), " ".join(fare[4:])))
        if luck.random() < 0.05:
            fare[-1] = _RECALLED[language]
        return Text(f"{fare[0][:-1]} ({name})", (" ".join(fare[1:4]), " ".join(fare[4:6]), " ".join(fare[6:])))


def published(feeds: int, days: int, seed: int) -> Press:
    """That many newsrooms over so many days from START on."""
    stories = _stories(days)
    tellers = [random.Random(f"{seed}:{story.number}").sample(range(feeds), TELLERS * 3) for story in stories]
    sites = [_quieter(site) for site in drawn(feeds, days + 1, seed)]
    steady = {n for n, site in enumerate(sites) if site.steady}
    more: dict[int, list[Item]] = {}
    for story, able in zip(stories, tellers, strict=True):
        luck = random.Random(f"{seed}:told:{story.number}")
        for place, n in enumerate([n for n in able if n in steady][:TELLERS]):
            at = story.at + (luck.uniform(0.2, 5) * HOUR if place else 0 * HOUR)
            more.setdefault(n, []).append(Item(f"site-{n}#s{story.number}", at, at))
    return Press(tuple(_telling(site, more.get(n, [])) for n, site in enumerate(sites)), stories)


def _quieter(site: Site) -> Site:
    step = max(1, round(site.rate / DAILY))
    return replace(site, items=site.items[::step], window=min(site.window, 12))


def _telling(site: Site, told: Sequence[Item]) -> Site:
    return replace(site, items=tuple(sorted([*site.items, *told], key=lambda item: item.appears)))


def _stories(days: int) -> tuple[Story, ...]:
    found: list[Story] = []
    at, k = START + DAY + 9 * HOUR, 0
    while at < START + (days - 4) * DAY:
        place, ahead = k % len(_PLACES), 2 * DAY
        if k % 2:
            found.append(Story(0, "swap", at, at.date(), place, 120 + 7 * k, "new"))
        else:
            day = (at + ahead).date()
            found.append(Story(0, "plan", at, day, place, 11 + k // 2, "new"))
            found.append(Story(0, "held", at + ahead + 8 * HOUR, day, place, 11 + k // 2, "advanced"))
        at, k = at + timedelta(hours=34), k + 1
    found.sort(key=lambda story: story.at)
    return tuple(replace(story, number=number) for number, story in enumerate(found))


def _told(story: Story, language: str) -> tuple[str, str]:
    place = _PLACES[story.place][LANGUAGES.index(language)]
    month = _MONTHS[language][story.day.month - 3]
    year = {"en": "2026", "ru": "2026 года", "uk": "2026 року", "tr": "2026"}[language]
    day = f"{story.day.day} {month} {year}"
    title, lead = _TOLD[story.sort, language]
    return title.format(n=story.n, place=place, day=day), lead.format(n=story.n, place=place, day=day)


def link(site: Site, item: Item) -> str:
    """The address of an item's page."""
    number, _, name = item.guid.removeprefix("site-").partition("#")
    place = f"story-{name[1:]}/{number}" if name.startswith("s") else f"news/{name}"
    return site.url.replace("feed.xml", place)


def entry(press: Press, number: int, item: Item, *, whole: bool) -> str:
    """An item as the feed of the newsroom of that number has it; `whole`: with its text, not its first words alone."""
    text = press.text(number, item.guid)
    told = " ".join(text.paragraphs) if whole else text.paragraphs[0][:120]
    return (
        f"<item><title>{escape(text.title)}</title><link>{link(press.sites[number], item)}</link>"
        f'<guid isPermaLink="false">{item.guid}</guid><pubDate>{format_datetime(item.dated)}</pubDate>'
        f"<description>{escape(told)}</description></item>"
    )


def rss(press: Press, number: int, entries: Iterable[str]) -> bytes:
    """The feed of the newsroom of that number."""
    site = press.sites[number]
    hours = "".join(f"<hour>{hour}</hour>" for hour in site.skip_hours)
    head = f"<title>Courier {number}</title><link>{site.url}</link><description>News</description>"
    head += f"<language>{LANGUAGES[number % 4]}</language>"
    head += f"<ttl>{int(site.ttl.total_seconds()) // 60}</ttl>" if site.ttl else ""
    head += f"<skipHours>{hours}</skipHours>" if hours else ""
    lines = ('<?xml version="1.0" encoding="utf-8"?>', f'<rss version="2.0"><channel>{head}', *entries)
    return "\n".join([*lines, "</channel></rss>"]).encode()


def page(press: Press, number: int, guid: str) -> bytes:
    """The page of an article, with what stands around it on such pages."""
    text = press.text(number, guid)
    menu = "".join(f"<li><a href='/{name}/'>{name}</a></li>" for name in _MENU)
    more = "".join(f"<li><a href='/news/{n}'>More of the day {n}</a></li>" for n in range(12))
    body = "".join(f"<p>{escape(each)}</p>" for each in text.paragraphs)
    return (
        f"<!doctype html><html lang='{LANGUAGES[number % 4]}'><head><meta charset='utf-8'>"
        f"<title>{escape(text.title)} | Courier {number}</title><style>{_STYLE}</style></head><body>"
        f"<header><nav><ul>{menu}</ul></nav></header><main><article><h1>{escape(text.title)}</h1>{body}</article></main>"
        f"<aside><h2>Read as well</h2><ul>{more}</ul></aside><footer>Courier {number}, all rights kept</footer>"
        "</body></html>"
    ).encode()


_MENU = ("home", "world", "business", "sport", "culture", "science", "weather", "opinion")
_STYLE = "\n".join(f".block-{n} {{ margin: {n}px auto; padding: {n}px; color: #33{n:02}55; }}" for n in range(40))
