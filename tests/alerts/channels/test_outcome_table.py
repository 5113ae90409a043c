"""The outcome table (reference: delivery 5), row by row and channel by channel, against far ends that say just that."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import _http
from alerts.channels._smtp import hinted, refused
from alerts.kinds import KINDS
from alerts.records import Outcome

from .conftest import MailWire, WebWire, http
from .test_every_channel import RIGS, rig_of, secretless

TAKEN, LATER, UNCLEAR = "taken", "surely not delivered", "perhaps delivered"
TARGET, CREDENTIAL, CONTENT = "the target is at fault", "the credential is at fault", "the content is at fault"
KIND = {
    TAKEN: "sent", LATER: "transient", UNCLEAR: "ambiguous", TARGET: "bad_target", CREDENTIAL: "bad_credential",
    CONTENT: "bad_content",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What a far end says, in the words of the table; what of it is told on: wide, wish, reference."""

    row: str
    kind: str
    signal: str
    says: Any
    wide: bool = False
    wish: int | None = None
    reference: str | None = None
    messages: int = 1

    def __str__(self) -> str:
        return f"{self.row} | {self.kind} | {self.signal}"


def slack_error(name: str, **more: str) -> bytes:
    return http(200, b'{"ok":false,"error":"%s"}' % name.encode(), Content_Type="application/json", **more)


def mail_rows() -> Iterator[Row]:
    yield Row(TAKEN, "email", "250 after DATA", {}, reference="2.0.0 queued as Q77")
    # 421 may come at any step, and every step may fail for a time
    for step, name in (("connect", "greeting"), ("EHLO", "EHLO"), ("STARTTLS", "STARTTLS"), ("AUTH", "login"),
                       ("MAIL", "sender"), ("RCPT", "recipient"), ("DATA", "DATA"), ("data", "message")):  # fmt: skip
        messages = int(step == "data")
        yield Row(LATER, "email", f"421 at the {name}", {step: "421 4.3.2 closing"}, True, messages=messages)
        theirs = step in ("RCPT", "DATA", "data")
        yield Row(LATER, "email", f"451 at the {name}", {step: "451 4.3.0 later"}, not theirs, messages=messages)
        yield Row(
            LATER, "email", f"a wish at the {name}", {step: "450 4.7.1 try again in 300 seconds"}, not theirs, 300,
            messages=messages,
        )  # fmt: skip
    for code in ("550 5.1.1", "551 5.1.6", "553 5.1.3", "554 5.7.1"):
        yield Row(TARGET, "email", f"{code} at RCPT", {"RCPT": f"{code} no"}, messages=0)
    for code in ("550 5.7.1", "554 5.7.1"):
        yield Row(TARGET, "email", f"{code} at the message", {"data": f"{code} no"})
    yield Row(TARGET, "email", "550 at RCPT without an enhanced code", {"RCPT": "550 no"}, messages=0)
    yield Row(LATER, "email", "552 5.2.2, a mailbox full", {"RCPT": "552 5.2.2 full"}, messages=0)
    for code in ("535 5.7.8", "534 5.7.9", "530 5.7.0", "538 5.7.11", "504 5.5.4"):
        yield Row(CREDENTIAL, "email", f"{code} at login", {"AUTH": f"{code} no"}, True, messages=0)
    yield Row(CREDENTIAL, "email", "530 at the sender", {"MAIL": "530 5.7.0 log in first"}, True, messages=0)
    yield Row(CREDENTIAL, "email", "530 at RCPT", {"RCPT": "530 5.7.1 log in first"}, True, messages=0)
    yield Row(CREDENTIAL, "email", "550 at the sender", {"MAIL": "550 5.7.1 not yours"}, True, messages=0)
    yield Row(CREDENTIAL, "email", "554 at the greeting", {"connect": "554 5.7.1 you are listed"}, True, messages=0)
    yield Row(CONTENT, "email", "552 at the sender, the size", {"MAIL": "552 5.3.4 too big"}, messages=0)
    yield Row(CONTENT, "email", "552 at the message, the size", {"data": "552 5.3.4 too big"}, messages=2)
    yield Row(CONTENT, "email", "554 5.6.0 at the message", {"data": "554 5.6.0 malformed"}, messages=2)
    for step in ("reset", "hang", "garbage"):  # what these come to after the final dot: test_every_channel
        yield Row(LATER, "email", f"a {step} at the greeting", {"connect": step}, True, messages=0)
    for step in ("reset", "garbage"):
        yield Row(LATER, "email", f"a {step} at RCPT", {"RCPT": step}, messages=0)
        yield Row(UNCLEAR, "email", f"a {step} after the final dot", {"data": step})


def slack_rows() -> Iterator[Row]:
    yes = http(200, b'{"ok":true,"ts":"1.5","channel":"C0123"}', Content_Type="application/json")
    yield Row(TAKEN, "slack", "ok:true", [yes], reference="1.5")
    yield Row(LATER, "slack", "429 with Retry-After", [http(429, b"{}", Retry_After="7")], wish=7)
    yield Row(LATER, "slack", "ratelimited", [slack_error("ratelimited", Retry_After="9")], wish=9)
    for name in ("internal_error", "fatal_error"):
        yield Row(UNCLEAR, "slack", name, [slack_error(name)])
    for name in ("channel_not_found", "is_archived", "not_in_channel", "restricted_action"):
        yield Row(TARGET, "slack", name, [slack_error(name)])
    for name in ("invalid_auth", "token_revoked", "account_inactive", "missing_scope"):
        yield Row(CREDENTIAL, "slack", name, [slack_error(name)], True)
    for name in ("invalid_blocks", "msg_too_long", "msg_blocks_too_long"):
        yield Row(CONTENT, "slack", name, [slack_error(name), slack_error(name)], messages=2)
    yield Row(TAKEN, "slack_webhook", "body ok", [http(200, b"ok", Content_Type="text/plain")])
    yield Row(LATER, "slack_webhook", "429 with Retry-After", [http(429, b"slow", Retry_After="7")], wish=7)
    for name in ("invalid_token", "no_service"):
        yield Row(CREDENTIAL, "slack_webhook", f"403 {name}", [http(403, name.encode())], True)
    for name in ("invalid_blocks", "no_text"):
        yield Row(CONTENT, "slack_webhook", f"400 {name}", [http(400, name.encode())] * 2, messages=2)
    for status in (404, 410):
        yield Row(TARGET, "slack_webhook", f"{status}", [http(status, b"no_team")])
    for kind in ("slack", "slack_webhook"):
        for status in (500, 502, 503):
            yield Row(UNCLEAR, kind, f"{status} to a whole request", [http(status, b"oops")], True)


def webhook_rows() -> Iterator[Row]:
    for status in (200, 201, 202, 204):
        yield Row(TAKEN, "webhook", f"{status}", [http(status)])
    for status in (408, 429):
        yield Row(LATER, "webhook", f"{status} with Retry-After", [http(status, Retry_After="7")], wish=7)
    dated = {"Date": "Sat, 17 May 2031 12:00:00 GMT", "Retry_After": "Sat, 17 May 2031 12:02:00 GMT"}
    yield Row(LATER, "webhook", "429 with a date", [http(429, **dated)], wish=120)
    for status in (500, 502, 503, 504):
        yield Row(UNCLEAR, "webhook", f"{status}", [http(status)], True)
    yield Row(UNCLEAR, "webhook", "503 with Retry-After", [http(503, Retry_After="30")], True, 30)
    for status in (404, 410, 405):
        yield Row(TARGET, "webhook", f"{status}", [http(status)])
    for status in (401, 403, 407):
        yield Row(CREDENTIAL, "webhook", f"{status}", [http(status)], True)
    for status in (301, 302, 303, 304, 307, 308):
        yield Row(CREDENTIAL, "webhook", f"{status}", [http(status, Location="/x")], True)
    for status in (400, 413, 415, 422):
        yield Row(CONTENT, "webhook", f"{status}", [http(status)] * 2, messages=2)


def other_rows() -> Iterator[Row]:
    yield Row(TAKEN, "apprise", "SUCCESS", [http(200)])
    for status in (302, 401, 404, 413, 429, 500):
        yield Row(LATER, "apprise", f"FAILURE of a service that said {status}", [http(status)], True)
    for kind in ("slack", "slack_webhook", "webhook"):
        yield Row(UNCLEAR, kind, "a reset after the body", ["reset"])
    yield Row(LATER, "apprise", "FAILURE of a service that hangs up", ["reset"], True)


ROWS = [*mail_rows(), *slack_rows(), *webhook_rows(), *other_rows()]


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_what_a_far_end_says_has_the_outcome_of_its_row(
    row: Row, start: Any, made: Any, delivery: Any, server_tls: Any, cafile: Any
) -> None:
    rig = rig_of(row.kind)
    wire = rig.wire()
    if isinstance(wire, MailWire):
        wire.replies = row.says
        wire.tls = server_tls() if "STARTTLS" in row.says else None
    else:
        assert isinstance(wire, WebWire)
        wire.script = list(row.says)
    await start(wire)
    keys = rig.settings("127.0.0.1", wire.port, False)
    if isinstance(wire, MailWire) and wire.tls:
        keys |= {"security": "starttls", "ca_file": str(cafile)}
    patience = 0.5 if "hang" in str(row) else 5
    outcome = await made(row.kind, patience, **keys).send(delivery(row.kind, rig.address))
    assert (outcome.kind, outcome.wide) == (KIND[row.row], row.wide), outcome
    assert outcome.retry_after == (None if row.wish is None else timedelta(seconds=row.wish))
    assert outcome.reference == row.reference
    assert len(wire.messages) == row.messages
    secretless(outcome)


def test_every_row_has_signals_and_every_kind_has_rows() -> None:
    assert {row.row for row in ROWS} == set(KIND)
    assert {row.kind for row in ROWS} | {kind for kind, rig in RIGS.items() if rig is None} == set(KINDS)


# --- the time at which a server says to come back ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 Greylisted, try again in 300 seconds", 300),
        ("4.2.0 Recipient address rejected: Greylisted for 5 minutes", 300),
        ("4.7.1 Greylisting in action, please come back in 00:04:59", 299),
        ("Please retry after 90s", 90),
        ("temporarily deferred, wait at least 10 min", 600),
        ("you are greylisted (240 seconds left)", 240),
        ("try again in 1 hour", 3600),
        ("try again\r\nin 2 hours", 7200),
        ("try again in 99999 hours", 86400),
        ("4.7.1 Greylisted, see http://postgrey.example/help/300.html", None),
        ("4.3.2 Too many connections from 192.0.2.5", None),
        ("451 sessions in use", None),
        ("try again later", None),
        ("in 300 searches", None),
        ("", None),
    ],
)
def test_a_time_in_the_text_is_a_wish(text: str, seconds: int | None) -> None:
    assert hinted(text) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_time_in_a_refusal_for_good_is_no_wish() -> None:
    refusal = refused("recipient", 550, "5.7.1 blocked, ask us again in 5 minutes")
    assert refusal == Outcome("bad_target", "550", "at recipient: 5.7.1 blocked, ask us again in 5 minutes")


@given(st.text() | st.from_regex(r"(in|after|for) [0-9]{1,6} ?(s|sec|minutes|h|hours)", fullmatch=True))
def test_no_text_of_a_server_makes_a_wish_of_more_than_a_day(text: str) -> None:
    wish = hinted(text)
    assert wish is None or timedelta(0) <= wish <= timedelta(days=1)


DATES = st.from_regex(
    r"(Sat, )?[0-9]{1,3} (May|Xyz|Dec) [0-9]{1,6} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})? ?(GMT|[+-][0-9]{1,6}|)",
    fullmatch=True,
)


@given(st.text() | DATES | st.integers().map(str), st.text() | DATES)
def test_no_header_of_a_server_makes_a_wish_that_cannot_be_kept(later: str, date: str) -> None:
    wish = _http.retry_after({"Retry-After": later, "Date": date})
    assert wish is None or timedelta(0) <= wish <= timedelta(days=200)


@pytest.mark.parametrize(
    ("later", "date", "seconds"),
    [
        ("7", "", 7),
        (" 30 ", "", 30),
        ("soon", "", None),
        ("-1", "", None),
        ("", "", None),
        ("Sat, 17 May 2031 12:02:00 GMT", "Sat, 17 May 2031 12:00:00 GMT", 120),
        ("Sat, 17 May 2031 11:00:00 GMT", "Sat, 17 May 2031 12:00:00 GMT", 0),
        ("Sat, 17 May 2031 12:02:00 GMT", "", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_that_counts_from_the_answers_own(
    later: str, date: str, seconds: int | None
) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert _http.retry_after({"retry-AFTER": later, "date": date}) == expected
