"""The words of an alert: what each form holds, that it stays within limits, and that no headline can break out."""

import json
import pickle
import re
import shlex
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from slack_sdk.models.blocks import ContextBlock, HeaderBlock, SectionBlock

from alerts.compose import render
from alerts.compose.blocks import escaped, units
from alerts.compose.card import range_of
from alerts.compose.clean import line, link
from alerts.compose.email import thread_index
from alerts.compose.times import moment, timing
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
        return " ".join("".join(self.words).split())


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
        "Published 17 May 2031 12:00, alerted 12:04 (UTC), 4 min later",
        "40 from Russia to Ukraine — told as 38–40 each",
        "40 each: North Wire",
        "38 each: South Post",
        "read:past-tense, policy:first_news",
        "ev7",
        "Concluded · Third prisoner exchange, Russia–Ukraine, Chernihiv region",
        "parley ack ev7",
        'parley mute --event ev7 --for 7d --comment "..."',
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


def test_a_headline_is_a_sentence_of_its_own_only_where_nothing_else_tells(alert: Alert) -> None:
    title = Quote("title", "Forty swapped at dawn", 0, 21)
    source = replace(alert.source, title=title.text)
    for text in everything(replace(alert, source=source, quotes=(title, *alert.quotes))):
        assert "“Forty swapped at dawn”" not in text
        assert "Forty swapped at dawn" in text
    for text in everything(replace(alert, source=source, quotes=(title,), facts=())):
        assert "“Forty swapped at dawn”" in text


def test_a_conflict_is_shown_beside_what_the_event_stands_at_and_does_not_repeat_it(alert: Alert) -> None:
    facts = (Fact("place", "Istanbul", alert.source), Fact("place", "Ankara", alert.facts[1].source))
    for text in everything(replace(alert, place="Istanbul", facts=facts)):
        assert "Istanbul — also told as Ankara" in text


def test_what_an_edit_shows_is_not_told_as_a_change_once_more(alert: Alert) -> None:
    fact = Fact("counts", "40 each", alert.source)
    for text in everything(replace(alert, reason="corrected", edits=(CHANGED,), since=(fact,)), earlier=True):
        assert "How many: 30 each → 40 each" in text
        assert "Since the last alert" not in text


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


@pytest.mark.parametrize("reason", ["new", "advanced", "reversed", "corrected", "confirmed"])
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
    ("late", "words"), [(0, "0 s"), (119, "2 min"), (600, "10 min"), (7500, "2 h 5 min"), (260_000, "3 d")]
)
def test_the_time_from_publication_to_alert_is_in_words(alert: Alert, late: int, words: str) -> None:
    published = alert.source.published
    assert published is not None
    assert timing(alert.source, published + timedelta(seconds=late)).endswith(f", {words} later")


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
        assert re.search(r"and 49[36] more", text)  # of 501, eight are shown, on Slack five
        assert "40 each: Outlet 0, Outlet 1, Outlet 2 and 497 more; 38 each: South Post" in text


def test_what_only_the_alerts_own_article_tells_is_not_told_twice(alert: Alert) -> None:
    alone = replace(alert, facts=(alert.facts[0], replace(alert.facts[0], slot="status", value="concluded")))
    for text in everything(alone):
        assert "Who says what" not in text
        assert "Forty prisoners came home" in text


def test_a_note_for_one_recipient_stands_at_the_top(alert: Alert) -> None:
    words = "Sent to you because the mail to desk was not accepted within 30 min"
    for text in everything(alert, note=words):
        assert text.index(words) < text.index("2 independent outlets")


def test_how_it_stands_is_what_a_phone_shows_first(alert: Alert) -> None:
    head = "Concluded · Third prisoner exchange, Russia–Ukraine, Chernihiv region"
    message = mail(alert)
    assert text_of(message).startswith(head)
    body = message.get_body(("html",))
    assert body is not None
    (preview,) = html.document_fromstring(body.get_content()).xpath("//body/div[contains(@style, 'display:none')]")
    assert preview.text_content() == f"{head} — {alert.title}"
    changed = mail(replace(alert, reason="corrected")).get_body(("html",))
    assert changed is not None
    assert f"{head} — How many: 38 each (South Post)" in changed.get_content()


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Kyiv", "Published 17 May 2031 15:00, alerted 15:04 (Europe/Kyiv), 4 min later"),
        ("Pacific/Kiritimati", "Published 18 May 2031 02:00, alerted 02:04 (Pacific/Kiritimati), 4 min later"),
        ("America/New_York", "Published 17 May 2031 08:00, alerted 08:04 (America/New_York), 4 min later"),
    ],
)
def test_times_are_the_readers(alert: Alert, zone: str, words: str) -> None:
    for text in everything(alert, zone=ZoneInfo(zone)):
        assert words in text
        assert f"North Wire, {words[22:27]}" in text
        assert "12:0" not in text


def test_an_hour_that_comes_twice_is_told_with_its_offset() -> None:
    kyiv = ZoneInfo("Europe/Kyiv")
    twice = [moment(datetime(2031, 10, 26, hour, 30, tzinfo=UTC), kyiv) for hour in (0, 1, 2)]
    assert [each.removeprefix("26 October 2031 ") for each in twice] == ["03:30 UTC+0300", "03:30 UTC+0200", "04:30"]


def test_a_command_can_be_pasted_whatever_the_id_is(alert: Alert) -> None:
    odd = "a b'; rm -rf /; $(x)"
    lines = text_of(mail(replace(alert, event_id=odd))).splitlines()
    commands = [shlex.split(line.partition(": ")[2]) for line in lines if ": parley " in line]
    assert commands == [["parley", "ack", odd], ["parley", "mute", "--event", odd, "--for", "7d", "--comment", "..."]]


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


def later(alert: Alert, reason: Any = "corrected", **changes: Any) -> Alert:
    """An alert of the same event two hours on, of which everything may have changed."""
    return replace(
        alert, id="al2", reason=reason, title="Off", date=None, ordinal=9, parties=(), counts={}, place="Elsewhere",
        decided=alert.decided + timedelta(hours=2), **changes,
    )  # fmt: skip


THREADING = ("Subject", "References", "In-Reply-To", "Thread-Topic")


@pytest.mark.parametrize("reason", ["advanced", "corrected", "confirmed"])
def test_all_messages_of_an_event_thread_in_gmail_outlook_and_apple_mail(alert: Alert, reason: Any) -> None:
    first = mail(alert)
    second = mail(later(alert, reason), delivery_id="d2", earlier=True, opened=alert)
    assert [first[name] for name in THREADING] == [second[name] for name in THREADING]
    assert first["Subject"] == "Third prisoner exchange, Russia–Ukraine #50a9"
    assert first["Message-ID"] != second["Message-ID"]
    assert b64decode(second["Thread-Index"])[:22] == b64decode(first["Thread-Index"])


def test_a_reversal_has_a_subject_of_its_own_and_stays_in_the_thread(alert: Alert) -> None:
    first = mail(alert)
    off = mail(later(alert, "reversed", status="postponed"), delivery_id="d2", earlier=True, opened=alert)
    after = mail(later(alert, status="postponed"), delivery_id="d3", earlier=True, opened=alert)
    assert off["Subject"] == "POSTPONED: Third prisoner exchange, Russia–Ukraine #50a9"
    assert [off[name] for name in THREADING[1:]] == [first[name] for name in THREADING[1:]]
    assert [after[name] for name in THREADING] == [first[name] for name in THREADING]


def test_two_events_have_two_subjects_and_two_threads(alert: Alert) -> None:
    one, other = mail(alert), mail(replace(alert, event_id="ev8"))
    for name in (*THREADING, "Thread-Index"):
        assert one[name] != other[name]


def test_outlooks_index_is_a_filetime_an_id_and_how_much_later() -> None:
    """[MS-OXOMSG] 2.2.1.3: the 100 ns since 1601, cut to six bytes; later ones in units of 2^18 or 2^23 of them."""
    noon = datetime(2031, 5, 17, 12, 0, tzinfo=UTC)
    root = b64decode(thread_index("ev7", noon, noon))
    seconds = (int.from_bytes(root[:6], "big") << 16) / 10**7
    assert len(root) == 22
    assert abs((noon - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() - seconds) < 0.01
    for days, unit in ((1, 18), (700, 23)):
        child = b64decode(thread_index("ev7", noon, noon + timedelta(days=days)))
        assert child[:22] == root
        scale, delta = child[22] >> 7, int.from_bytes(child[22:26], "big") & 0x7FFFFFFF
        assert (len(child), scale) == (27, unit == 23)
        assert abs((delta << unit) / 10**7 - days * 86400) < 1
    assert b64decode(thread_index("ev7", noon, noon - timedelta(days=1))) == root  # a clock that was set back


def test_outlooks_index_has_the_times_where_outlook_has_them() -> None:
    """An index as Outlook wrote it for a mail of 16 July 2018 07:40:00.28 and its answer 14:03:22.548 later."""
    theirs = b64decode("AdQc2DN7rLoS3hgnE/O76rpFzxN/EwAddF4A")
    began = datetime(2018, 7, 16, 7, 40, 0, 279_962, tzinfo=UTC)
    later = began + timedelta(hours=14, minutes=3, seconds=22, microseconds=547_610)
    ours = b64decode(thread_index("ev7", began, later))
    assert (ours[:6], ours[22:]) == (theirs[:6], theirs[22:])


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
    head = "Concluded · Third prisoner exchange, Russia–Ukraine, Chernihiv region"
    assert body["blocks"][0]["text"] == {"type": "plain_text", "text": head, "emoji": False}
    assert body["text"].startswith(head)
    assert (body["unfurl_links"], body["unfurl_media"], body["mrkdwn"]) == (False, False, False)
    assert body["metadata"]["event_payload"] == {"delivery_id": "d1", "event_id": "ev7", "reason": "new"}
    assert alert.title in body["text"]
    assert "2 independent outlets" in body["text"]


@pytest.mark.parametrize(
    ("reason", "broadcast"),
    [("new", False), ("advanced", False), ("reversed", True), ("corrected", False), ("confirmed", False)],
)
def test_only_a_reversal_leaves_its_thread(alert: Alert, reason: Any, broadcast: bool) -> None:
    assert json.loads(rendered(replace(alert, reason=reason), "slack"))["reply_broadcast"] is broadcast


def test_a_long_name_is_cut_in_the_header_and_the_line_below_it_is_whole(alert: Alert) -> None:
    title = "word " * 50 + "end"
    blocks = json.loads(rendered(replace(alert, title=title, place="place " * 60), "slack"))["blocks"]
    assert units(blocks[0]["text"]["text"]) <= 150
    assert blocks[1]["text"]["text"] == title


def test_what_may_become_a_reply_carries_what_the_first_message_is_updated_to(alert: Alert) -> None:
    off = later(alert, "reversed", status="cancelled")
    body = json.loads(rendered(off, "slack", opened=alert, earlier=True))
    assert body["root"].keys() == {"text", "blocks"}
    assert body["root"]["text"].startswith("Cancelled · ")
    said = json.dumps(body["root"], ensure_ascii=False)
    assert "✕ *cancelled*" in said
    assert "Since the last alert: " in body["text"]
    assert "*Since the last alert*" not in said  # what changed is the reply's to tell


@pytest.mark.parametrize(("kind", "reason", "earlier"), [("slack", "new", False), ("slack_webhook", "advanced", True)])
def test_what_opens_a_thread_and_what_knows_no_threads_carries_none(
    alert: Alert, kind: str, reason: Any, earlier: bool
) -> None:
    assert "root" not in json.loads(rendered(replace(alert, reason=reason), kind, earlier=earlier))


def test_sources_are_few_links_and_each_value_has_its_first_witness(alert: Alert) -> None:
    values = ("40 each", "38 each", "39 each")
    facts = tuple(
        Fact("counts", values[n % 3], replace(alert.source, outlet=f"Outlet {n}", url=f"https://{n}.example/"))
        for n in range(60)
    )
    blocks = json.loads(rendered(replace(alert, facts=facts), "slack"))["blocks"]
    heading = next(n for n, block in enumerate(blocks) if "*Who says what*" in block.get("text", {}).get("text", ""))
    links = [block["elements"][0]["text"] for block in blocks[heading + 1 : heading + 6]]
    assert all(text.startswith("<https://") for text in links)
    assert all(any(text.endswith(value) for text in links[:3]) for value in values)
    assert blocks[heading + 6]["elements"][0]["text"] == "and 55 more"


def test_a_post_with_too_much_to_say_is_cut_and_says_so(alert: Alert) -> None:
    edits = tuple(Edit(Quote("text", f"{n}{'ж' * 590}", 0, 1), None, (), gone=True) for n in range(8))
    quotes = tuple(Quote("text", f"{n} {'&' * 500}", 0, 1) for n in range(8))
    crowd = replace(alert, reason="corrected", edits=edits, quotes=quotes)
    body = json.loads(rendered(crowd, "slack", earlier=True))
    for blocks in (body["blocks"], body["root"]["blocks"]):
        fits(blocks)
        said = [block["elements"][0]["text"] for block in blocks if block["type"] == "context"]
        assert said[-1].endswith("Watch russia-ukraine, event ev7")
        assert ", 4 min later" in said[-1]
    assert any("There is more" in json.dumps(block) for block in body["blocks"])


def fits(blocks: list[dict[str, Any]]) -> None:
    """What Slack takes (reference: delivery 3), asked of its own models and counted by hand."""
    assert 0 < len(blocks) <= 50
    total = 0
    for block in blocks:
        model = {"header": HeaderBlock, "section": SectionBlock, "context": ContextBlock}[block["type"]]
        model(**{name: value for name, value in block.items() if name != "type"}).validate_json()
        texts = block.get("elements") or block.get("fields") or [block["text"]]
        limit = {"header": 150, "context": 2000, "section": 2000 if "fields" in block else 3000}[block["type"]]
        assert len(texts) <= 10
        for text in texts:
            assert 0 < units(text["text"]) <= limit
            total += units(text["text"])
    assert total <= 12_000


def calls(blocks: list[dict[str, Any]]) -> list[str]:
    """What Slack would read as a link, a mention or a command."""
    found = []
    for block in blocks:
        for text in block.get("elements") or block.get("fields") or [block["text"]]:
            marks = re.findall(r"<[^>]*>", text["text"])
            assert text["text"].count("<") == text["text"].count(">") == len(marks)
            assert text["type"] == "mrkdwn" or marks == []
            found += marks
    return found


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


REASONS = ("new", "advanced", "reversed", "corrected", "confirmed", "test", "notice", "digest")
STATUSES = st.sampled_from(["planned", "agreed", "underway", "concluded", "postponed", "cancelled", "denied"]) | SEEDS


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

    def edit() -> Edit:
        moved = (Moved(draw(SEEDS), draw(st.none() | SEEDS), draw(st.none() | SEEDS)),)
        return Edit(draw(st.none() | st.builds(quote)), quote(), moved, draw(st.booleans()))

    return Alert(
        id="al", reason=draw(st.sampled_from(sorted(REASONS))),
        watch=draw(SEEDS), kind=draw(SEEDS), status=draw(STATUSES), label=draw(SEEDS), event_id=draw(SEEDS),
        title=draw(SEEDS),
        date=draw(st.none() | st.just(Span(noon.date(), noon.date(), "explicit"))), place=draw(st.none() | SEEDS),
        ordinal=draw(st.none() | st.integers(0, 10**6)), series=draw(st.none() | SEEDS),
        counts=draw(st.dictionaries(st.sampled_from(["each", "total", "A->B"]), st.integers(0, 10**9))),
        parties=tuple(draw(st.lists(SEEDS, max_size=3))), source=source(),
        quotes=tuple(quote() for _ in range(draw(st.integers(0, 3)))), articles=draw(st.integers(0, 1000)),
        families=draw(st.integers(1, 100)), rules=tuple(draw(st.lists(SEEDS, max_size=4))), decided=noon,
        facts=facts(), since=facts(), edits=tuple(edit() for _ in range(draw(st.integers(0, 2)))),
    )  # fmt: skip


SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
HEADERS = {
    "from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "list-id", "x-parley-reason", "mime-version", "content-type", "thread-topic",
    "thread-index",
}  # fmt: skip


@SLOW
@given(alert=hostile_alerts(), note=SEEDS)
def test_no_text_from_outside_can_add_a_header_or_a_part_to_a_message(alert: Alert, note: str) -> None:
    raw = rendered(alert, "email", note=note)
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert {name.lower() for name in message} == HEADERS
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert max(len(row) for row in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert len(raw) < 400_000
    assert raw == rendered(alert, "email", note=note)
    assert len(message["Subject"]) <= 60
    assert text_of(message).split("\n")[0].strip()


TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "table", "tr", "td", "blockquote", "a",
    "ul", "li", "strong", "br", "span", "code",
}  # fmt: skip


@SLOW
@given(alert=hostile_alerts(), note=SEEDS)
def test_no_text_from_outside_can_add_markup_to_the_page(alert: Alert, note: str) -> None:
    message = mail(alert, note=note)
    page = page_of(message)
    assert set(page.tags) <= TAGS
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "style", "role", "href", "dir"}
    assert all(re.match(r"https?://", link, re.IGNORECASE) for link in page.links)
    body = message.get_body(("html",))
    assert body is not None
    tree = html.document_fromstring(body.get_content())  # a second parser sees the same
    assert {element.tag for element in tree.iter()} == set(page.tags)
    assert tree.xpath("//a/@href") == page.links


@SLOW
@given(alert=hostile_alerts(), note=SEEDS, earlier=st.booleans())
def test_no_text_from_outside_can_call_people_or_break_the_limits_of_slack(
    alert: Alert, note: str, earlier: bool
) -> None:
    body = json.loads(rendered(alert, "slack", note=note, earlier=earlier))
    for part in (body, body["root"]) if "root" in body else (body,):
        assert 0 < units(part["text"]) <= 3000
        assert "<" not in part["text"]
        fits(part["blocks"])
        for call in calls(part["blocks"]):
            assert re.fullmatch(r"<https?://[^<>|\s]+\|[^<>|]+>", call, re.IGNORECASE)


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
        assert "It says" not in text  # nothing is left of it that the event stands on


def test_the_sentences_are_fields_of_one_section_for_slack(alert: Alert) -> None:
    body = json.loads(rendered(replace(alert, reason="corrected", edits=(CHANGED, TAKEN_BACK)), "slack"))
    fields = [block["fields"] for block in body["blocks"] if "fields" in block]
    pairs = [pair for pair in fields if pair[0]["text"].startswith("old:")]
    assert [[part["type"] for part in pair] for pair in pairs] == [["plain_text"] * 2] * 2
    assert "old: “Thirty" in body["text"]


def test_sentences_of_any_length_and_number_fit_a_slack_message(alert: Alert) -> None:
    long = Edit(replace(OLD, text="ж" * 9000), replace(OLD, text="<&>" * 3000), CHANGED.moved * 5)
    edits = tuple(replace(long, old=replace(OLD, text=f"{n} " + "ж" * 9000)) for n in range(40))
    fits(json.loads(rendered(replace(alert, edits=edits), "slack"))["blocks"])


def test_the_page_of_an_edit_runs_nothing(alert: Alert) -> None:
    hostile = Edit(replace(OLD, text="<script>x</script>"), replace(OLD, text="<img src=x>"), ())
    assert {"script", "img"}.isdisjoint(page_of(mail(replace(alert, edits=(hostile,)))).tags)
