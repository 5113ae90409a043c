import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.forms import forms

HAS = [
    ("ru", "person", "Умеров", "Умерова Умерову Умеровым Умерове"),
    ("ru", "person", "Владимир Мединский", "Мединского Мединскому Мединским Мединском Владимира_Мединского"),
    ("ru", "person", "Дмитрий Песков", "Пескова Дмитрию_Пескову Дмитрием_Песковым"),
    ("ru", "person", "Андрей Ермак", "Ермака Андрея_Ермака Андреем_Ермаком"),
    ("ru", "person", "Игорь Костюков", "Игоря_Костюкова"),
    ("ru", "person", "Хакан Фидан", "Фидана Фиданом Хакану_Фидану"),
    ("ru", "person", "Павел Зубов", "Павла_Зубова"),
    ("ru", "place", "Стамбул", "Стамбула Стамбуле Стамбулом Стамбулу"),
    ("ru", "place", "Киев", "Киева Киеве Киевом"),
    ("ru", "place", "Женева", "Женевы Женеве Женеву Женевой"),
    ("ru", "place", "Гомель", "Гомеля Гомеле Гомелю"),
    ("ru", "place", "Саудовская Аравия", "Саудовской_Аравии Саудовскую_Аравию"),
    ("ru", "party", "Россия", "России Россию Россией"),
    ("ru", "party", "Кремль", "Кремля Кремлю Кремлём Кремле"),
    ("ru", "people", "российский", "российского российских российской российскими"),
    ("ru", "people", "россиянин", "россиян россиянам россиянина"),
    ("ru", "people", "украинец", "украинцы украинцев украинца украинцам"),
    ("ru", "people", "русские", "русских русским русскими"),
    ("ru", "body", "Координационный штаб по обращению", "Координационного_штаба_по_обращению"),
    ("ru", "party", "Объединенные Арабские Эмираты", "Объединенных_Арабских_Эмиратов Объединенным_Арабским_Эмиратам"),
    ("uk", "person", "Рустем Умєров", "Умєрова Умєрову Умєровим Умєрові Рустемом_Умєровим"),
    ("uk", "person", "Мединський", "Мединського Мединському Мединським"),
    ("uk", "person", "Андрій Єрмак", "Єрмака Андрія_Єрмака Андрієм_Єрмаком"),
    ("uk", "person", "Порошенко", "Порошенка Порошенком Порошенку"),
    ("uk", "person", "Кислиця", "Кислиці Кислицю Кислицею"),
    ("uk", "place", "Стамбул", "Стамбулі Стамбула Стамбулом Стамбулу"),
    ("uk", "place", "Київ", "Києва Києві Києвом Києву"),
    ("uk", "place", "Львів", "Львова Львові Львовом"),
    ("uk", "place", "Мінськ", "Мінська Мінську Мінськом"),
    ("uk", "place", "Женева", "Женеві Женеву Женеви"),
    ("uk", "party", "Росія", "Росії Росію Росією"),
    ("uk", "party", "Україна", "України Україні Україну Україною"),
    ("uk", "people", "росіянин", "росіян росіяни росіянам"),
    ("uk", "people", "українець", "українці українців українцям"),
    ("uk", "people", "російський", "російського російські російських російською"),
    ("tr", "people", "Rus", "Ruslar Rusların Ruslara Rusları"),
    ("tr", "people", "Ukraynalı", "Ukraynalının Ukraynalılar Ukraynalıların Ukraynalıya"),
    ("tr", "body", "Savunma Bakanlığı", "Savunma_Bakanlığının Savunma_Bakanlığına Savunma_Bakanlığından"),
    ("tr", "place", "İstanbul", "İstanbulda İstanbuldan"),
    ("tr", "person", "Zelenskiy", "Zelensky Zelenski"),
    ("en", "person", "Volodymyr Zelenskyy", "Zelensky Zelenskiy Zelenski Zelenskyi Volodymyr_Zelensky"),
    ("en", "person", "Vladimir Medinsky", "Medinskiy Medinskyi Medinski"),
    ("en", "person", "Rustem Umerov", "Umerov Umierov Umyerov Rustem_Umierov"),
    ("en", "person", "David Arakhamia", "Arakhamia Arahamia"),
    ("en", "person", "Yermak", "Ermak Iermak"),
    ("en", "people", "Ukrainian", "Ukrainians"),
]


@pytest.mark.parametrize(("code", "kind", "base", "expected"), HAS)
def test_the_forms_that_texts_use_are_generated(code: str, kind, base: str, expected: str) -> None:
    missing = {form.replace("_", " ") for form in expected.split()} - forms(base, code, kind)
    assert missing == set()


@pytest.mark.parametrize(
    ("code", "kind", "base"),
    [
        ("ru", "place", "Абу-Даби"),
        ("uk", "place", "Абу-Дабі"),
        ("ru", "party", "США"),
        ("uk", "party", "РФ"),
        ("ru", "person", "Зеленски"),
    ],
)
def test_what_does_not_decline_stays_as_it_is(code: str, kind, base: str) -> None:
    assert forms(base, code, kind) == {base}


def test_a_person_is_known_by_the_surname_but_a_single_word_by_itself() -> None:
    assert "Умеров" in forms("Рустем Умеров", "ru", "person")
    assert "Рустем" not in forms("Рустем Умеров", "ru", "person")
    assert "Umerov" in forms("Rustem Umerov", "en", "person")
    assert "Palace" not in forms("Ciragan Palace", "en", "place")


@pytest.mark.parametrize(
    ("code", "kind", "base", "word"),
    [
        ("ru", "person", "Умеров", "Умер"),
        ("uk", "person", "Умєров", "Умер"),
        ("ru", "person", "Песков", "Песок"),
        ("ru", "person", "Фидан", "Фид"),
        ("uk", "place", "Київ", "Ки"),
        ("en", "person", "Lee", "Li"),
    ],
)
def test_no_form_is_another_word(code: str, kind, base: str, word: str) -> None:
    assert word not in forms(base, code, kind)


@given(
    st.text(),
    st.sampled_from(["en", "uk", "ru", "tr", "de"]),
    st.sampled_from(["party", "people", "person", "place", "body", "other"]),
)
def test_any_base_has_its_own_form_and_none_is_empty(base: str, code: str, kind) -> None:
    found = forms(base, code, kind)
    assert all(form.strip() for form in found)
    assert base in found or not base.split()


@given(st.text(alphabet="абвгдеийклмнопрстуяьїєі", min_size=4, max_size=12), st.sampled_from(["uk", "ru"]))
def test_no_form_loses_more_than_an_ending(base: str, code: str) -> None:
    assert all(form[: len(base) - 3] == base[: len(base) - 3] for form in forms(base, code, "place"))
