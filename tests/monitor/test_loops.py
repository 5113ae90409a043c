"""What counts as hanging and what is only slow, on a clock that the test moves."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta

import pytest

from monitor.loops import Pulse, forever, queued, step

SECOND = timedelta(seconds=1)
MARGIN, PATIENCE = 60 * SECOND, 900 * SECOND


class Loops:
    """Two loops that come round while time goes by."""

    def __init__(self) -> None:
        self.now = timedelta(0)
        self.excused = False
        self.pulse = Pulse(
            ("poll", "read"), PATIENCE, lambda: self.now, margin=MARGIN, excused=lambda: self.excused
        )  # fmt: skip

    def goes(self, seconds: float, *, but: str = "") -> None:
        """Time goes by, second by second; every loop but one comes round."""
        for _ in range(int(seconds)):
            self.now += SECOND
            for name in {"poll", "read"} - {but}:
                self.pulse.beat(name)

    def hanging(self) -> list[tuple[str, str]]:
        return [(each.loop, each.doing) for each in self.pulse.hangs()]


@pytest.fixture
def loops() -> Loops:
    return Loops()


def test_a_loop_that_does_not_come_round_hangs_after_the_margin_and_is_late_after_the_patience(loops: Loops) -> None:
    loops.goes(60, but="read")
    assert loops.hanging() == []
    loops.goes(1, but="read")
    assert loops.hanging() == [("read", "its loop does not come round")]
    assert loops.pulse.late() == ()
    loops.goes(840, but="read")
    assert loops.pulse.late() == (("read", 901 * SECOND),)
    loops.goes(1)
    assert (loops.hanging(), loops.pulse.late()) == ([], ())


def test_a_step_hangs_when_its_own_time_and_the_margin_are_over_and_not_before(loops: Loops) -> None:
    with loops.pulse.work("poll", "https://a.example/feed"), step("asks a.example", 30 * SECOND):
        loops.goes(90)
        assert loops.hanging() == []
        loops.goes(1)
        assert loops.hanging() == [("poll", "https://a.example/feed: asks a.example")]
    assert loops.hanging() == []


def test_work_that_says_nothing_hangs_although_others_go_on(loops: Loops) -> None:
    with loops.pulse.work("poll", "one"):
        for _ in range(61):
            with loops.pulse.work("poll", "another"), step("asks", SECOND):
                loops.goes(1)
        assert loops.hanging() == [("poll", "one: does nothing")]


async def test_feeds_of_one_slow_host_behind_each_other_are_slow_and_do_not_hang(loops: Loops) -> None:
    """Sixteen, with a crawl delay of a minute and answers at the last moment: the last one waits for 24 minutes."""
    host = asyncio.Lock()
    went: list[int] = []

    async def poll(number: int) -> None:
        with loops.pulse.work("poll", f"feed {number}"):
            async with queued(host, "waits for its turn"):
                for doing, seconds in (("leaves the host its gap", 60), ("asks", 30)):
                    with step(doing, seconds * SECOND):
                        for _ in range(seconds // 10):
                            loops.goes(10)
                            assert loops.hanging() == []
                            await asyncio.sleep(0)
                went.append(number)

    await asyncio.gather(*(poll(number) for number in range(16)))
    assert went == list(range(16))
    assert loops.now == 24 * 60 * SECOND


async def test_a_queue_in_which_nobody_is_served_hangs(loops: Loops) -> None:
    lost = asyncio.Lock()
    await lost.acquire()  # by nobody who is at work

    async def poll() -> None:
        with loops.pulse.work("poll", "feed"):
            async with queued(lost, "waits for its turn"):
                pass

    waiting = [asyncio.create_task(poll()) for _ in range(3)]
    await asyncio.sleep(0)
    loops.goes(60)
    assert loops.hanging() == []
    loops.goes(1)
    assert loops.hanging() == [("poll", "3 wait and nothing is under way")]
    lost.release()
    await asyncio.gather(*waiting)
    assert loops.hanging() == []


def test_a_queue_may_be_served_by_another_loop_for_as_long_as_anybody_is_patient(loops: Loops) -> None:
    with loops.pulse.work("poll", "feed"), step("waits for its turn", None):
        for seconds, hangs in ((900, False), (1, True)):
            for _ in range(seconds):
                with loops.pulse.work("read", "page"), step("asks", 30 * SECOND):
                    loops.goes(1)
                    assert bool(loops.hanging()) is hangs


def test_a_service_that_waits_for_a_reason_it_knows_does_not_hang_and_starts_anew_afterwards(loops: Loops) -> None:
    with loops.pulse.work("poll", "feed"), step("waits for the store", SECOND):
        loops.excused = True
        loops.goes(5_000, but="read")
        assert (loops.hanging(), loops.pulse.late()) == ([], ())
        loops.excused = False
        loops.goes(60, but="read")
        assert loops.hanging() == []
        loops.goes(2, but="read")
        assert {loop for loop, _ in loops.hanging()} == {"poll", "read"}


def test_a_process_that_was_stopped_or_frozen_hangs_no_more_than_before(loops: Loops) -> None:
    loops.pulse.awake()
    with loops.pulse.work("poll", "feed"), step("asks", 30 * SECOND):
        loops.now += 5_000 * SECOND
        assert (loops.hanging(), loops.pulse.late()) == ([], ())
        assert loops.pulse.rounds() == {"poll": 0 * SECOND, "read": 0 * SECOND}
        loops.pulse.awake()
        loops.now += 5_000 * SECOND
        loops.pulse.awake()
        assert (loops.hanging(), loops.pulse.late()) == ([], ())


def test_an_event_loop_that_is_blocked_again_and_again_hides_no_loop_that_hangs(loops: Loops) -> None:
    for _ in range(61):
        loops.now += 20 * SECOND
        loops.pulse.awake()
        loops.now += SECOND
        loops.pulse.awake()
        loops.pulse.beat("poll")
    assert loops.hanging() == [("read", "its loop does not come round")]


def test_of_each_loop_what_hangs_for_longest_is_named(loops: Loops) -> None:
    with ExitStack() as stack:
        for name in ("early", "late"):
            stack.enter_context(loops.pulse.doing("poll", name, SECOND))
            loops.goes(10)
        loops.goes(100)
        assert loops.hanging() == [("poll", "early: at work")]


async def test_steps_of_tasks_that_outlive_the_work_that_began_them_are_seen_too(loops: Loops) -> None:
    free = asyncio.Event()

    async def write() -> None:
        with step("waits for the store", SECOND):
            await free.wait()

    with loops.pulse.work("poll", "feed"):
        writing = asyncio.create_task(write())
        await asyncio.sleep(0)
    loops.goes(62)
    assert loops.hanging() == [("poll", "feed: waits for the store")]
    free.set()
    await writing
    assert loops.hanging() == []


async def test_outside_of_watched_work_a_step_is_nothing(loops: Loops) -> None:
    with step("asks", SECOND):
        loops.goes(100)
    assert loops.hanging() == []


async def test_rings_during_a_turn_are_one_further_turn(loops: Loops) -> None:
    bell, turns = asyncio.Event(), 0

    async def turn() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            bell.set()
            bell.set()

    bell.set()
    running = asyncio.create_task(forever(bell, turn, lambda: loops.pulse.beat("poll")))
    for _ in range(10):
        await asyncio.sleep(0)
    running.cancel()
    assert (turns, loops.pulse.turns()["poll"]) == (2, 2)
