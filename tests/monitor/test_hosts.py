"""Hosts whose pages do not answer are left alone, for longer each time, and never for ever."""

from datetime import UTC, datetime, timedelta

from monitor.hosts import FIRST, LONGEST, Hosts

NOW = datetime(2031, 5, 17, 12, tzinfo=UTC)


def test_a_host_that_never_failed_may_be_asked() -> None:
    assert Hosts().closed_until("courier.example", NOW) is None


def test_one_page_that_hangs_closes_no_host() -> None:
    hosts = Hosts()
    assert hosts.was_silent("courier.example", NOW) is None
    assert hosts.closed_until("courier.example", NOW) is None


def test_a_host_silent_twice_is_left_alone_for_a_minute_and_others_are_not() -> None:
    hosts = silent_once()
    assert hosts.was_silent("courier.example", NOW) == NOW + FIRST
    assert hosts.closed_until("courier.example", NOW) == NOW + FIRST
    assert hosts.closed_until("gazette.example", NOW) is None
    assert hosts.closed_until("courier.example", NOW + FIRST) is None


def test_each_silence_in_a_row_doubles_the_wait_up_to_the_longest() -> None:
    hosts = silent_once()
    until = [hosts.was_silent("courier.example", NOW) for _ in range(8)]
    assert until == [NOW + FIRST * n for n in (1, 2, 4, 8, 16)] + [NOW + LONGEST] * 3


def test_an_answer_forgets_the_silences() -> None:
    hosts = silent_once()
    hosts.was_silent("courier.example", NOW)
    hosts.answered("courier.example")
    assert hosts.closed_until("courier.example", NOW) is None
    assert hosts.was_silent("courier.example", NOW) is None


def test_a_clock_set_back_closes_no_host_for_a_day() -> None:
    hosts = silent_once()
    hosts.was_silent("courier.example", NOW)
    assert hosts.closed_until("courier.example", NOW - timedelta(days=1)) is None


def silent_once() -> Hosts:
    hosts = Hosts()
    hosts.was_silent("courier.example", NOW)
    return hosts


def test_hosts_that_are_asked_no_more_are_forgotten_in_the_long_run() -> None:
    hosts = Hosts()
    for n in range(10_000):
        hosts.was_silent(f"gone-{n}.example", NOW + n * timedelta(minutes=10))
    assert len(hosts._silent) <= 1_001
    latest = NOW + 10_000 * timedelta(minutes=10)
    assert hosts.was_silent("gone-9999.example", latest) == latest + FIRST
