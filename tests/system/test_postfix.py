"""Debian's postfix takes Parley's mails over STARTTLS, and a parser of another family reads them back whole.

postfix is the server that most mail passes; the parser (mailparse, in Rust) shares no line with the standard library
that wrote the mails.
"""

import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from fast_mail_parser import PyMail, parse_email

from alerts.channels.email import EmailChannel, EmailConfig
from alerts.compose import render
from alerts.records import Alert, Delivery, Fact, Quote, Source, Span, Target
from farends.postfix import DOMAIN, Postfix, PostfixMissingError, handed_over
from monitor.app import utcnow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Newsroom = Home = Any  # the records of conftest.py, which tests cannot import

SENDER = "Parley <parley@alerts.example.org>"
DESK = Target("desk", "mail", "email", f"desk@{DOMAIN}")
NOON = datetime(2031, 5, 17, 12, tzinfo=UTC)
HOSTILE = "\u202eمفاوضات في جنيف\u202c <script>alert(1)</script> <!channel> =?utf-8?q?=0d=0aBcc:_x?= \u2067🙂\u2069"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
def postfix(authority: trustme.CA) -> Iterator[Postfix]:
    # Not below pytest's folder, which nobody but root may enter: postfix's daemons are not root.
    top = Path(tempfile.mkdtemp(prefix="parley-postfix-"))
    top.chmod(0o755)
    issued = authority.issue_cert("127.0.0.1")
    chain = b"".join(part.bytes() for part in (issued.private_key_pem, *issued.cert_chain_pems))
    made = Postfix(top, chain)
    try:
        made.start()
    except PostfixMissingError as error:
        pytest.fail(str(error))
    yield made
    made.stop()
    shutil.rmtree(top)


@pytest.fixture
async def desk(home: Home, newsroom: Newsroom, postfix: Postfix, ca: Path) -> AsyncIterator[Home]:
    """A home whose mails go to postfix, and that reads two outlets."""
    home.settings(
        mail=f"{{kind: email, host: 127.0.0.1, port: {postfix.port}, security: starttls, sender: '{SENDER}',"
        f" ca_file: '{ca}'}}",
        desk=f"{{channel: mail, to: desk@{DOMAIN}}}",
    )
    home.feeds(f"{newsroom.base}/feed", f"{second_name(newsroom)}/other")
    yield home


def second_name(newsroom: Newsroom) -> str:
    """The newsroom under another name of this machine: an outlet is known by its host."""
    return str(newsroom.base).replace("127.0.0.1", "localhost")


def made_up() -> Alert:
    source = Source("https://north.example/a?x=1&y=2", "Talks in Geneva", "North Wire", "north", NOON, NOON)
    quote = Quote("text", "Russia and Ukraine will hold a round of talks in Geneva on Saturday.", 0, 68, ("plan",))
    return Alert(
        id="al1",
        reason="new",
        watch="ru-ua",
        kind="talks_round",
        status="planned",
        event_id="ru-ua.talks_round.2031-05-24.a1b2c3d4",
        title="Fifth round of talks between Russia and Ukraine planned in Geneva",
        date=Span(date(2031, 5, 24), date(2031, 5, 24), "explicit"),
        place="Geneva",
        ordinal=5,
        series="geneva",
        counts={},
        parties=("Russia", "Ukraine"),
        source=source,
        quotes=(quote,),
        articles=1,
        families=1,
        rules=("read:plan", "policy:first_news"),
        decided=NOON,
        facts=(Fact("place", "Geneva", source, quote),),
    )


def many_sources(alert: Alert, count: int) -> Alert:
    facts = []
    for n in range(count):
        source = Source(
            f"https://outlet-{n}.example/переговоры/{n}?a=1&b=2", f"Переговоры в Женеве, {n}", f"Видання № {n}",
            f"family-{n}", NOON, NOON + timedelta(seconds=n),
        )  # fmt: skip
        quote = Quote("text", f"Раунд переговорів пройде в Женеві, повідомило видання № {n}.", 0, 40, ("plan",))
        facts.append(Fact("place", f"Женева ({n})", source, quote))
    return replace(alert, id="al500", facts=tuple(facts), since=tuple(facts), articles=count, families=count)


def very_long(alert: Alert) -> Alert:
    word, phrase = "Ы" * 2_000, "Республика " * 400
    source = replace(alert.source, outlet=phrase, title=word, url="https://north.example/" + "a" * 3_000)
    quote = Quote("text", word + " " + phrase, 0, 10, ("plan",))
    facts = (Fact("place", word, source, quote), Fact("counts", phrase, source, quote))
    return replace(
        alert, id="al-long", title=phrase, place=word, parties=(phrase, word), source=source, quotes=(quote,),
        facts=facts, since=facts, event_id="ru-ua.talks_round." + "x" * 300,
    )  # fmt: skip


def hostile(alert: Alert) -> Alert:
    torn = f"{HOSTILE}\r\nBcc: all@example.org\r\n\r\n.\r\nQUIT\x00\x1b[2J"
    source = replace(alert.source, outlet=torn, title=torn, url="javascript:alert(1)//\r\nX: y")
    quote = Quote("text", f"{torn}\n.\n..\n\n--=_parley_\nContent-Type: text/html", 0, 10, ("plan",))
    return replace(
        alert, id="al-hostile", title=torn, place=torn, parties=(torn,), source=source, quotes=(quote,),
        facts=(Fact("place", torn, source, quote),), event_id=f"ru-ua.talks_round.{HOSTILE}",
    )  # fmt: skip


def notice(alert: Alert) -> Alert:
    trouble = Fact("channel", "535 since 12:00: the password is refused", replace(alert.source, outlet="office"))
    return replace(
        alert, id="al5", reason="notice", kind="self", watch="", event_id="self-1", title="1 channel is in trouble",
        status="bad", facts=(trouble,), since=(), quotes=(), parties=(), source=replace(alert.source, url=""),
    )  # fmt: skip


def digest(alert: Alert) -> Alert:
    held = tuple(Fact("new", f"Раунд {n} у Женеві, {HOSTILE}", alert.source, alert.quotes[0]) for n in range(100))
    return replace(
        alert, id="al6", reason="digest", kind="digest", event_id="digest-1", facts=held, since=(), quotes=(),
        title="100 alerts held from 22:00 to 07:00", parties=(), source=replace(alert.source, url=""),
    )  # fmt: skip


MADE: dict[str, Alert] = {
    "new": made_up(),
    "reversed": replace(made_up(), id="al2", reason="reversed", status="cancelled", since=made_up().facts),
    "corrected": replace(made_up(), id="al3", reason="corrected", since=made_up().facts),
    "confirmed": replace(made_up(), id="al4", reason="confirmed", families=2, articles=3),
    "notice": notice(made_up()),
    "digest": digest(made_up()),
    "hostile": hostile(made_up()),
    "500 sources": many_sources(made_up(), 500),
    "very long names": very_long(made_up()),
}


def rendered(alert: Alert, delivery_id: str) -> bytes:
    return render(
        alert, DESK, delivery_id=delivery_id, domain="alerts.example.org", sender=SENDER, earlier=alert.reason != "new"
    )


async def test_postfix_takes_every_sort_of_mail_and_another_parser_reads_it_whole(postfix: Postfix, ca: Path) -> None:
    channel = EmailChannel("mail", EmailConfig("127.0.0.1", postfix.port, "parley@alerts.example.org", cafile=ca))
    sent = {}
    for n, (name, alert) in enumerate(MADE.items()):
        payload = rendered(alert, f"d{n}")
        outcome = await channel.send(Delivery(f"d{n}", alert.id, alert.event_id, DESK, payload, NOON))
        assert outcome.kind == "sent", (name, outcome)
        assert "queued as" in (outcome.reference or "")
        sent[name] = payload
    kept = {_id(mail): mail for mail in await postfix.mails(len(sent))}
    assert len(kept) == len(sent)
    for name, payload in sent.items():
        mail = kept[_id(payload)]
        assert handed_over(mail) == payload, f"{name}: changed on its way"
        assert_read_back(mail, payload, name)
    for plain in ("Geneva", "North Wire"):
        assert plain in parse_email(kept[_id(sent["new"])]).text_plain[0]
    assert "Видання № 0" in parse_email(kept[_id(sent["500 sources"])]).text_plain[0]
    assert postfix.log.count("status=sent") == len(sent)
    # Over TLS, each of them: postfix would have refused MAIL otherwise.
    assert "Must issue a STARTTLS" not in postfix.log


async def test_what_the_service_sends_in_the_life_of_an_event_comes_out_of_postfix_whole(
    newsroom: Newsroom, postfix: Postfix, desk: Home
) -> None:
    day = (utcnow() + timedelta(days=20)).strftime("%-d %B %Y")
    shown = HOSTILE.replace("<", "&lt;")

    async def other(_: web.Request) -> web.StreamResponse:
        text = (
            f"The next round of talks between Russia and Ukraine will take place in Geneva on {day}, the Ukrainian "
            "presidential office said. Umerov is to head the delegation there; Medinsky will come for Moscow."
        )
        if newsroom.polls("/told") == 0:
            items = ""
        else:
            page = f"<html lang='en'><body><article><h1>Kyiv: talks on {day}</h1><p>{text}</p></article></body></html>"
            newsroom.raw["/second"] = (page.encode(), "text/html")
            items = f"<item><title>Kyiv confirms round of talks in Geneva on {day}</title>"
            items += f"<link>{second_name(newsroom)}/second</link><guid>2</guid>"
            items += f"<pubDate>{format_datetime(utcnow())}</pubDate></item>"
        feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Post</title>{items}</channel></rss>"
        return web.Response(text=feed, content_type="application/rss+xml")

    newsroom.hanging["/other"] = other
    service = await desk.run()
    await service.until(lambda: newsroom.polls() >= 1 and newsroom.polls("/other") >= 1)
    newsroom.publish(
        f"Russia and Ukraine to hold talks in Geneva on {day} {shown}",
        f"Russia and Ukraine will hold a round of talks in Geneva on {day}, both delegations said. {shown}\n"
        "Rustem Umerov will lead the Ukrainian side in Geneva and Vladimir Medinsky the Russian one.",
    )
    await postfix.mails(1)
    newsroom.requests.append(("/told", None))
    await postfix.mails(2)
    newsroom.publish(
        f"Russia and Ukraine agree on talks in Geneva on {day}",
        f"Russia and Ukraine have agreed to hold a round of talks in Geneva on {day}, Rustem Umerov said after a call "
        "with Vladimir Medinsky.",
    )
    await postfix.mails(3)
    newsroom.publish(
        "Talks between Russia and Ukraine in Geneva cancelled",
        f"The round of talks between Russia and Ukraine planned in Geneva for {day} has been cancelled, Rustem Umerov "
        "said. Vladimir Medinsky confirmed that the talks will not take place.",
    )
    mails = await postfix.mails(4)
    await service.end()
    read = [assert_read_back(mail, handed_over(mail), f"mail {n}") for n, mail in enumerate(mails)]
    assert [mail.headers["X-Parley-Reason"] for mail in read] == [["new"], ["confirmed"], ["corrected"], ["reversed"]]
    assert len({mail.headers["Message-ID"][0] for mail in read}) == 4
    assert len({mail.headers["References"][0] for mail in read}) == 1, "one event, one thread"
    assert "مفاوضات" in read[0].text_plain[0]
    assert "<script" not in read[0].text_html[0]


async def test_a_test_alert_goes_through_postfix(postfix: Postfix, desk: Home) -> None:
    code, _, err = await desk.call("test-alert")
    assert code == 0, err
    assert "queued as" in err
    (mail,) = await postfix.mails(1)
    assert "Test" in assert_read_back(mail, handed_over(mail), "test").text_plain[0]


async def test_without_the_right_authority_postfix_gets_no_mail(postfix: Postfix, desk: Home, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    file = desk.path / "config" / "parley.yaml"
    file.write_text(re.sub(r"ca_file: '[^']*'", f"ca_file: '{stranger}'", file.read_text()))
    code, _, err = await desk.call("test-alert")
    assert code == 1
    assert "ca_file" in err or "cafile" in err
    assert "from=<" not in postfix.log


def _id(mail: bytes) -> str:
    found = re.findall(rb"(?im)^message-id:\s*(<[^>]+>)", mail.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])
    assert len(found) == 1, found
    return found[0].decode()


def assert_read_back(mail: bytes, payload: bytes, name: str) -> PyMail:
    """`mail`, as postfix kept it, holds for the other parser what Parley handed over as `payload`."""
    assert payload.isascii(), f"{name}: not 7-bit"
    lines = payload.split(b"\r\n")
    assert not any(b"\r" in each or b"\n" in each for each in lines), f"{name}: a bare CR or LF"
    assert max(map(len, lines)) <= 998, f"{name}: a line beyond RFC 5322's limit"
    meant = message_from_bytes(payload, policy=default)
    assert isinstance(meant, EmailMessage)
    read = parse_email(mail)
    assert read.warnings == [], f"{name}: {read.warnings}"
    once = ("Message-ID", "References", "In-Reply-To", "Subject", "From", "To", "Date", "MIME-Version", "Content-Type")
    for header in once:
        assert len(read.headers[header]) == 1, f"{name}: {header}"
    assert "Bcc" not in read.headers
    for header in ("Message-ID", "References", "In-Reply-To", "Subject"):
        assert read.headers[header][0] == str(meant[header]), f"{name}: {header}"
    assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", read.headers["Message-ID"][0])
    assert read.subject == str(meant["Subject"])
    for subtype, parts in (("plain", read.text_plain), ("html", read.text_html)):
        body = meant.get_body((subtype,))
        assert body is not None
        said = body.get_content()
        assert said.strip(), f"{name}: nothing in text/{subtype}"
        assert [_flat(part) for part in parts] == [_flat(said)], f"{name}: text/{subtype}"
    assert read.attachments == []
    return read


def _flat(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")
