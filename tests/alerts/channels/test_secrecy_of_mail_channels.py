"""Where TLS is not good, neither password nor body leaves: every byte that the server could read is looked at."""

from pathlib import Path
from typing import Any

import pytest

from .conftest import MailWire

LOGIN = {"username": "ops", "password": "made-up-password"}
OURS = (
    b"made-up-password",
    b"AG9wcwBtYWRlLXVwLXBhc3N3b3Jk",
    b"bWFkZS11cC1wYXNzd29yZA==",
    b"North Wire",
    b"ops@example",
)


@pytest.mark.parametrize(
    ("flaw", "verbs"),
    [
        ("none offered", [b"EHLO"]),
        ("stranger", [b"EHLO", b"STARTTLS"]),
        ("wrong host", [b"EHLO", b"STARTTLS"]),
        ("refused", [b"EHLO", b"STARTTLS"]),
        ("broken off", [b"EHLO", b"STARTTLS"]),
    ],
)
async def test_without_good_starttls_a_server_learns_no_more_than_that_we_came(
    flaw: str, verbs: list[bytes], start: Any, made: Any, delivery: Any, server_tls: Any, cafile: Path, stranger: Path
) -> None:
    context = (
        None if flaw == "none offered" else server_tls("elsewhere.example" if flaw == "wrong host" else "127.0.0.1")
    )
    wire = await start(MailWire(tls=context))
    if flaw in ("refused", "broken off"):
        wire.replies["STARTTLS"] = "reset" if flaw == "broken off" else "454 4.7.0 not now"
    authority = stranger if flaw == "stranger" else cafile
    channel = made("email", host="127.0.0.1", port=wire.port, sender="p@parley.example", ca_file=authority, **LOGIN)
    outcome = await channel.send(delivery("email"))
    assert outcome.kind == ("transient" if flaw in ("refused", "broken off") else "bad_credential")
    assert outcome.wide
    assert [line.split()[0] for line in bytes(wire.seen).splitlines()] == verbs
    assert not any(ours in wire.seen for ours in OURS)
    assert wire.messages == []


async def test_with_good_starttls_they_go_and_only_behind_it(
    start: Any, made: Any, delivery: Any, server_tls: Any, cafile: Path
) -> None:
    wire = await start(MailWire(tls=server_tls()))
    channel = made("email", host="127.0.0.1", port=wire.port, sender="p@parley.example", ca_file=cafile, **LOGIN)
    assert (await channel.send(delivery("email"))).kind == "sent"
    before, _, after = bytes(wire.seen).partition(b"STARTTLS\r\n")
    assert not any(ours in before for ours in OURS)
    assert OURS[1] in after
    assert b"North Wire" in wire.messages[0]


async def test_words_slipped_in_before_tls_are_not_taken_for_the_servers(
    start: Any, made: Any, delivery: Any, server_tls: Any, cafile: Path
) -> None:
    """RFC 3207 §4.2, CVE-2011-0411: what came in clear behind the 220 must not count inside."""
    wire = await start(MailWire(tls=server_tls(), replies={"STARTTLS": "220 go on\r\n250 AUTH PLAIN"}))
    channel = made("email", host="127.0.0.1", port=wire.port, sender="p@parley.example", ca_file=cafile, **LOGIN)
    outcome = await channel.send(delivery("email"))
    assert outcome.kind in ("sent", "transient", "bad_credential")
    before, _, _ = bytes(wire.seen).partition(b"STARTTLS\r\n")
    assert not any(ours in before for ours in OURS)
    assert len(wire.messages) == (outcome.kind == "sent")


async def test_a_server_that_offers_no_login_is_the_operators_to_mend(start: Any, made: Any, delivery: Any) -> None:
    wire = await start(MailWire(offers=("SIZE 10000000",)))
    keys = {"security": "none", "sender": "p@parley.example", **LOGIN}
    outcome = await made("email", host="127.0.0.1", port=wire.port, **keys).send(delivery("email"))
    assert (outcome.kind, outcome.code, outcome.wide) == ("bad_credential", "login", True)
    assert not any(ours in wire.seen for ours in OURS)


@pytest.mark.parametrize(("says", "tries"), [("535 5.7.8 wrong", 1), ("504 5.5.4 not after all", 2)])
async def test_a_refused_password_is_offered_once_and_an_unknown_method_followed_by_the_next(
    says: str, tries: int, start: Any, made: Any, delivery: Any
) -> None:
    wire = await start(MailWire(replies={"AUTH": says}))
    keys = {"security": "none", "sender": "p@parley.example", **LOGIN}
    outcome = await made("email", host="127.0.0.1", port=wire.port, **keys).send(delivery("email"))
    assert (outcome.kind, outcome.code, outcome.wide) == ("bad_credential", says[:3], True)
    assert bytes(wire.seen).count(b"AUTH ") == tries
