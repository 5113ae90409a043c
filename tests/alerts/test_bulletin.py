"""Messages that tell of no single event: digests of what was held, and notices of the service about itself."""

import json
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from alerts.compose import render
from alerts.records import Alert, Fact, Target

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
def digest(alert: Alert) -> Alert:
    held = (
        Fact("new", "Third round of talks planned in Istanbul", alert.source, alert.quotes[0]),
        Fact("reversed", "Prisoner exchange postponed", alert.facts[1].source, None),
    )
    mute = Fact("mute", "The topic summit, until 19 May 2031 09:00: too many", alert.source)
    return replace(
        alert, reason="digest", kind="digest", title="2 alerts held from 22:00 to 07:00", event_id="digest-1",
        facts=held, since=(mute,), quotes=(), parties=(), counts={},
        source=replace(alert.source, url="", title="`parley deliveries` shows each"),
    )  # fmt: skip


@pytest.fixture
def notice(alert: Alert) -> Alert:
    matter = Fact(
        "channel", "535 since 12:00: the password is refused; set it anew", replace(alert.source, outlet="office")
    )
    hint = replace(alert.source, url="", title="`parley deliveries list` shows what waits")
    return replace(
        alert, reason="notice", kind="self", watch="", label="channels", status="bad", title="1 channel is in trouble",
        event_id="self-1", facts=(matter,), since=(), quotes=(), source=hint, parties=(), counts={},
    )  # fmt: skip


def forms(alert: Alert, **more: Any) -> dict[str, str]:
    """What people read, by form, white space evened out."""
    texts = {}
    for kind in ("email", "slack", "slack_webhook", "console"):
        target = Target("ops", kind, kind, "ops@example.org")
        payload = render(
            alert, target, delivery_id="d1", domain="p.example", sender=None, earlier=False, zone=KYIV, **more
        )
        if kind == "email":
            mail = message_from_bytes(payload, policy=SMTP)
            assert isinstance(mail, EmailMessage)
            bodies = [mail.get_body((form,)) for form in ("plain", "html")]
            assert bodies[0] is not None and bodies[1] is not None
            texts |= {"subject": mail["Subject"], "plain": bodies[0].get_content()}
            texts["page"] = html.document_fromstring(bodies[1].get_content()).body.text_content()
        elif kind == "console":
            texts[kind] = payload.decode()
        else:
            assert "root" not in json.loads(payload)
            texts[kind] = json.dumps(json.loads(payload)["blocks"], ensure_ascii=False)
            texts[f"{kind} text"] = json.loads(payload)["text"]
    return {form: " ".join(text.split()) for form, text in texts.items()}


READ = ("plain", "page", "slack", "slack_webhook", "console")


@pytest.mark.parametrize(
    "said",
    [
        "2 alerts held from 22:00 to 07:00",
        "2 alerts, from 2 independent outlets",
        "New",
        "Third round of talks planned in Istanbul",
        "“Forty prisoners came home from each side on Saturday.”",
        "North Wire",
        "Reversed",
        "Prisoner exchange postponed",
        "South Post",
        "The topic summit, until 19 May 2031 09:00: too many",
        "Gathered 17 May 2031 15:04 (Europe/Kyiv)",
        "parley deliveries",
    ],
)
def test_a_digest_lists_what_was_held_and_what_is_muted(digest: Alert, said: str) -> None:
    told = forms(digest)
    for form in READ:
        assert said in told[form], form


def test_a_digest_leads_to_each_article_and_says_when_it_came_out_by_the_readers_clock(digest: Alert) -> None:
    told = forms(digest)
    for form in ("plain", "console", "slack text"):
        assert "https://south.example/b" in told[form]
    assert "<https://south.example/b|South Post, 15:00>" in told["slack"]


def test_a_digest_has_a_subject_of_its_own(digest: Alert) -> None:
    told = forms(digest)
    assert told["subject"] == "[parley] 2 alerts held from 22:00 to 07:00"
    assert told["plain"].startswith("Digest · 2 alerts held from 22:00 to 07:00")
    assert told["slack text"].startswith("Digest · 2 alerts held from 22:00 to 07:00")


@pytest.mark.parametrize(("held", "more", "on_slack"), [(15, 0, 0), (40, 0, 25), (300, 260, 285)])
def test_a_long_digest_says_how_many_more_there_are(digest: Alert, held: int, more: int, on_slack: int) -> None:
    told = forms(replace(digest, facts=tuple(replace(digest.facts[0], value=f"Line {n}.") for n in range(held))))
    for form, left in zip(READ, (more, more, on_slack, on_slack, more), strict=True):
        assert (f"and {left} more" in told[form]) is (left > 0), form
        assert (f"Line {held - left - 1}." in told[form]) is True, form
        assert f"Line {held - left}." not in told[form], form


def test_a_digest_offers_neither_an_event_to_mute_nor_a_stage(digest: Alert) -> None:
    for text in forms(digest).values():
        assert "parley ack" not in text
        assert "planned ─" not in text


def test_trouble_stands_first_and_what_is_over_is_calm(notice: Alert) -> None:
    bad = forms(notice, note="Sent to you because office is the channel that fails")
    well = forms(replace(notice, status="well", title="1 channel is well again"))
    for form in ("plain", "page", "slack text", "console"):
        assert bad[form].startswith("Trouble")
        assert well[form].startswith("Well again")
        assert "Sent to you because office" in bad[form]
    assert forms(replace(notice, status="still"))["plain"].startswith("Still in trouble")
    assert forms(replace(notice, status="urgent"))["plain"].startswith("Urgent trouble")
    assert bad["subject"] == "[parley] 1 channel is in trouble"


def test_a_notice_says_what_is_wrong_where_and_what_to_do(notice: Alert) -> None:
    told = forms(notice)
    for form in READ:
        assert "2 channels" in told[form]
        assert "office" in told[form]
        assert "535 since 12:00: the password is refused; set it anew" in told[form]
        assert "parley deliveries list" in told[form]
        assert "Noticed 17 May 2031 15:04 (Europe/Kyiv)" in told[form]
    assert "`" not in told["page"]  # a command looks like one there


def test_a_notice_of_nothing_in_particular_is_whole(notice: Alert) -> None:
    for text in forms(replace(notice, facts=(), source=replace(notice.source, title=None))).values():
        assert "1 channel is in trouble" in text


def test_a_notice_counts_its_matters_only_where_its_title_does_not(notice: Alert) -> None:
    target = Target("me", "console", "console", "me")
    for title, families, counts in (
        ("mail takes no messages", 1, False),
        ("3 sources are in trouble", 3, False),
        ("mail takes no messages; 2 more troubles", 3, True),
    ):
        about = replace(notice, title=title, label="sources", families=families)
        text = render(about, target, delivery_id="d1", domain="p.example", sender=None, earlier=False).decode()
        assert ("Notice from Parley itself. 3 sources." in text) is counts
