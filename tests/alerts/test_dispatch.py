"""The outbox loop: order, isolation, the breaker, pace, stopping. Channels are scripted, the clock is fake."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alerts.channels.email import EmailChannel, EmailConfig
from alerts.channels.slack import SlackChannel, SlackConfig
from alerts.dispatch import Dispatcher, Drained
from alerts.kinds import Pace
from alerts.records import Delivery, Next, Outcome
from alerts.retry import RetryPolicy

Make = Callable[..., Delivery]
OK = Outcome("sent", "ok")
DOWN = Outcome("transient", "unreachable", "refused")
DENIED = Outcome("bad_credential", "535", "no")
# Without jitter: the waits are 10 s, 20 s, 40 s …, so that a test can say when.
POLICY = RetryPolicy(base=timedelta(seconds=10), floor=timedelta(days=1), caps={})


@dataclass
class Script:
    """A channel that answers as told: per delivery id, else `default`. A callable is awaited, an exception raised."""

    name: str
    default: Any = OK
    answers: dict[str, list[Any]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    seen: list[Delivery] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def send(self, delivery: Delivery) -> Outcome:
        self.sent.append(delivery.id)
        self.seen.append(delivery)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            waiting = self.answers.get(delivery.id)
            answer = waiting.pop(0) if waiting else self.default
            if callable(answer):
                answer = await answer()
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, Outcome)
            return answer
        finally:
            self.at_once -= 1

    async def close(self) -> None: ...


@dataclass
class Log:
    lines: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **values: object) -> None:
        self.lines.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        self.lines.append(("warning", event, values))

    def error(self, event: str, **values: object) -> None:
        self.lines.append(("error", event, values))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def dispatcher(outbox: Any, clock: Any, log: Log) -> Callable[..., Dispatcher]:
    def make(*channels: Any, **more: Any) -> Dispatcher:
        named = {channel.name: channel for channel in channels}
        return Dispatcher(outbox, named, clock, more.pop("policy", POLICY), log, **{"paces": {}, **more})

    return make


@pytest.fixture
def make(delivery_for: Make) -> Make:
    """Deliveries d1, d2 … made one second apart, to `mail` unless said otherwise."""

    def numbered(number: int, address: str = "a@example.org", **more: Any) -> Delivery:
        kind, channel = more.pop("kind", "email"), more.pop("channel", "mail")
        base = delivery_for(kind, address, channel=channel, id=f"d{number}", event_id=f"ev{number}")
        return replace(base, created=base.created - timedelta(seconds=100 - number), **more)

    return numbered


async def test_what_is_due_is_sent_and_recorded(outbox: Any, dispatcher: Any, make: Make, log: Log) -> None:
    outbox.add(make(1), make(2, "b@example.org"))
    assert await dispatcher(Script("mail")).drain() == Drained(sent=2)
    assert {row.state for row in outbox.rows.values()} == {"sent"}
    assert [(level, event) for level, event, _ in log.lines] == [("info", "delivery sent")] * 2


async def test_whoever_listens_hears_of_each_attempt_once_it_is_recorded(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(make(1), make(2, "b@example.org"))
    heard: list[tuple[str, str, str]] = []

    def hear(delivery: Delivery, outcome: Outcome, then: Next, now: datetime) -> None:
        assert outbox.rows[delivery.id].state == then.state
        assert now == clock()
        heard.append((delivery.id, outcome.kind, then.state))

    mail = Script("mail", answers={"d2": [Outcome("bad_target", "550")]})
    await dispatcher(mail, attempted=hear).drain()
    assert sorted(heard) == [("d1", "sent", "sent"), ("d2", "bad_target", "dead")]


async def test_the_attempt_is_recorded_before_the_network_is_touched(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1))
    mail = Script("mail")

    async def look() -> Outcome:
        assert outbox.journal == [("begin", "d1")]
        assert outbox.rows["d1"].state == "leased"
        return OK

    mail.answers["d1"] = [look]
    assert await dispatcher(mail).drain() == Drained(sent=1)
    assert outbox.journal == [("begin", "d1"), ("sent", "d1")]


async def test_a_target_gets_its_messages_one_at_a_time_and_in_order(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(*(make(number) for number in range(1, 10)))
    mail = Script("mail")
    await dispatcher(mail).drain()
    assert mail.sent == [f"d{number}" for number in range(1, 10)]
    assert mail.most_at_once == 1


async def test_targets_are_served_side_by_side_but_no_wider_than_told(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 10)))
    mail = Script("mail")
    await dispatcher(mail, width=3).drain()
    assert mail.most_at_once == 3


async def test_one_dead_recipient_blocks_nobody(outbox: Any, dispatcher: Any, make: Make, log: Log) -> None:
    outbox.add(make(1), make(2, "b@example.org"), make(3))
    mail = Script("mail", answers={"d1": [Outcome("bad_target", "550", "no such user")]})
    assert await dispatcher(mail).drain() == Drained(sent=2, dead=1)
    assert [line[2]["delivery_id"] for line in log.lines if line[0] == "error"] == ["d1"]


async def test_what_fails_for_now_is_tried_again_when_due(outbox: Any, dispatcher: Any, make: Make, clock: Any) -> None:
    outbox.add(make(1))
    mail = Script("mail", answers={"d1": [DOWN, DOWN]})
    loop = dispatcher(mail)
    assert await loop.drain() == Drained(retried=1)
    assert await loop.drain() == Drained()
    clock.advance(seconds=10)
    assert await loop.drain() == Drained(retried=1)
    clock.advance(seconds=19)
    assert await loop.drain() == Drained()
    clock.advance(seconds=1)
    assert await loop.drain() == Drained(sent=1)


@pytest.mark.parametrize(("by_hand", "state"), [(False, "dead"), (True, "retry")])
async def test_what_a_person_has_tried_again_is_tried_for_as_long_as_anything_new(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, by_hand: bool, state: str
) -> None:
    old = replace(make(1), attempts=40, created=clock.now - timedelta(days=3))
    outbox.add(replace(old, revived=clock.now) if by_hand else old)
    await dispatcher(Script("mail", default=DOWN)).drain()
    assert outbox.rows["d1"].state == state


@pytest.mark.parametrize("rounds", [*range(1, 16), 40, 200])
async def test_after_an_outage_everything_arrives_in_order(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, rounds: int
) -> None:
    outbox.add(*(make(number) for number in range(1, 8)))
    mail = Script("mail", default=DOWN)
    loop = dispatcher(mail)
    for _ in range(rounds):
        await loop.drain()
        clock.advance(minutes=2)
    assert not any(outbox.rows[f"d{number}"].attempts for number in range(3, 8))  # two are enough to see it
    mail.default = OK
    mail.sent.clear()
    for _ in range(400):
        await loop.drain()
        clock.advance(seconds=10)
    assert mail.sent == [f"d{number}" for number in range(1, 8)]


async def test_a_delivery_that_fails_for_ever_does_not_hold_the_others_up(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(*(make(number) for number in range(1, 5)))
    mail = Script("mail", answers={"d1": [DOWN] * 100})
    loop = dispatcher(mail)
    for _ in range(6):
        await loop.drain()
        clock.advance(seconds=15)
    assert {row.id for row in outbox.rows.values() if row.state == "sent"} == {"d2", "d3", "d4"}
    outbox.add(make(5))
    await loop.drain()
    assert (outbox.rows["d1"].state, outbox.rows["d5"].state) == ("retry", "sent")


async def test_an_update_does_not_overtake_the_message_that_it_updates_and_that_fails_for_ever(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(make(1), replace(make(2), event_id="ev1"), make(3))
    mail = Script("mail", answers={"d1": [DOWN] * 4})
    loop = dispatcher(mail)
    for _ in range(3):
        await loop.drain()
        clock.advance(seconds=20)
    assert mail.sent == ["d1", "d1", "d1", "d3"]
    clock.advance(minutes=10)
    await loop.drain()
    clock.advance(minutes=10)
    await loop.drain()
    assert mail.sent[4:] == ["d1", "d1", "d2"]


async def test_a_far_end_that_asks_for_time_is_not_asked_again_before(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(make(1), make(2))
    mail = Script("mail", answers={"d1": [replace(DOWN, retry_after=timedelta(seconds=47))]})
    loop = dispatcher(mail)
    await loop.drain()
    clock.advance(seconds=46)
    await loop.drain()
    assert mail.sent == ["d1"]
    clock.advance(seconds=1)
    assert await loop.drain() == Drained(sent=2)


async def test_refused_credentials_pause_the_channel_and_no_other(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 6)))
    outbox.add(make(6, "C1", channel="chat"))
    mail, chat = Script("mail", default=DENIED), Script("chat")
    loop = dispatcher(mail, chat, width=1)
    assert await loop.drain() == Drained(sent=1, retried=1)
    assert (mail.sent, chat.sent) == (["d1"], ["d6"])
    clock.advance(minutes=9)
    await loop.drain()
    assert mail.sent == ["d1"]
    clock.advance(minutes=1)
    await loop.drain()
    assert mail.sent == ["d1", "d1"]  # one probe
    mail.default = OK
    clock.advance(minutes=10)
    assert await loop.drain() == Drained(sent=5)
    assert {row.state for row in outbox.rows.values()} == {"sent"}


async def test_a_channel_that_was_refused_is_probed_by_one_delivery_of_all_targets(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 6)))
    mail = Script("mail", default=DENIED)
    loop = dispatcher(mail)
    await loop.drain()
    mail.sent.clear()
    clock.advance(minutes=10)
    await loop.drain()
    assert mail.sent == ["d1"]


async def test_an_answer_that_comes_in_after_the_refusal_does_not_end_the_pause(
    outbox: Any, dispatcher: Any, make: Make
) -> None:
    async def late() -> Outcome:
        await asyncio.sleep(0.02)
        return DOWN

    outbox.add(make(1), make(2, "b@example.org"))
    mail = Script("mail", answers={"d1": [DENIED], "d2": [late]})
    loop = dispatcher(mail)
    assert await loop.drain() == Drained(retried=2)
    outbox.add(make(3, "c@example.org"))
    assert await loop.drain() == Drained()


async def test_an_exception_in_one_channel_counts_as_ambiguous_and_says_nothing_secret(
    outbox: Any, dispatcher: Any, make: Make, log: Log
) -> None:
    outbox.add(make(1), make(2, "C1", channel="chat"))
    mail = Script("mail", answers={"d1": [ValueError("made-up-password")]})
    assert await dispatcher(mail, Script("chat")).drain() == Drained(sent=1, retried=1)
    kinds = {name: outcome.kind for name, outcome, _ in outbox.outcomes}
    assert kinds == {"d1": "ambiguous", "d2": "sent"}
    assert "made-up-password" not in repr((outbox.outcomes, log.lines))
    assert [values["error"] for level, event, values in log.lines if event == "channel raised"] == ["ValueError"]


async def test_a_fault_of_the_outbox_is_raised(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1))
    outbox.broken = True
    with pytest.raises(RuntimeError, match="the disk is gone"):
        await dispatcher(Script("mail")).drain()


async def test_a_channel_that_is_no_longer_configured_is_named(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1))
    assert await dispatcher(Script("chat")).drain() == Drained(dead=1)
    assert "'mail'" in outbox.outcomes[0][1].detail


async def test_what_was_made_for_another_kind_of_channel_is_not_sent_by_this_one(
    outbox: Any, dispatcher: Any, make: Make
) -> None:
    outbox.add(make(1, kind="slack"), make(2, "b@example.org"))
    mail = Script("mail")
    assert await dispatcher(mail, kinds={"mail": "email"}).drain() == Drained(sent=1, dead=1)
    assert mail.sent == ["d2"]
    (_, outcome, then) = outbox.outcomes[0]
    assert (outcome.code, then.rule) == ("other-kind", "bad-target")
    assert outcome.detail == (
        "mail is of kind email now and this was made for slack; `parley alerts resend al1` makes it anew"
    )


async def test_held_deliveries_do_not_hide_the_others(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(*(make(number) for number in range(1, 60)), make(60, "b@example.org"))
    mail = Script("mail", answers={"d1": [DOWN]})
    loop = dispatcher(mail, batch=5)
    assert await loop.drain() == Drained(sent=1, retried=1)
    assert outbox.rows["d60"].state == "sent"


async def test_a_reply_read_before_its_thread_began_still_finds_it(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(replace(make(1), event_id="ev"), replace(make(2), event_id="ev"), make(3))
    mail = Script("mail", answers={"d1": [Outcome("sent", "ok", reference="1.5")]})
    await dispatcher(mail).drain()
    assert [delivery.thread for delivery in mail.seen] == [None, "1.5", None]


async def test_slack_gets_one_message_a_second_per_target(outbox: Any, dispatcher: Any, make: Make, clock: Any) -> None:
    outbox.add(*(make(number, "C1", kind="slack") for number in range(1, 4)), make(4, "C2", kind="slack"))
    times: list[tuple[str, datetime]] = []
    mail = Script("mail")
    inner = mail.send

    async def send(delivery: Delivery) -> Outcome:
        times.append((delivery.target.address, clock()))
        return await inner(delivery)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    mail.send = send
    await dispatcher(mail, paces={"slack": Pace(timedelta(seconds=1))}, sleep=sleep).drain()
    first = [at for address, at in times if address == "C1"]
    assert [(later - earlier).total_seconds() for earlier, later in pairwise(first)] == [1, 1]
    assert next(at for address, at in times if address == "C2") == first[0]


async def eventually(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 - what is waited for is in plain records of the far end
            await asyncio.sleep(0.005)


async def test_a_hanging_target_keeps_only_itself_waiting(outbox: Any, dispatcher: Any, make: Make) -> None:
    release = asyncio.Event()

    async def hang() -> Outcome:
        await release.wait()
        return OK

    mail = Script("mail", answers={"d1": [hang]})
    wake = asyncio.Event()
    outbox.add(make(1), make(2, "b@example.org"))
    running = asyncio.create_task(dispatcher(mail).run(wake))
    await eventually(lambda: outbox.rows["d2"].state == "sent")
    outbox.add(make(3, "c@example.org"))
    wake.set()
    await eventually(lambda: outbox.rows["d3"].state == "sent")
    assert outbox.rows["d1"].state == "leased"
    release.set()
    await eventually(lambda: outbox.rows["d1"].state == "sent")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_loop_sleeps_until_the_next_is_due(outbox: Any, dispatcher: Any, make: Make, clock: Any) -> None:
    outbox.add(replace(make(1), next_at=clock.now + timedelta(seconds=0.1)))
    mail = Script("mail")
    running = asyncio.create_task(dispatcher(mail).run(asyncio.Event()))
    await asyncio.sleep(0.03)
    assert mail.sent == []
    clock.advance(seconds=1)
    await eventually(lambda: mail.sent == ["d1"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_crash_left_is_recovered_and_sent(outbox: Any, dispatcher: Any, make: Make, log: Log) -> None:
    outbox.add(replace(make(1), state="leased", attempts=1))
    running = asyncio.create_task(dispatcher(Script("mail")).run(asyncio.Event()))
    await eventually(lambda: outbox.rows["d1"].state == "sent")
    assert log.lines[0][:2] == ("warning", "deliveries recovered")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_stop_finishes_what_is_under_way_and_starts_nothing(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1), make(2))
    started = asyncio.Event()

    async def slow() -> Outcome:
        started.set()
        await asyncio.sleep(0.1)
        return OK

    running = asyncio.create_task(dispatcher(Script("mail", answers={"d1": [slow]})).run(asyncio.Event()))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (outbox.rows["d1"].state, outbox.rows["d2"].state) == ("sent", "pending")


async def test_a_send_that_outlasts_the_grace_is_cut_and_ambiguous(
    outbox: Any, dispatcher: Any, make: Make, log: Log
) -> None:
    outbox.add(make(1))
    started = asyncio.Event()

    async def endless() -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return OK

    loop = dispatcher(Script("mail", answers={"d1": [endless]}), grace=timedelta(seconds=0.05))
    running = asyncio.create_task(loop.run(asyncio.Event()))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row = outbox.rows["d1"]
    assert (row.state, row.attempts, row.lease_until) == ("ambiguous", 1, None)
    assert ("warning", "sends cut at stop") in [line[:2] for line in log.lines]


async def test_a_send_that_was_accepted_is_recorded_even_when_cut(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1))
    writing = asyncio.Event()
    finish = outbox.finish

    async def slow_finish(*arguments: Any) -> None:
        writing.set()
        await asyncio.sleep(0.1)
        await finish(*arguments)

    outbox.finish = slow_finish
    running = asyncio.create_task(dispatcher(Script("mail"), grace=timedelta(0)).run(asyncio.Event()))
    await writing.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert outbox.rows["d1"].state == "sent"


# --- the breaker, and what a far end asks for -------------------------------------------------------------------------

UNREACHABLE = Outcome("transient", "unreachable", "refused", wide=True)


def events(log: Log) -> list[str]:
    return [event for _, event, _ in log.lines if event.startswith("channel")]


async def test_a_channel_that_is_down_is_tried_with_its_oldest_message_once_a_minute(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, log: Log
) -> None:
    outbox.add(*(make(number, f"{number % 8}@example.org") for number in range(1, 17)), make(17, "C1", channel="chat"))
    mail, chat = Script("mail", default=UNREACHABLE), Script("chat")
    loop = dispatcher(mail, chat)
    await loop.drain()
    assert len(mail.sent) == 8  # one for each lane that was under way when the fifth failed
    mail.sent.clear()
    for _ in range(9):
        clock.advance(seconds=59)
        await loop.drain()
        clock.advance(seconds=1)
        await loop.drain()
    assert mail.sent == ["d1"] * 9
    assert all(row.attempts <= 1 for row in outbox.rows.values() if row.id != "d1")
    health = loop.channels()
    assert (health["mail"].state, health["mail"].because, health["mail"].failures) == (
        "open",
        "unreachable refused",
        17,
    )
    assert (health["mail"].since, health["mail"].last_sent) == (clock.now - timedelta(minutes=9), None)
    assert (health["chat"].state, health["chat"].last_sent) == ("closed", clock.now - timedelta(minutes=9))
    mail.default = OK
    mail.sent.clear()
    clock.advance(minutes=1)
    # Nobody waits for what is left of a back-off.
    assert await loop.drain() == Drained(sent=16)
    assert mail.sent[0] == "d1"
    assert events(log) == ["channel down", "channel up"]
    assert log.lines[[line[1] for line in log.lines].index("channel up")][2]["waiting"] == 15
    assert loop.channels()["mail"].state == "closed"


async def test_a_clock_that_is_set_back_keeps_nothing_waiting(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 9)))
    mail = Script("mail", default=UNREACHABLE)
    loop = dispatcher(mail)
    await loop.drain()
    assert loop.channels()["mail"].state == "open"
    outbox.add(replace(make(9), created=clock.now, next_at=clock.now))
    clock.advance(days=-400)
    mail.default = OK
    assert await loop.drain() == Drained(sent=9)
    assert loop.channels()["mail"].state == "closed"


async def test_what_fails_for_one_target_alone_does_not_take_its_channel_for_down(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, log: Log
) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 10)))
    mail = Script("mail", default=DOWN)
    loop = dispatcher(mail)
    for _ in range(5):
        await loop.drain()
        clock.advance(minutes=10)
    outbox.add(make(20, "fine@example.org"))
    mail.answers["d20"] = [OK]
    assert (await loop.drain()).sent == 1
    assert events(log) == []


async def test_one_message_that_looks_like_an_outage_keeps_the_others_waiting_for_ten_minutes_at_most(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    mail = Script("mail", answers={"d1": [UNREACHABLE] * 100})
    loop = dispatcher(mail)
    outbox.add(make(1))
    for _ in range(6):
        await loop.drain()
        clock.advance(minutes=10)
    assert loop.channels()["mail"].state == "open"
    outbox.add(make(2), make(3, "b@example.org"))
    for _ in range(10):
        await loop.drain()
        clock.advance(minutes=1)
    assert [outbox.rows[name].state for name in ("d1", "d2", "d3")] == ["retry", "sent", "sent"]
    assert loop.channels()["mail"].state == "closed"


async def test_a_probe_s_target_that_is_gone_does_not_keep_its_channel_shut(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 4)))
    mail = Script("mail", answers={"d1": [DENIED, Outcome("bad_target", "550", "no such user")]})
    loop = dispatcher(mail, width=1)
    await loop.drain()
    clock.advance(minutes=10)
    assert await loop.drain() == Drained(sent=2, dead=1)


async def test_what_the_far_end_asked_for_outlasts_the_channel_s_coming_back(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    asks = Outcome("transient", "429", "slow down", retry_after=timedelta(hours=2))
    outbox.add(make(1), make(2), *(make(number, f"{number}@example.org") for number in range(3, 9)))
    mail = Script("mail", default=UNREACHABLE, answers={"d1": [asks]})
    loop = dispatcher(mail)
    await loop.drain()
    assert loop.channels()["mail"].state == "open"
    mail.default = OK
    clock.advance(minutes=1)
    assert await loop.drain() == Drained(sent=6)  # tried with d3: d1's far end is not asked
    assert [outbox.rows[name].state for name in ("d1", "d2")] == ["retry", "pending"]
    clock.advance(minutes=118)
    assert await loop.drain() == Drained()
    clock.advance(minutes=1)
    assert await loop.drain() == Drained(sent=2)


async def test_a_far_end_that_asks_everybody_to_wait_is_asked_by_nobody_before(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    asks = Outcome("transient", "429", "slow down", retry_after=timedelta(seconds=7), wide=True)
    outbox.add(make(1), make(2, "b@example.org"))
    mail = Script("mail", answers={"d1": [asks]})
    loop = dispatcher(mail, width=1)
    await loop.drain()
    assert mail.sent == ["d1"]
    clock.advance(seconds=6.9)
    await loop.drain()
    assert mail.sent == ["d1"]
    clock.advance(seconds=0.1)
    await loop.drain()
    assert mail.sent[:2] == ["d1", "d2"]


async def test_held_deliveries_are_released_before_what_is_due_is_asked_for(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    outbox.add(make(1, state="held", rule="quiet", next_at=clock.now + timedelta(minutes=1)))
    loop = dispatcher(Script("mail"))
    assert await loop.drain() == Drained()
    clock.advance(minutes=1)
    assert await loop.drain() == Drained(sent=1)


async def test_a_restart_tries_at_once_what_waited_for_a_back_off_and_in_order(
    outbox: Any, dispatcher: Any, make: Make, clock: Any
) -> None:
    late = clock.now + timedelta(minutes=20)
    outbox.add(make(1, state="retry", attempts=9, rule="back-off", next_at=late), make(2))
    mail = Script("mail")
    running = asyncio.create_task(dispatcher(mail).run(asyncio.Event()))
    await eventually(lambda: outbox.rows["d2"].state == "sent")
    assert mail.sent == ["d1", "d2"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_waits_for_its_pace_ends_at_once_when_told_to_stop(outbox: Any, dispatcher: Any, make: Make) -> None:
    outbox.add(make(1, kind="slack"), make(2, kind="slack"))
    started = asyncio.Event()

    async def sleep(seconds: float) -> None:
        started.set()
        await asyncio.Event().wait()

    rounds: list[None] = []
    loop = dispatcher(
        Script("mail"),
        paces={"slack": Pace(timedelta(hours=1))},
        sleep=sleep,
        progress=lambda: rounds.append(None),
        grace=timedelta(seconds=30),
    )
    running = asyncio.create_task(loop.run(asyncio.Event()))
    async with asyncio.timeout(5):
        await started.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (outbox.rows["d2"].state, outbox.rows["d2"].attempts) == ("pending", 0)
    assert rounds


# --- real far ends ----------------------------------------------------------------------------------------------------


def mails_to(port: int, **more: Any) -> EmailChannel:
    short = timedelta(seconds=5)
    config = EmailConfig("127.0.0.1", port, "bounce@parley.example", security="none", hello="localhost", timeout=short)
    return EmailChannel("mail", replace(config, **more))


async def test_slack_that_asks_for_seven_seconds_is_asked_again_after_seven(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, slack: Any, slack_payload: bytes
) -> None:
    slack.script = [web.json_response({"ok": False}, status=429, headers={"Retry-After": "7"})]
    outbox.add(make(1, "C1", kind="slack", payload=slack_payload), make(2, "C1", kind="slack", payload=slack_payload))
    loop = dispatcher(SlackChannel("mail", SlackConfig("xoxb-made-up", slack.base_url)), policy=RetryPolicy())
    await loop.drain()
    clock.advance(seconds=6.99)
    assert await loop.drain() == Drained()
    assert len(slack.requests) == 1
    clock.advance(seconds=0.01)
    assert await loop.drain() == Drained(sent=2)


async def test_greylisting_is_waited_out_and_an_unknown_mailbox_costs_nobody_else(
    outbox: Any, dispatcher: Any, make: Make, clock: Any, postbox: Any, mail_server: Any
) -> None:
    addresses = ("grey@example.org", "gone@example.org", "fine@example.org")
    postbox.rcpt = {addresses[0]: "451 4.7.1 Greylisted", addresses[1]: "550 5.1.1 No such user"}
    outbox.add(*(make(number, address) for number, address in enumerate(addresses, 1)))
    loop = dispatcher(mails_to(await mail_server(postbox)))
    assert await loop.drain() == Drained(sent=1, retried=1, dead=1)
    assert [outbox.rows[f"d{number}"].state for number in (1, 2, 3)] == ["retry", "dead", "sent"]
    postbox.rcpt = {}
    clock.advance(minutes=30)
    assert await loop.drain() == Drained(sent=1)
    assert loop.channels()["mail"].state == "closed"


async def test_a_refused_password_shuts_its_channel_until_it_is_right(
    outbox: Any,
    dispatcher: Any,
    make: Make,
    clock: Any,
    log: Log,
    postbox: Any,
    mail_server: Any,
    server_tls: Any,
    cafile: Path,
) -> None:
    port = await mail_server(postbox, starttls=server_tls(), auth=True)
    outbox.add(*(make(number, f"{number}@example.org") for number in range(1, 6)), make(6, "C1", channel="chat"))
    wrong = mails_to(port, security="starttls", cafile=cafile, username="parley", password="made-up-and-wrong")
    loop = dispatcher(wrong, Script("chat"), width=1)
    assert await loop.drain() == Drained(sent=1, retried=1)
    health = loop.channels()["mail"]
    assert (health.state, health.because[:3]) == ("open", "535")
    assert "made-up-and-wrong" not in repr((health, log.lines))
    clock.advance(minutes=9, seconds=59)
    assert await loop.drain() == Drained()
    postbox.login = (b"parley", b"made-up-and-wrong")
    clock.advance(seconds=1)
    assert await loop.drain() == Drained(sent=5)
