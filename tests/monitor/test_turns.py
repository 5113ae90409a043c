"""What is known of hosts between two requests is bounded, however many there were."""

from datetime import timedelta

from monitor.turns import Turns


async def test_hosts_that_asked_for_longer_gaps_are_forgotten_in_the_long_run() -> None:
    turns = Turns(timedelta(0))
    for n in range(30_000):
        turns.slow_down(f"host-{n}.example", timedelta(seconds=3))
    assert len(turns._slower) == 10_000
    assert "host-29999.example" in turns._slower


async def test_hosts_that_were_asked_once_are_forgotten_in_the_long_run() -> None:
    turns = Turns(timedelta(0))
    for n in range(3_000):
        async with turns.of(f"host-{n}.example"):
            pass
    assert len(turns._turns) <= 1_001
