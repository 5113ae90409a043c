"""The dispatcher on the real store in virtual time: outages, rates, stops, and whatever the far ends may answer."""

import asyncio
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerts.dispatch import Dispatcher
from alerts.records import WAITING, Alert, Delivery, Outcome, Source, Target
from alerts.retry import SUSPECT, RetryPolicy
from monitor.store import Store, alerts, deliveries, open_store
from monitor.store.outbox import StoreOutbox
from monitor.store.threads import StoreThread
from simulated.virtual import START, VirtualLoop

pytestmark = pytest.mark.slow

OK = Outcome("sent", "ok")
DOWN = Outcome("transient", "unreachable", "connection refused", wide=True)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CHAT = tuple(Target(name, "chat", "slack", f"#{name}") for name in ("north", "south", "west"))
MAIL = tuple(Target(name, "mail", "email", f"{name}@example.org") for name in ("anna", "boris", "clara"))


@dataclass
class FarEnd:
    """A channel whose far end takes `takes` to answer what `answer` says; it notes each attempt and each acceptance.

    It fails the test when a delivery, or two of one target, are sent at once.
    """

    name: str
    clock: Callable[[], datetime]
    answer: Callable[[Delivery, datetime], Outcome]
    takes: timedelta = SECOND / 2
    tried: list[tuple[datetime, Delivery]] = field(default_factory=list)
    taken: list[tuple[datetime, Delivery]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)

    async def send(self, delivery: Delivery) -> Outcome:
        address = delivery.target.address
        assert address not in self.busy, f"two at once to {address}"
        self.busy.add(address)
        self.tried.append((self.clock(), delivery))
        try:
            await asyncio.sleep(self.takes.total_seconds())
            outcome = self.answer(delivery, self.clock())
            if outcome.kind == "sent":
                self.taken.append((self.clock(), delivery))
            return outcome
        finally:
            self.busy.discard(address)

    async def close(self) -> None: ...


@dataclass
class Log:
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **values: object) -> None:
        self.lines.append((event, values))

    warning = error = info

    def of(self, event: str) -> list[dict[str, Any]]:
        return [values for name, values in self.lines if name == event]


def post(store: Store, number: int, targets: Iterable[Target], now: datetime, event: str = "") -> None:
    """An alert of an event (of its own unless said) and its deliveries, as `monitor.mailing` would write them."""
    source = Source("https://a.example/1", None, "A", "a", None, now)
    alert = Alert(
        f"al{number:04}", "new", "w", "talks_round", "agreed", event or f"ev{number:04}", "Talks", None, None, None,
        None, {}, (), source, (), 1, 1, (), now,
    )  # fmt: skip
    made = [
        Delivery(f"{alert.id} {target.address}", alert.id, alert.event_id, target, b"hello", now, next_at=now)
        for target in targets
    ]
    with store.write() as tx:
        alerts.add(tx, alert, made)


def outbox_of(thread: StoreThread) -> StoreOutbox:
    return StoreOutbox(thread, lambda tx, now: deliveries.recover(tx, now, expired_only=True))


def states(store: Store) -> Counter[str]:
    with store.read() as tx:
        return Counter(each.state for each in deliveries.all_deliveries(tx))


# --- an outage of six hours -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """What came of ten hours: who took what when, how often it was tried, what the log says."""

    taken: Mapping[str, list[tuple[datetime, Delivery]]]
    tried: Mapping[str, list[tuple[datetime, Delivery]]]
    log: Log
    states: Counter[str]
    rounds: int

    def delays(self, channel: str) -> tuple[float, float]:
        """Median and 95th percentile of the seconds from the alert to its acceptance."""
        waits = sorted((at - each.created).total_seconds() for at, each in self.taken[channel])
        return statistics.median(waits), waits[int(len(waits) * 0.95)]


DOWN_FROM = START + 7 * MINUTE


@cache
def day(down: str | None, outage: timedelta, events: int = 40) -> Day:
    """Events for 3 recipients on each of two channels, one of which is down while four fifths of them come.

    They come four at a time: the rates bite.
    """
    gap = outage.total_seconds() / (events / 4 - 2)

    def answer(name: str) -> Callable[[Delivery, datetime], Outcome]:
        return lambda _delivery, now: DOWN if name == down and DOWN_FROM <= now < DOWN_FROM + outage else OK

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        store = open_store("sqlite://")
        thread = StoreThread(store)
        ends = {name: FarEnd(name, loop.now, answer(name)) for name in ("chat", "mail")}
        log, rounds = Log(), Counter[str]()
        dispatcher = Dispatcher(
            outbox_of(thread), ends, loop.now, RetryPolicy(), log, progress=lambda: rounds.update(["come round"])
        )

        async def live() -> None:
            wake = asyncio.Event()
            running = asyncio.create_task(dispatcher.run(wake))
            for number in range(events):
                if number % 4 == 0:
                    await asyncio.sleep(gap if number else 60)
                post(store, number, (*CHAT, *MAIL), loop.now())
                wake.set()
            await asyncio.sleep(gap)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        runner.run(live())
        found = states(store)
        thread.close()
        store.close()
    return Day(
        {name: end.taken for name, end in ends.items()},
        {name: end.tried for name, end in ends.items()},
        log,
        found,
        rounds["come round"],
    )


@pytest.mark.parametrize(("down", "other", "rate"), [("chat", "mail", 3), ("mail", "chat", 1)])
@pytest.mark.parametrize(
    ("hours", "events"), [(0.5, 20), pytest.param(6, 40, marks=pytest.mark.slow)], ids=["half an hour", "six hours"]
)
def test_a_channel_that_is_down_loses_nothing_and_delays_nobody_else(
    down: str, other: str, rate: int, hours: float, events: int
) -> None:
    calm, seen = day(None, hours * HOUR, events), day(down, hours * HOUR, events)
    up_again = DOWN_FROM + hours * HOUR
    assert seen.states == {"sent": events * 6}
    by_target: dict[str, list[str]] = defaultdict(list)
    for _, each in seen.taken[down]:
        by_target[each.target.address].append(each.event_id)
    assert all(told == [f"ev{number:04}" for number in range(events)] for told in by_target.values())
    assert len(by_target) == 3
    late = [(at, each) for at, each in seen.taken[down] if DOWN_FROM <= each.created < up_again]
    done = max(at for at, _ in late) - up_again
    tried = Counter(each.id for _, each in seen.tried[down])
    print(
        f"\n{down} down for {hours} h: {len(late)} waited, all sent {done.total_seconds():.0f} s after it was up; "
        f"{sum(tried.values())} attempts at {len(tried)} deliveries, {sum(n == 1 for n in tried.values())} of them once"
        f"; delay of {other} p50/p95 {seen.delays(other)} s, without the outage {calm.delays(other)} s"
        f"; delay of {down} p50/p95 {seen.delays(down)} s, without the outage {calm.delays(down)} s"
    )
    assert len(late) >= events * 1.8
    # A minute until the next probe, then what waited, one a second for each target or for the channel.
    assert done <= MINUTE + len(late) / rate * SECOND + 5 * SECOND
    # A probe a minute, each tenth of them with a second delivery, and what it took to see that the channel is down.
    assert sum(tried.values()) <= events * 3 + hours * 66 + 10
    assert sum(n > 2 for n in tried.values()) <= 4
    assert seen.delays(other) == pytest.approx(calm.delays(other), rel=0.01)
    assert len(seen.log.of("channel down")) == len(seen.log.of("channel up")) == 1
    assert seen.log.of("channel up")[0]["waiting"] == len(late) - 1
    assert seen.rounds > hours * 100
    _keeps_the_rate(seen.tried[down])


def _keeps_the_rate(tried: Iterable[tuple[datetime, Delivery]]) -> None:
    """One message a second after a rest's burst: of three for each target of Slack, of twenty for a mail server."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for at, each in tried:
        moments[each.target.address if each.target.kind == "slack" else ""].append(at)
    burst = 20 if "" in moments else 3
    for all_of_one in moments.values():
        for n in range(len(all_of_one) - burst):
            window = all_of_one[n:]
            assert all(at - window[0] >= (k - burst + 1) * SECOND for k, at in enumerate(window))


# --- a stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_with_twenty_sends_under_way_ends_within_its_grace_and_leaves_no_lease() -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        store = open_store("sqlite://")
        thread = StoreThread(store)
        slow = FarEnd("mail", loop.now, lambda *_: OK, takes=10 * MINUTE)
        quick = FarEnd("chat", loop.now, lambda *_: OK, takes=SECOND)
        dispatcher = Dispatcher(
            outbox_of(thread), {"mail": slow, "chat": quick}, loop.now, RetryPolicy(), Log(), width=20,
            grace=2 * SECOND, paces={},
        )  # fmt: skip
        for number in range(30):
            post(store, number, [Target("x", "mail", "email", f"{number}@example.org")], START)

        async def live() -> float:
            wake = asyncio.Event()
            running = asyncio.create_task(dispatcher.run(wake))
            await asyncio.sleep(60)
            assert len(slow.busy) == 20
            assert dispatcher.channels()["mail"].under_way == START
            post(store, 30, CHAT, loop.now())
            wake.set()
            await asyncio.sleep(0.1)
            assert len(quick.busy) == 3
            stopped = loop.time()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return loop.time() - stopped

        took = runner.run(live())
        # What ends within the grace is recorded as it ended, what is cut as ambiguous; the rest was never begun.
        assert states(store) == {"ambiguous": 20, "pending": 10, "sent": 3}
        with store.read() as tx:
            for each in deliveries.all_deliveries(tx, states=["ambiguous"]):
                assert each.lease_until is None
                (attempt,) = deliveries.attempts_of(tx, each.id)
                assert (attempt.outcome, attempt.code) == ("ambiguous", "stopped")
        thread.close()
        store.close()
    assert took <= 2.01


# --- whatever may happen ----------------------------------------------------------------------------------------------

ANSWERS = {
    "ok": OK,
    "down": DOWN,
    "busy": Outcome("transient", "451", "greylisted"),
    "asked": Outcome("transient", "429", "too many", retry_after=47 * SECOND),
    "asked of all": Outcome("transient", "429", "too many", retry_after=90 * SECOND, wide=True),
    "cut": Outcome("ambiguous", "cut", "reset"),
    "refused": Outcome("bad_credential", "535", "no"),
    "gone": Outcome("bad_target", "550", "no such user"),
    "too long": Outcome("bad_content", "552", "too big"),
}
ADDRESSES = [*CHAT[:2], *MAIL[:2]]


class Sending(RuleBasedStateMachine):
    """People write alerts, far ends answer as they like, the service is stopped and killed; then all is well again."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.store = open_store("sqlite://")
        self.thread = StoreThread(self.store)
        self.mood: dict[str, str] = {}
        self.poison: set[str] = set()
        self.lost: set[str] = set()
        self.ends = {name: FarEnd(name, self.loop.now, self.answer) for name in ("chat", "mail")}
        self.wake = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        self.posted = 0
        self.killed = False
        self.start()

    def answer(self, delivery: Delivery, _now: datetime) -> Outcome:
        if delivery.id in self.poison:
            return ANSWERS["busy"]
        for key in (delivery.target.channel, delivery.target.address):
            if self.mood.get(key, "ok") != "ok":
                return ANSWERS[self.mood[key]]
        return OK

    def start(self) -> None:
        self.outbox = outbox_of(self.thread)
        self.dispatcher = Dispatcher(
            self.outbox, self.ends, self.loop.now, RetryPolicy(), Log(), grace=SECOND / 5, width=2
        )
        self.running = self.loop.create_task(self.dispatcher.run(self.wake))

    def pass_time(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        assert self.running is not None
        assert not self.running.done(), self.running.exception()
        self.killed = False

    @rule(to=st.sets(st.sampled_from(ADDRESSES), min_size=1), same=st.booleans(), poison=st.booleans())
    def alert(self, to: set[Target], same: bool, poison: bool) -> None:
        self.posted += 1
        event = f"ev{(self.posted - 1) // 2 if same else 1000 + self.posted}"
        in_order = sorted(to, key=lambda target: target.address)
        post(self.store, self.posted, in_order, self.loop.now(), event)
        if poison and self.posted % 3 == 0:
            self.poison.add(f"al{self.posted:04} {in_order[0].address}")
        self.wake.set()

    @rule(
        where=st.sampled_from(["chat", "mail", *(target.address for target in ADDRESSES)]),
        mood=st.sampled_from(sorted(ANSWERS)),
    )
    def turn(self, where: str, mood: str) -> None:
        self.mood[where] = mood

    @rule(seconds=st.sampled_from([0.1, 1, 7, 47, 90, 600, 1200]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule()
    def stop(self) -> None:
        if self.killed:
            self.pass_time(0.01)  # leases that an earlier run left are taken up first
        self.end(kill=False)
        assert states(self.store)["leased"] == 0
        self.start()

    @rule()
    def kill(self) -> None:
        self.end(kill=True)
        self.start()
        self.killed = True

    def end(self, *, kill: bool) -> None:
        assert self.running is not None
        if kill:
            never = self.loop.create_future

            async def hang(*_: object) -> Any:
                await never()

            self.outbox.finish = self.outbox.begin = hang
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0.5))
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
        else:
            self.running.cancel()
        self.loop.run_until_complete(asyncio.gather(self.running, return_exceptions=True))

    @invariant()
    def everything_is_sent_dead_waiting_or_under_way(self) -> None:
        assert set(states(self.store)) <= {"sent", "dead", "leased", *WAITING}

    @invariant()
    def nothing_known_to_be_sent_is_sent_again(self) -> None:
        with self.store.read() as tx:
            for each in deliveries.all_deliveries(tx):
                tries = deliveries.attempts_of(tx, each.id)
                assert [attempt.n for attempt in tries] == list(range(1, each.attempts + 1))
                assert "sent" not in [attempt.outcome for attempt in tries[:-1]]
                assert sum(attempt.ended is None for attempt in tries) == (each.state == "leased")

    @invariant()
    def a_message_overtakes_only_what_was_given_up_or_failed_again_and_again(self) -> None:
        with self.store.read() as tx:
            rows = deliveries.all_deliveries(tx)
            tries = {each.id: deliveries.attempts_of(tx, each.id) for each in rows}
        for n, later in enumerate(rows):
            if later.state != "sent":
                continue
            begun = tries[later.id][-1].started
            failing: set[str] = set()
            for earlier in rows[:n]:
                if earlier.target != later.target:
                    continue
                before = [attempt for attempt in tries[earlier.id] if attempt.ended and attempt.ended <= begun]
                if before and before[-1].outcome in ("sent", "bad_target", "bad_content"):
                    continue
                if len(before) >= SUSPECT:
                    failing.add(earlier.event_id)  # what updates it waits with it
                assert earlier.event_id in failing, (earlier, later, tries)
                assert earlier.event_id != later.event_id, (earlier, later, tries)

    def teardown(self) -> None:
        self.mood.clear()
        self.poison.clear()
        for _ in range(24):
            self.pass_time(300)
            if set(states(self.store)) <= {"sent", "dead"}:
                break
        assert set(states(self.store)) <= {"sent", "dead"}
        with self.store.read() as tx:
            for each in deliveries.all_deliveries(tx, states=["dead"]):
                assert deliveries.attempts_of(tx, each.id)[-1].outcome in ("bad_target", "bad_content")
        taken = Counter(each.id for end in self.ends.values() for _, each in end.taken)
        with self.store.read() as tx:
            for each in deliveries.all_deliveries(tx, states=["sent"]):
                cut = [attempt for attempt in deliveries.attempts_of(tx, each.id) if attempt.outcome == "ambiguous"]
                assert 1 <= taken[each.id] <= 1 + len(cut)
        self.end(kill=False)
        self.thread.close()
        self.store.close()
        self.loop.close()


class LongSending(Sending):
    """The same, for longer."""


Sending.TestCase.settings = settings(max_examples=8, stateful_step_count=12)
LongSending.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestSending = Sending.TestCase
TestLongSending = pytest.mark.slow(pytest.mark.timeout(1800)(LongSending.TestCase))
