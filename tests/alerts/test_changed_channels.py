"""Channels changed while deliveries are under way: none is lost, sent twice, or overtaken."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.dispatch import Dispatcher
from alerts.gates import Gates
from alerts.kinds import Pace
from alerts.records import Delivery, Finding, Outcome, Target
from alerts.retry import RetryPolicy

OK = Outcome("sent", "250", "")
DOWN = Outcome("transient", "refused", "nothing listens there", wide=True)
Make = Callable[..., Delivery]


@dataclass
class Way:
    """A channel that answers as told; while `held`, it takes a message and says nothing."""

    name: str
    outcome: Outcome = OK
    sent: list[str] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    held: bool = False

    async def send(self, delivery: Delivery) -> Outcome:
        self.sent.append(delivery.id)
        if self.held:
            await self.free.wait()
        return self.outcome

    async def probe(self) -> tuple[Finding, ...]:
        return ()

    async def close(self) -> None:
        pass


class Quiet:
    def info(self, event: str, **values: object) -> None: ...

    def warning(self, event: str, **values: object) -> None: ...

    def error(self, event: str, **values: object) -> None: ...


POLICY = RetryPolicy(failures=1)


@pytest.fixture
def make(delivery_for: Make) -> Make:
    def numbered(number: int, address: str = "a@example.org", channel: str = "mail") -> Delivery:
        made = delivery_for("email", address, channel=channel, id=f"d{number}", event_id=f"ev{number}")
        return replace(made, created=made.created - timedelta(seconds=100 - number))

    return numbered


@pytest.fixture
def start(outbox: Any, clock: Any) -> Callable[..., Dispatcher]:
    def made(*ways: Way) -> Dispatcher:
        return Dispatcher(outbox, {way.name: way for way in ways}, clock, POLICY, Quiet(), paces={})

    return made


async def reached(done: Callable[[], object]) -> None:
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to pass within five seconds")


async def test_what_is_being_sent_is_ended_by_the_old_channel_and_what_waits_behind_it_goes_by_the_new(
    outbox: Any, start: Any, make: Make
) -> None:
    old, new = Way("mail", held=True), Way("mail")
    outbox.add(make(1), make(2))
    dispatcher = start(old)
    drained = asyncio.create_task(dispatcher.drain())
    await reached(lambda: old.sent)
    assert dispatcher.use({"mail": new}, {}, POLICY) == (old,)
    left = asyncio.create_task(dispatcher.left(old))
    await asyncio.sleep(0.02)
    assert not left.done()
    old.free.set()
    await left
    await drained
    assert (old.sent, new.sent) == (["d1"], ["d2"])
    assert {row.state for row in outbox.rows.values()} == {"sent"}


async def test_a_channel_that_is_down_and_is_changed_is_tried_at_once_and_in_order(
    outbox: Any, start: Any, make: Make, clock: Any
) -> None:
    old, new = Way("mail", DOWN), Way("mail")
    outbox.add(make(1))
    dispatcher = start(old)
    await dispatcher.drain()
    assert dispatcher.channels()["mail"].state == "open"
    outbox.add(make(2))
    dispatcher.use({"mail": new}, {}, POLICY)
    assert dispatcher.channels()["mail"].state == "closed"
    await dispatcher.drain()
    assert new.sent == ["d1", "d2"]


async def test_a_channel_that_is_not_changed_stays_known_as_down(outbox: Any, start: Any, make: Make) -> None:
    mail, room = Way("mail", DOWN), Way("room")
    outbox.add(make(1))
    dispatcher = start(mail)
    await dispatcher.drain()
    known = dispatcher.channels()["mail"]
    assert dispatcher.use({"mail": mail, "room": room}, {}, POLICY) == ()
    assert dispatcher.channels()["mail"] == known
    outbox.add(make(2, channel="room"))
    await dispatcher.drain()
    assert (mail.sent, room.sent) == (["d1"], ["d2"])


async def test_a_channel_that_is_gone_is_handed_back_and_its_deliveries_say_so(
    outbox: Any, start: Any, make: Make
) -> None:
    mail, room = Way("mail"), Way("room")
    dispatcher = start(mail, room)
    assert dispatcher.use({"room": room}, {}, POLICY) == (mail,)
    outbox.add(make(1))
    await dispatcher.drain()
    assert outbox.outcomes[-1][1].code == "no-channel"
    assert list(dispatcher.channels()) == ["room"]


async def test_changes_that_come_in_one_upon_another_expedite_each_channel_that_they_made_anew(
    outbox: Any, start: Any, make: Make
) -> None:
    mail, room = Way("mail", DOWN), Way("room", DOWN)
    outbox.add(make(1), make(2, channel="room"))
    dispatcher = start(mail, room)
    await dispatcher.drain()
    dispatcher.use({"mail": Way("mail"), "room": room}, {}, POLICY)
    dispatcher.use({"mail": (post := Way("mail")), "room": (hall := Way("room"))}, {}, POLICY)
    await dispatcher.drain()
    assert (post.sent, hall.sent) == (["d1"], ["d2"])


async def test_a_channel_that_is_of_another_kind_now_keeps_the_pace_of_that_kind() -> None:
    paces = {
        "email": Pace(timedelta(seconds=1), burst=20, per="channel"),
        "apprise": Pace(timedelta(seconds=1), per="channel"),
    }
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    gates = Gates(paces, 8, lambda: datetime(2026, 2, 5, tzinfo=UTC) + timedelta(seconds=sum(slept)), sleep)

    async def begin() -> int:
        return 1

    for kind in ("email", "email", "apprise", "apprise"):
        async with gates.passed(Target("desk", "room", kind, "desk"), lambda: True, begin) as number:
            assert number == 1
    assert slept == [1.0]
