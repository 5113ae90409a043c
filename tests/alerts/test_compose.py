"""The words of an alert: what each form holds, that it stays within limits, and that no headline can break out."""

import json
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.compose import render
from alerts.compose.card import card_of, range_of, timing
from alerts.compose.clean import line, link
from alerts.compose.email import subject
from alerts.compose.slack import escaped, units
from alerts.records import Alert, AlertsError, Edit, Fact, Moved, Quote, Source, Span, Target
from alerts.wording import days_words, kind_words

KINDS = ("email", "slack", "slack_webhook", "console")


def rendered(alert: Alert, kind: str, *, earlier: bool = False, delivery_id: str = "d1", **more: Any) -> bytes:
    target = Target("ops", kind, kind, more.pop("address", "ops@example.org"))
    more = {"domain": "parley.example", "sender": "Parley <alerts@parley.example>", **more}
    return render(alert, target, delivery_id=delivery_id, earlier=earlier, **more)


def mail(alert: Alert, **more: Any) -> EmailMessage:
    parsed = message_from_bytes(rendered(alert, "email", **more), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """The tags, links and words of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(message: EmailMessage) -> Page:
    body = message.get_body(("html",))
    assert body is not None
    return Page(body.get_content())


def blocks_text(alert: Alert, **more: Any) -> str:
    def strings(part: Any) -> list[str]:
        if isinstance(part, dict):
            return [text for name, value in part.items() if name != "type" for text in strings(value)]
        if isinstance(part, list):
            return [text for value in part for text in strings(value)]
        return [part] if isinstance(part, str) else []

    return "\n".join(strings(json.loads(rendered(alert, "slack", **more))["blocks"]))


def everything(alert: Alert, **more: Any) -> list[str]:
    """The four texts that people read, white space evened out."""
    message = mail(alert, **more)
    texts = [text_of(message), page_of(message).text, blocks_text(alert, **more)]
    texts.append(rendered(alert, "console", **more).decode())
    return [" ".join(text.split()) for text in texts]


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "Russia and Ukraine exchanged prisoners, 40 each",
        "New",
        "Prisoner exchange",
        "concluded",
        "17 May 2031 (reckoned from words like “yesterday”)",
        "Chernihiv region",
        "number 3 in the series spring-2031",
        "40 each; 80 in all; 40 from Russia to Ukraine",
        "Russia, Ukraine",
        "Forty prisoners came home from each side on Saturday.",
        "Both sides handed over 38 people.",
        "https://north.example/a?x=1",
        "North Wire",
        "Обмін: 40 на 40",
        "2 independent outlets, of 5 articles",
        "Published 17 May 2031 12:00, alerted 17 May 2031 12:04 UTC (4 min later)",
        "38–40 each",
        "40 each: North Wire; 38 each: South Post",
        "read:past-tense, policy:first_news",
        "ev7",
    ],
)
def test_every_form_says_what_an_alert_owes(alert: Alert, said: str) -> None:
    plain, page, posted, console = everything(alert)
    page += " ".join(page_of(mail(alert)).links)
    for text in (plain, page, posted, console):
        assert said in text


def test_each_fact_has_its_sentence_and_its_link(alert: Alert) -> None:
    page = page_of(mail(alert))
    assert {"https://north.example/a?x=1&y=2", "https://south.example/b"} <= set(page.links)
    posted = blocks_text(alert)
    assert "<https://south.example/b|South Post>" in posted
    assert "<https://north.example/a?x=1&amp;y=2|North Wire>" in posted


def test_a_sentence_that_several_facts_rest_on_is_printed_once(alert: Alert) -> None:
    twice = replace(alert, facts=(*alert.facts, replace(alert.facts[0], slot="date", value="17 May 2031")))
    for text in everything(twice):
        assert text.count("Forty prisoners came home") == 1


def test_an_update_says_what_changed_since_the_last_alert(alert: Alert) -> None:
    for text in everything(replace(alert, reason="corrected"), earlier=True):
        assert "Update: corrected" in text
        assert "Since the last alert" in text
        assert "How many: 38 each (South Post)" in text
        assert "You have been told of this event before" in text


def test_the_first_alert_of_an_event_compares_with_nothing(alert: Alert) -> None:
    for text in everything(alert):
        assert "Since the last alert" not in text
        assert "told of this event before" not in text


@pytest.mark.parametrize("reason", ["new", "advanced", "reversed", "corrected", "confirmed", "test"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_reason_renders_for_every_kind_with_nothing_but_what_must_be_there(
    alert: Alert, reason: Any, kind: str
) -> None:
    bare = replace(
        alert, reason=reason, date=None, place=None, ordinal=None, series=None, counts={}, parties=(), quotes=(),
        facts=(), since=(), rules=(), source=replace(alert.source, published=None, title=None),
    )  # fmt: skip
    assert "No publication time; seen 17 May 2031 12:02" in " ".join(
        (text_of(mail(bare)) if kind == "email" else rendered(bare, kind).decode()).split()
    )


def test_a_user_s_own_topic_is_named_in_words() -> None:
    assert kind_words("grain_corridor") == "Grain corridor"
    assert kind_words("grain_corridor", "extension of the grain deal") == "Extension of the grain deal"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2031, 5, 7), date(2031, 5, 7), "7 May 2031"),
        (date(2031, 5, 7), date(2031, 5, 9), "7–9 May 2031"),
        (date(2031, 5, 30), date(2031, 6, 2), "30 May – 2 June 2031"),
        (date(2031, 12, 30), date(2032, 1, 2), "30 December 2031 – 2 January 2032"),
    ],
)
def test_days_are_said_as_people_say_them(start: date, end: date, words: str) -> None:
    assert days_words(Span(start, end, "explicit")) == words


@pytest.mark.parametrize(
    ("late", "words"), [(0, "0 s"), (119, "119 s"), (600, "10 min"), (7500, "2 h 5 min"), (260_000, "3 d 0 h")]
)
def test_the_time_from_publication_to_alert_is_in_words(alert: Alert, late: int, words: str) -> None:
    published = alert.source.published
    assert published is not None
    assert timing(alert.source, published + timedelta(seconds=late)).endswith(f"({words} later)")


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["150 each"], "150 each"),
        (["157 each", "150 each"], "150–157 each"),
        (["157 each", "150 in all"], "157 each / 150 in all"),
        (["9 each", "10 each", "8 each"], "8–10 each"),
        (["Minsk", "Gomel"], "Minsk / Gomel"),
        (["1 from 2", "1 from 3"], "1 from 2 / 1 from 3"),
        ([f"place {n} {n}" for n in range(9)], " / ".join(f"place {n} {n}" for n in range(6)) + " / …"),
    ],
)
def test_differing_values_are_a_range_where_one_number_differs(values: list[str], shown: str) -> None:
    assert range_of(values) == shown


def test_a_disagreement_survives_the_cut_of_many_sources(alert: Alert) -> None:
    many = tuple(
        Fact("counts", "40 each", replace(alert.source, outlet=f"Outlet {n}", url=f"https://{n}.example/"))
        for n in range(500)
    )
    crowd = replace(alert, facts=(*many, alert.facts[1]))
    for text in everything(crowd):
        assert "South Post" in text
        assert "and 493 more" in text
        assert "38–40 each" in text


# --- mail -------------------------------------------------------------------------------------------------------------


def test_a_message_carries_the_headers_that_machines_need(alert: Alert) -> None:
    message = mail(alert)
    assert message["From"] == "Parley <alerts@parley.example>"
    assert message["To"] == "ops@example.org"
    assert message["Message-ID"] == "<d1@parley.example>"
    assert message["References"] == message["In-Reply-To"] == "<event-ev7@parley.example>"
    assert message["Date"].datetime == alert.decided
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"] == "Parley <parley.parley.example>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_all_messages_of_an_event_have_one_subject_and_one_root(alert: Alert) -> None:
    later = replace(
        alert, id="al2", reason="reversed", status="cancelled", title="Off", date=None, ordinal=9, parties=(), counts={}
    )
    first, second = mail(alert), mail(later, delivery_id="d2", earlier=True)
    assert first["Subject"] == second["Subject"]
    assert first["Subject"].startswith("[parley] Prisoner exchange, russia-ukraine (")
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


def test_two_events_have_two_subjects(alert: Alert) -> None:
    assert mail(alert)["Subject"] != mail(replace(alert, event_id="ev8"))["Subject"]


def test_without_a_sender_the_domain_gives_one(alert: Alert) -> None:
    assert mail(alert, sender=None)["From"] == "Parley <parley@parley.example>"


def test_the_page_loads_nothing_and_runs_nothing(alert: Alert) -> None:
    page = page_of(mail(alert))
    assert not {"img", "script", "link", "iframe", "form", "object"} & set(page.tags)
    assert not {"src", "onclick", "onload", "background"} & page.attributes
    assert all(link.startswith(("http://", "https://")) for link in page.links)
    assert "url(" not in rendered(alert, "email").decode()


@pytest.mark.parametrize("wrong", [{"domain": "no domain"}, {"domain": "a\r\nBcc: x@example.org"}, {"domain": ""},
                                   {"address": "nobody"}, {"address": "a@b@c"}, {"address": "ü@example.org"},
                                   {"sender": "x"}])  # fmt: skip
def test_an_address_that_mail_cannot_carry_is_named(alert: Alert, wrong: dict[str, str]) -> None:
    with pytest.raises(AlertsError):
        rendered(alert, "email", **wrong)


def test_an_unknown_kind_of_channel_is_named(alert: Alert) -> None:
    with pytest.raises(AlertsError, match="'pigeon'"):
        rendered(alert, "pigeon")


def test_an_odd_id_still_gives_a_valid_message_id(alert: Alert) -> None:
    for odd in ("a b", "x" * 300, "..", "<evil@x>", "a\r\nBcc: y", "", "дім"):
        message = mail(replace(alert, event_id=odd), delivery_id=odd)
        assert re.fullmatch(r"<[A-Za-z0-9._-]+@parley\.example>", message["Message-ID"])
        assert re.fullmatch(r"<event-[A-Za-z0-9._-]+@parley\.example>", message["References"])


# --- Slack ------------------------------------------------------------------------------------------------------------


def test_a_post_has_a_text_a_header_and_the_id_to_know_it_by(alert: Alert) -> None:
    body = json.loads(rendered(alert, "slack"))
    assert body["blocks"][0]["type"] == "header"
    assert body["blocks"][0]["text"] == {"type": "plain_text", "text": alert.title, "emoji": False}
    assert (body["unfurl_links"], body["unfurl_media"], body["mrkdwn"]) == (False, False, False)
    assert body["metadata"]["event_payload"] == {"delivery_id": "d1", "event_id": "ev7", "reason": "new"}
    assert alert.title in body["text"]
    assert "2 independent outlets" in body["text"]


@pytest.mark.parametrize(
    ("reason", "broadcast"),
    [("new", False), ("advanced", True), ("reversed", True), ("corrected", False), ("confirmed", False)],
)
def test_only_what_interrupts_leaves_its_thread(alert: Alert, reason: Any, broadcast: bool) -> None:
    assert json.loads(rendered(replace(alert, reason=reason), "slack"))["reply_broadcast"] is broadcast


def test_a_long_line_stands_whole_below_the_header(alert: Alert) -> None:
    title = "word " * 50 + "end"
    blocks = json.loads(rendered(replace(alert, title=title), "slack"))["blocks"]
    assert blocks[1]["text"]["text"] == title
    assert units(blocks[0]["text"]["text"]) <= 150


def test_a_post_with_too_much_to_say_is_cut_and_says_so(alert: Alert) -> None:
    many = tuple(
        Fact(
            slot,
            f"{n}",
            replace(alert.source, url=f"https://{slot}{n}.example/"),
            Quote("text", f"{n} {'&' * size}", 0, 1),
        )
        for size, slots in ((500, ("status", "date")), (5, ("status", "ordinal", "counts", "mine")))
        for slot in slots
        for n in range(8)
    )
    for facts in (many[:16], many[16:]):
        blocks = json.loads(rendered(replace(alert, facts=facts), "slack"))["blocks"]
        assert len(blocks) <= 50
        assert units(json.dumps(blocks, ensure_ascii=False)) <= 13_200 + 50 * len(blocks)
        said = [block["elements"][0]["text"] for block in blocks if block["type"] == "context"]
        assert any("There is more" in text for text in said)
        assert any("(4 min later)" in text for text in said)
        assert said[-1] == "Watch russia-ukraine, event ev7"
        texts = [
            text["text"] for block in blocks for text in (block.get("elements") or [block.get("text", {"text": ""})])
        ]
        assert sum(units(text) for text in texts) <= 12_000


@given(text=st.text(), limit=st.integers(1, 200))
def test_escaping_cuts_no_entity_and_keeps_the_limit(text: str, limit: int) -> None:
    result = escaped(text, limit)
    assert units(result) <= limit
    assert "<" not in result
    assert ">" not in result
    assert re.sub(r"&(amp|lt|gt);", "", result).count("&") == 0


# --- hostile text -----------------------------------------------------------------------------------------------------

HOSTILE = [
    "<!channel> <!here> <@U1> <#C1> <https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```block``` :skull:",
    "Subject: x\r\nBcc: victim@example.org\r\n\r\nbody",
    "<script>alert(1)</script><img src=x onerror=y>",
    "{{ 7*7 }} {% raw %} &amp; &lt;",
    "\u202egnp.exe\u202c \u0000\u0007\ud800 \u2028line\u2029para",
    "עברית العربية 👩‍👩‍👧‍👦 🇺🇦",
    "A" * 100_000,
    "&<>" * 40_000,
    ".\r\n.\r\nQUIT",
    "--=_parley_",
    "",
]
SEEDS = st.one_of(st.sampled_from(HOSTILE), st.text(), st.text(alphabet="<>&!@#|*_~`\r\n\t\"' {}%=-.", max_size=80))
URLS = st.one_of(
    st.sampled_from(
        ["javascript:alert(1)", "data:text/html,x", "https://a.example/|>x<!channel>", "http://[", "ftp://x", "",
         'https://a.example/" onclick="x', "https://" + "a" * 5000 + ".example", "HTTPS://A.example/ü?q=<b>",
         "https://a.example/\r\nBcc: x"]
    ),
    st.text(),
    st.text().map(lambda tail: "https://a.example/" + tail),
)  # fmt: skip


@st.composite
def hostile_alerts(draw: st.DrawFn) -> Alert:
    """Alerts whose every string from outside is whatever Hypothesis can think of."""
    noon = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)

    def source() -> Source:
        published = draw(st.sampled_from([None, noon]))
        return Source(draw(URLS), draw(st.none() | SEEDS), draw(SEEDS), "family", published, noon)

    def quote() -> Quote:
        return Quote("text", draw(SEEDS), 0, 1)

    def facts() -> tuple[Fact, ...]:
        count = draw(st.integers(0, 6))
        slots = st.sampled_from(["status", "date", "place", "ordinal", "counts", "mine"])
        return tuple(Fact(draw(slots), draw(SEEDS), source(), quote()) for _ in range(count)) * draw(
            st.sampled_from([1, 1, 60])
        )

    return Alert(
        id="al", reason=draw(st.sampled_from(["new", "advanced", "reversed", "corrected", "confirmed", "test"])),
        watch=draw(SEEDS), kind=draw(SEEDS), status=draw(SEEDS), event_id=draw(SEEDS), title=draw(SEEDS),
        date=draw(st.none() | st.just(Span(noon.date(), noon.date(), "explicit"))), place=draw(st.none() | SEEDS),
        ordinal=draw(st.none() | st.integers(0, 10**6)), series=draw(st.none() | SEEDS),
        counts=draw(st.dictionaries(st.sampled_from(["each", "total", "A->B"]), st.integers(0, 10**9))),
        parties=tuple(draw(st.lists(SEEDS, max_size=3))), source=source(),
        quotes=tuple(quote() for _ in range(draw(st.integers(0, 3)))), articles=draw(st.integers(1, 1000)),
        families=draw(st.integers(1, 100)), rules=tuple(draw(st.lists(SEEDS, max_size=4))), decided=noon,
        facts=facts(), since=facts(),
    )  # fmt: skip


SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
HEADERS = {
    "from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "list-id", "x-parley-reason", "mime-version", "content-type",
}  # fmt: skip


@SLOW
@given(alert=hostile_alerts())
def test_no_text_from_outside_can_add_a_header_or_a_part_to_a_message(alert: Alert) -> None:
    raw = rendered(alert, "email")
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert {name.lower() for name in message} == HEADERS
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert max(len(row) for row in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert len(raw) < 400_000
    assert raw == rendered(alert, "email")


TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "table", "tr", "td", "blockquote", "a",
    "ul", "li", "strong", "br", "span",
}  # fmt: skip


@SLOW
@given(alert=hostile_alerts())
def test_no_text_from_outside_can_add_markup_to_the_page(alert: Alert) -> None:
    page = page_of(mail(alert))
    assert set(page.tags) <= TAGS
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "style", "role", "href"}
    assert all(re.match(r"https?://", link, re.IGNORECASE) for link in page.links)


@SLOW
@given(alert=hostile_alerts())
def test_no_text_from_outside_can_call_people_or_break_the_limits_of_slack(alert: Alert) -> None:
    body = json.loads(rendered(alert, "slack"))
    assert 0 < units(body["text"]) <= 3000
    assert "<" not in body["text"]
    blocks = body["blocks"]
    assert 0 < len(blocks) <= 50
    total = 0
    for block in blocks:
        texts = block.get("elements") or [block["text"]] if block["type"] != "divider" else []
        assert len(texts) <= 10
        for text in texts:
            assert 0 < units(text["text"]) <= (150 if block["type"] == "header" else 3000)
            total += units(text["text"])
            calls = re.findall(r"<[^>]*>", text["text"])
            if text["type"] == "plain_text":
                assert calls == []
            assert all(re.fullmatch(r"<https?://[^<>|\s]+\|[^<>|]*>", call, re.IGNORECASE) for call in calls)
            assert text["text"].count("<") == text["text"].count(">") == len(calls)
    assert total <= 12_000


@SLOW
@given(alert=hostile_alerts())
def test_plain_text_holds_no_control_characters(alert: Alert) -> None:
    for character in rendered(alert, "console").decode():
        assert character == "\n" or not (ord(character) < 32 or 0x7F <= ord(character) < 0xA0)
        assert character not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"


@given(text=st.text(), limit=st.integers(1, 300))
def test_a_cleaned_line_is_one_line_within_its_limit_and_stays_as_it_is(text: str, limit: int) -> None:
    once = line(text, limit)
    assert len(once) <= limit
    assert not re.search(r"[\r\n\t\x00-\x1f\x7f-\x9f\u2028\u2029]", once)
    assert line(once, limit) == once


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/b?c=d&e=f#g", "https://a.example/b?c=d&e=f#g"),
        (" https://a.example/x y\n", "https://a.example/x%20y"),
        ("https://a.example/|<>\"", "https://a.example/%7C%3C%3E%22"),
        ("https://a.example/%D0%B0", "https://a.example/%D0%B0"),
        ("javascript:alert(1)", None),
        ("//a.example", None),
        ("https://", None),
        ("http://[x", None),
    ],
)  # fmt: skip
def test_only_whole_http_addresses_become_links(url: str, safe: str | None) -> None:
    assert link(url) == safe


# --- the same bytes everywhere ----------------------------------------------------------------------------------------

_PROGRAM = """
import sys, pickle, hashlib
sys.path.insert(0, sys.argv[1])
from alerts.compose import render
from alerts.records import Target
alert = pickle.load(sys.stdin.buffer)
for kind in ("email", "slack", "slack_webhook", "console"):
    target = Target("ops", kind, kind, "ops@example.org")
    payload = render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=True)
    print(hashlib.sha256(payload).hexdigest())
"""


def test_the_bytes_are_the_same_in_any_process_with_any_hash_seed(alert: Alert) -> None:
    root = Path(sys.modules[Alert.__module__].__file__ or "").parents[1]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(root)],
            input=pickle.dumps(alert),
            env={"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"))
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 4


def test_the_subject_is_made_of_what_never_changes(alert: Alert) -> None:
    same = {
        subject(card_of(each, earlier=False))
        for each in (alert, replace(alert, title="x", parties=(), facts=(), quotes=()))
    }
    assert len(same) == 1


# --- a new version of the article -------------------------------------------------------------------------------------

OLD = Quote("text", "Thirty prisoners came home from each side on Saturday.", 0, 54)
CHANGED = Edit(OLD, Quote("text", "Forty prisoners came home from each side on Saturday.", 0, 53), (
    Moved("counts", "30 each", "40 each"),
))  # fmt: skip
TAKEN_BACK = Edit(OLD, None, (Moved("status", "concluded", None),), gone=True)


def test_both_sentences_of_an_edited_article_stand_side_by_side_everywhere(alert: Alert) -> None:
    for text in everything(replace(alert, reason="corrected", edits=(CHANGED,))):
        assert "The article has changed" in text
        assert "How many: 30 each → 40 each" in text
        old, new = text.find("old:"), text.find("new:")
        assert 0 < old < new
        assert text.count("“Thirty prisoners came home from each side on Saturday.”") == 1
        assert text.count("Forty prisoners came home from each side on Saturday.") == 1


def test_what_an_article_no_longer_says_is_told_without_a_sentence_of_its_own(alert: Alert) -> None:
    gone = replace(alert, reason="corrected", edits=(TAKEN_BACK,), quotes=(), facts=(), rules=("withdrawn",))
    for text in everything(gone):
        assert "The article was withdrawn" in text
        assert "Thirty prisoners came home" in text
        assert "no longer says so" in text
        assert "It says" not in text


def test_the_sentences_are_fields_of_one_section_for_slack(alert: Alert) -> None:
    body = json.loads(rendered(replace(alert, reason="corrected", edits=(CHANGED, TAKEN_BACK)), "slack"))
    pairs = [block["fields"] for block in body["blocks"] if "fields" in block]
    assert [[part["type"] for part in pair] for pair in pairs] == [["plain_text"] * 2] * 2
    assert "old: “Thirty" in body["text"]


def test_sentences_of_any_length_and_number_fit_a_slack_message(alert: Alert) -> None:
    long = Edit(replace(OLD, text="ж" * 9000), replace(OLD, text="<&>" * 3000), CHANGED.moved * 5)
    edits = tuple(replace(long, old=replace(OLD, text=f"{n} " + "ж" * 9000)) for n in range(40))
    blocks = json.loads(rendered(replace(alert, edits=edits), "slack"))["blocks"]
    assert len(blocks) <= 50
    assert units(json.dumps(blocks, ensure_ascii=False)) <= 13_200 + 50 * len(blocks)
    assert all(units(part["text"]) <= 2000 for block in blocks for part in block.get("fields", ()))


def test_the_page_of_an_edit_runs_nothing(alert: Alert) -> None:
    hostile = Edit(replace(OLD, text="<script>x</script>"), replace(OLD, text="<img src=x>"), ())
    assert {"script", "img"}.isdisjoint(page_of(mail(replace(alert, edits=(hostile,)))).tags)
