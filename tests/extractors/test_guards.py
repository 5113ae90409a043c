"""Pages that stand in the way of an article, told from articles. All pages and words here are made up."""

import pytest

from extractors.article import extract
from extractors.guards import is_challenge, is_consent, is_stub

STORY = "Delegations of the two countries met in the morning and spoke for three hours about a list of names. " * 8
PAID = """<script type='application/ld+json'>{"@type": "NewsArticle", "isAccessibleForFree": false}</script>"""
NEWS = f"<html><head><title>Delegations met</title></head><body><article><p>{STORY}</p></article>%s</body></html>"


def page(title: str, *paragraphs: str, head: str = "", rest: str = "") -> bytes:
    body = "".join(f"<p>{each}</p>" for each in paragraphs)
    return (
        f"<html><head><title>{title}</title>{head}</head><body><main><h1>{title}</h1>{body}</main>{rest}</body></html>"
    ).encode()


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Just a moment...", "Enable JavaScript and cookies to continue with your visit to this site, please."),
        ("Attention Required!", "One more step is needed before you reach the newsroom's site today."),
        ("news.example", "Verifying you are human. This may take a few seconds, we are sorry for the wait."),
        ("Access denied", "Your request was refused by the rules of this site; the number of the case is 18.4f."),
        ("Проверка браузера", "Проверяем ваш браузер перед переходом на сайт, это займёт несколько секунд."),
        ("Зачекайте", "Перевіряємо ваш браузер перед тим, як показати сторінку, це триватиме кілька секунд."),
        ("Lütfen bekleyin", "Güvenlik doğrulaması yapılıyor, sayfa birkaç saniye içinde açılacaktır, bekleyiniz."),
    ],
)
def test_a_challenge_is_named(title: str, words: str) -> None:
    read = extract(page(title, words), "https://news.example/1")
    assert (read.problem, read.text) == ("challenge page", "")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Before you continue", "We and our partners use cookies to measure and personalise advertising. Accept all, "
         "reject all, or choose; your consent may be withdrawn under privacy."),
        ("Перед тем как перейти", "Мы и наши партнёры используем файлы cookie для рекламы. Принять все или отклонить "
         "все; согласие можно отозвать в разделе о конфиденциальности."),
        ("Ми цінуємо вашу приватність", "Ми та наші партнери використовуємо файли cookie для реклами. Прийняти все чи "
         "відхилити все: згоду можна відкликати."),
        ("Devam etmeden önce", "Biz ve iş ortaklarımız reklam için çerez kullanıyoruz. Tümünü kabul et veya reddet; "
         "gizlilik sayfasında onay geri alınabilir."),
    ],
)  # fmt: skip
def test_a_request_for_consent_is_named(title: str, words: str) -> None:
    assert extract(page(title, words), "https://news.example/1").problem == "consent page"


def test_what_was_found_at_a_host_for_consent_is_one() -> None:
    assert extract(page("Portal", STORY), "https://consent.example.com/collect?continue=x").problem == "consent page"


@pytest.mark.parametrize(
    "rest",
    [
        "<div id='cookie'>We and our partners use cookies. Accept all. Reject all. Privacy. Consent.</div>",
        "<script src='/captcha.js'></script><div class='g-recaptcha'></div>",
        "<script>window.cf = 'challenge-platform'</script>",
        "<footer>Subscribe now to our letter</footer>",
    ],
)
def test_a_news_page_with_such_furniture_is_none_of_them(rest: str) -> None:
    read = extract((NEWS % rest).encode(), "https://news.example/1")
    assert read.problem is None
    assert read.text.startswith("Delegations of the two countries")
    assert not read.stub


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Access denied to camps, Red Cross says", "The Red Cross says that access has been denied to its delegates."),
        ("Talks end", "The delegations ended their talks in Istanbul on Friday and will meet again next week."),
        (
            "Обмен пленными",
            "Стороны провели обмен пленными в пятницу, домой вернулись двести человек с каждой стороны.",
        ),
    ],
)
def test_a_short_report_is_an_article(title: str, text: str) -> None:
    assert not is_challenge(title, text, f"<p>{text}</p>")
    assert not is_consent(title, text, "https://news.example/1")
    assert not is_stub(text, paid=False, walled=False)


@pytest.mark.parametrize(
    "head",
    [
        "<meta property='og:type' content='article'>",
        '<script type=\'application/ld+json\'>{"@type":"NewsArticle"}</script>',
    ],
)
def test_a_flash_with_a_captcha_for_its_comments_is_an_article(head: str) -> None:
    words = "Two hundred prisoners came home on Friday, the ministry says."
    form = "<form id='comments'><div class='g-recaptcha'></div></form>"
    read = extract(page("Exchange", words, head=head, rest=form), "https://news.example/1")
    assert read.problem is None
    assert read.text.endswith(words)


@pytest.mark.parametrize(
    ("head", "rest", "end"),
    [
        (PAID, "", ""),
        (PAID.replace('"isAccessibleForFree": false', '"hasPart": [{"isAccessibleForFree": "False"}]'), "", ""),
        ("", "<div class='article-paywall'>offer</div>", ""),
        ("", "", "Subscribe to continue reading this report."),
        ("", "", "Материал доступен только по подписке."),
        ("", "", "Повний текст доступний лише передплатникам."),
        ("", "", "Haberin devamını okumak için giriş yapın."),
    ],
)  # fmt: skip
def test_the_beginning_of_a_paid_article_is_known_as_such(head: str, rest: str, end: str) -> None:
    lead = "The delegations met in Istanbul on Friday and agreed to exchange a thousand prisoners each. "
    read = extract(page("Talks", lead * 2 + end, head=head, rest=rest), "https://news.example/1")
    assert read.problem is None
    assert read.stub
    assert read.text


def test_a_whole_article_is_no_beginning_whatever_its_page_says() -> None:
    head = '<script type=\'application/ld+json\'>{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
    assert not extract(
        page("Talks", STORY, STORY.replace("morning", "evening"), head=head), "https://news.example/1"
    ).stub
