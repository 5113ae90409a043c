"""When a message may ring: quiet hours on the days when clocks change, caps, digests, mutes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import throttle
from alerts.records import Alert
from alerts.rules import Cap, Digest, Mute, Quiet

KYIV, NEW_YORK = ZoneInfo("Europe/Kyiv"), ZoneInfo("America/New_York")
NIGHT = Quiet(time(22), time(7))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MOMENTS = st.integers(0, 48 * 365 * 24 * 60).map(lambda minutes: datetime(1990, 1, 1, tzinfo=UTC) + minutes * MINUTE)
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# In Kyiv clocks went from 03:00 to 04:00 on 30 March 2025 (01:00 UTC) and from 04:00 to 03:00 on 26 October 2025 (01:00
# UTC); in New York from 02:00 to 03:00 on 9 March 2025 (07:00 UTC) and from 02:00 to 01:00 on 2 November (06:00 UTC).
MOMENTS_OF_CHANGES = [
    (KYIV, "2025-03-30", "02:59", "2025-03-30 00:59", "2025-03-30 00:59"),
    (KYIV, "2025-03-30", "03:00", "2025-03-30 01:00", "2025-03-30 01:00"),
    (KYIV, "2025-03-30", "03:30", "2025-03-30 01:00", "2025-03-30 01:00"),
    (KYIV, "2025-03-30", "04:00", "2025-03-30 01:00", "2025-03-30 01:00"),
    (KYIV, "2025-03-30", "07:00", "2025-03-30 04:00", "2025-03-30 04:00"),
    (KYIV, "2025-10-26", "02:59", "2025-10-25 23:59", "2025-10-25 23:59"),
    (KYIV, "2025-10-26", "03:00", "2025-10-26 00:00", "2025-10-26 01:00"),
    (KYIV, "2025-10-26", "03:30", "2025-10-26 00:30", "2025-10-26 01:30"),
    (KYIV, "2025-10-26", "04:00", "2025-10-26 02:00", "2025-10-26 02:00"),
    (NEW_YORK, "2025-03-09", "01:59", "2025-03-09 06:59", "2025-03-09 06:59"),
    (NEW_YORK, "2025-03-09", "02:30", "2025-03-09 07:00", "2025-03-09 07:00"),
    (NEW_YORK, "2025-03-09", "03:00", "2025-03-09 07:00", "2025-03-09 07:00"),
    (NEW_YORK, "2025-11-02", "00:59", "2025-11-02 04:59", "2025-11-02 04:59"),
    (NEW_YORK, "2025-11-02", "01:30", "2025-11-02 05:30", "2025-11-02 06:30"),
    (NEW_YORK, "2025-11-02", "02:00", "2025-11-02 07:00", "2025-11-02 07:00"),
    # Samoa left out the whole of 30 December 2011 when it crossed the date line.
    (ZoneInfo("Pacific/Apia"), "2011-12-30", "22:00", "2011-12-30 10:00", "2011-12-30 10:00"),
]


@pytest.mark.parametrize(("zone", "day", "clock", "first", "last"), MOMENTS_OF_CHANGES)
def test_a_time_that_is_missing_or_comes_twice_is_the_first_after_it_or_either_of_the_two(
    zone: ZoneInfo, day: str, clock: str, first: str, last: str
) -> None:
    at = date.fromisoformat(day), time.fromisoformat(clock), zone
    assert throttle.moment_of(*at) == utc(first)
    assert throttle.moment_of(*at, last=True) == utc(last)


@given(MOMENTS, CLOCKS, ZONES)
def test_a_moment_of_the_clock_shows_that_time_or_is_the_first_after_a_gap(
    at: datetime, clock: time, zone: ZoneInfo
) -> None:
    wall = datetime.combine(at.date(), clock)
    first, last = (throttle.moment_of(at.date(), clock, zone, last=each) for each in (False, True))
    assert first <= last
    shown = first.astimezone(zone).replace(tzinfo=None)
    if shown == wall:
        assert last.astimezone(zone).replace(tzinfo=None) == wall
    else:
        before = (first - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < wall < shown
        assert first == last


NIGHTS = [
    # the night that lacks an hour is 8 hours long, the one with an hour twice 10
    (KYIV, NIGHT, "2025-03-29 19:59", None),
    (KYIV, NIGHT, "2025-03-29 20:00", "2025-03-30 04:00"),
    (KYIV, NIGHT, "2025-03-30 03:59", "2025-03-30 04:00"),
    (KYIV, NIGHT, "2025-03-30 04:00", None),
    (KYIV, NIGHT, "2025-03-30 18:59", None),
    (KYIV, NIGHT, "2025-03-30 19:00", "2025-03-31 04:00"),
    (KYIV, NIGHT, "2025-10-25 18:59", None),
    (KYIV, NIGHT, "2025-10-25 19:00", "2025-10-26 05:00"),
    (KYIV, NIGHT, "2025-10-26 04:59", "2025-10-26 05:00"),
    (KYIV, NIGHT, "2025-10-26 05:00", None),
    (NEW_YORK, NIGHT, "2025-03-09 02:59", None),
    (NEW_YORK, NIGHT, "2025-03-09 03:00", "2025-03-09 11:00"),
    (NEW_YORK, NIGHT, "2025-03-09 11:00", None),
    (NEW_YORK, NIGHT, "2025-11-02 02:00", "2025-11-02 12:00"),
    (NEW_YORK, NIGHT, "2025-11-02 11:59", "2025-11-02 12:00"),
    (NEW_YORK, NIGHT, "2025-11-02 12:00", None),
    # an end that does not exist, a start that does not, an end that comes twice, a start that does
    (KYIV, Quiet(time(23), time(3, 30)), "2025-03-30 00:59", "2025-03-30 01:00"),
    (KYIV, Quiet(time(3, 30), time(9)), "2025-03-30 00:59", None),
    (KYIV, Quiet(time(3, 30), time(9)), "2025-03-30 01:00", "2025-03-30 06:00"),
    (KYIV, Quiet(time(23), time(3, 30)), "2025-10-26 01:29", "2025-10-26 01:30"),
    (KYIV, Quiet(time(3, 30), time(9)), "2025-10-26 00:29", None),
    (KYIV, Quiet(time(3, 30), time(9)), "2025-10-26 00:30", "2025-10-26 07:00"),
    (NEW_YORK, Quiet(time(23), time(2, 30)), "2025-03-09 06:59", "2025-03-09 07:00"),
    (NEW_YORK, Quiet(time(1, 30), time(9)), "2025-11-02 05:30", "2025-11-02 14:00"),
    (NEW_YORK, Quiet(time(23), time(1, 30)), "2025-11-02 06:29", "2025-11-02 06:30"),
    # an hour that does not exist at all is no hour of quiet
    (KYIV, Quiet(time(3), time(4)), "2025-03-30 01:00", None),
    # 16 May 2025 is a Friday; days are those on which the hours begin
    (KYIV, Quiet(time(22), time(7), frozenset({4})), "2025-05-16 20:00", "2025-05-17 04:00"),
    (KYIV, Quiet(time(22), time(7), frozenset({4})), "2025-05-17 03:00", "2025-05-17 04:00"),
    (KYIV, Quiet(time(22), time(7), frozenset({4})), "2025-05-17 20:00", None),
    (KYIV, Quiet(time(22), time(7), frozenset({5})), "2025-05-17 03:00", None),
    # the same time twice is a whole day; days that meet are one stretch
    (KYIV, Quiet(time(0), time(0), frozenset({5, 6})), "2025-05-16 21:00", "2025-05-18 21:00"),
    (KYIV, Quiet(time(12), time(13)), "2025-05-16 09:30", "2025-05-16 10:00"),
]


@pytest.mark.parametrize(("zone", "quiet", "now", "until"), NIGHTS)
def test_quiet_hours_hold_by_the_clock_of_their_zone(zone: ZoneInfo, quiet: Quiet, now: str, until: str | None) -> None:
    hush = throttle.hushed((quiet,), zone, "normal", utc(now))
    assert (hush.until if hush else None) == (utc(until) if until else None)


def test_the_urgent_rings_at_night_and_hours_can_let_others_ring_or_none() -> None:
    at = utc("2025-05-16 21:00")
    assert throttle.hushed((NIGHT,), KYIV, "urgent", at) is None
    assert throttle.hushed((NIGHT,), KYIV, "low", at) is not None
    nobody = Quiet(time(22), time(7), bypass=frozenset())
    assert throttle.hushed((nobody,), KYIV, "urgent", at) is not None


def test_hours_that_meet_are_one_and_come_as_a_digest_when_any_of_them_does() -> None:
    quiet = (Quiet(time(18), time(22)), Quiet(time(21), time(7), then="digest"))
    hush = throttle.hushed(quiet, KYIV, "normal", utc("2025-05-16 15:30"))
    assert hush == throttle.Hush(utc("2025-05-17 04:00"), "digest")


def test_hours_that_never_end_are_looked_at_again_after_days() -> None:
    hush = throttle.hushed((Quiet(time(0), time(0)),), KYIV, "normal", utc("2025-05-16 15:30"))
    assert hush is not None
    assert timedelta(days=15) <= hush.until - utc("2025-05-16 15:30") <= timedelta(days=16)


@given(
    st.lists(st.builds(Quiet, CLOCKS, CLOCKS, st.frozensets(st.integers(0, 6), min_size=1, max_size=5))), ZONES, MOMENTS
)
def test_after_the_hours_it_may_ring_and_until_then_it_may_not(
    quiet: list[Quiet], zone: ZoneInfo, now: datetime
) -> None:
    hush = throttle.hushed(quiet, zone, "normal", now)
    if hush is None or hush.until - now > timedelta(days=14):
        return
    assert hush.until > now
    assert throttle.hushed(quiet, zone, "normal", hush.until) is None
    for share in (0.01, 0.5, 0.99):
        between = throttle.hushed(quiet, zone, "normal", now + (hush.until - now) * share)
        assert between is not None
        assert between.until == hush.until


@given(CLOCKS, CLOCKS, ZONES, MOMENTS)
def test_quiet_is_never_shorter_than_the_clock_promises(start: time, end: time, zone: ZoneInfo, now: datetime) -> None:
    """Whatever a clock on the wall shows within the hours is within them, also the second time it shows it."""
    shown = now.astimezone(zone).time()
    within = start <= shown < end if start < end else (shown >= start or shown < end)
    if within:
        assert throttle.hushed((Quiet(start, end),), zone, "normal", now) is not None


DIGESTS = [
    (KYIV, Digest(time(8)), "2025-05-16 04:59", "2025-05-16 05:00"),
    (KYIV, Digest(time(8)), "2025-05-16 05:00", "2025-05-17 05:00"),
    (KYIV, Digest(time(3, 30)), "2025-03-29 12:00", "2025-03-30 01:00"),
    (KYIV, Digest(time(3, 30)), "2025-03-30 01:00", "2025-03-31 00:30"),
    (KYIV, Digest(time(3, 30)), "2025-10-25 12:00", "2025-10-26 00:30"),
    (KYIV, Digest(time(3, 30)), "2025-10-26 00:30", "2025-10-27 01:30"),
    (NEW_YORK, Digest(time(1, 30), 6), "2025-10-30 12:00", "2025-11-02 05:30"),
    (NEW_YORK, Digest(time(1, 30), 6), "2025-11-02 05:30", "2025-11-09 06:30"),
    (NEW_YORK, Digest(time(2, 30), 6), "2025-03-08 12:00", "2025-03-09 07:00"),
]


@pytest.mark.parametrize(("zone", "digest", "now", "moment"), DIGESTS)
def test_a_digest_comes_once_on_its_day(zone: ZoneInfo, digest: Digest, now: str, moment: str) -> None:
    assert throttle.next_digest(digest, zone, utc(now)) == utc(moment)


@given(st.builds(Digest, CLOCKS, st.none() | st.integers(0, 6)), ZONES, MOMENTS)
def test_a_digest_is_ahead_within_its_period_and_comes_once_on_a_day(
    digest: Digest, zone: ZoneInfo, now: datetime
) -> None:
    first = throttle.next_digest(digest, zone, now)
    second = throttle.next_digest(digest, zone, first)
    period = DAY if digest.weekday is None else 7 * DAY
    assert now < first <= now + 2 * period + DAY
    assert first.astimezone(zone).date() < second.astimezone(zone).date()


def test_a_cap_counts_any_sixty_minutes_and_any_day() -> None:
    now = utc("2025-05-16 12:00")
    sent = [now - 50 * MINUTE, now - 40 * MINUTE, now - 20 * HOUR]
    assert throttle.room(Cap(), sent, 9, now) is None
    assert throttle.room(Cap(hour=3), sent, 0, now) == 1
    assert throttle.room(Cap(hour=3), sent, 1, now) == 0
    assert throttle.room(Cap(hour=3), [*sent, now + 9 * HOUR], 0, now) == 1  # the clock was set back
    assert throttle.room_at(Cap(hour=1), [now + 9 * HOUR], 0, now) == now
    assert throttle.room(Cap(hour=3, day=3), sent, 0, now) == 0
    assert throttle.room(Cap(day=2), sent, 5, now) == 0
    assert throttle.room_at(Cap(hour=2), sent, 0, now) == now + 10 * MINUTE
    assert throttle.room_at(Cap(hour=1), sent, 0, now) == now + 20 * MINUTE
    assert throttle.room_at(Cap(hour=2, day=3), sent, 0, now) == now + 4 * HOUR
    assert throttle.room_at(Cap(hour=3), sent, 0, now) == now
    assert throttle.room_at(Cap(hour=3), sent, 1, now) == now + 10 * MINUTE


@given(
    st.lists(st.integers(0, 3 * 24 * 60), max_size=60),
    st.builds(Cap, st.none() | st.integers(1, 5), st.none() | st.integers(1, 9)),
)
def test_no_hour_and_no_day_ever_holds_more_than_the_cap(arrivals: list[int], cap: Cap) -> None:
    start = utc("2025-05-16 00:00")
    sent: list[datetime] = []
    at = start
    for minute in sorted(arrivals):
        at = max(at, start + minute * MINUTE)
        if throttle.room(cap, sent, 0, at) == 0:
            free = throttle.room_at(cap, sent, 0, at)
            assert free > at
            assert throttle.room(cap, sent, 0, free - timedelta(seconds=1)) == 0
            at = free
        assert throttle.room(cap, sent, 0, at) != 0
        sent.append(at)
    for most, span in ((cap.hour, HOUR), (cap.day, DAY)):
        for each in sent:
            assert most is None or sum(each - span < other <= each for other in sent) <= most


def test_updates_wait_for_each_other_from_the_first_of_them() -> None:
    now = utc("2025-05-16 12:00")
    assert throttle.gathered_until(None, 15 * MINUTE, now) == now + 15 * MINUTE
    assert throttle.gathered_until(now + 5 * MINUTE, 15 * MINUTE, now) == now + 5 * MINUTE
    assert throttle.gathered_until(now, 15 * MINUTE, now) == now + 15 * MINUTE
    assert throttle.gathered_until(None, timedelta(0), now) is None


def test_a_mute_covers_its_event_topic_or_watch_from_its_start_until_its_end(alert: Alert) -> None:
    now = utc("2025-05-16 12:00")
    one = alert

    def mute(scope: str, value: str, since: datetime = now, until: datetime = now + HOUR, number: int = 1) -> Mute:
        return Mute(number, scope, value, since, until, "why")

    for scope, value in (("event", one.event_id), ("topic", one.kind), ("watch", one.watch)):
        assert throttle.muting(one, (), [mute(scope, value)], now) is not None
        assert throttle.muting(one, (), [mute(scope, "other")], now) is None
    assert throttle.muting(one, ("merged",), [mute("event", "merged")], now) is not None
    assert throttle.muting(one, (), [mute("topic", one.watch)], now) is None
    assert throttle.muting(one, (), [mute("watch", one.watch, until=now)], now) is None
    assert throttle.muting(one, (), [mute("watch", one.watch, since=now + MINUTE)], now) is None
    longest = mute("topic", one.kind, until=now + DAY, number=2)
    assert throttle.muting(one, (), [longest, mute("watch", one.watch)], now) == longest


def test_what_waits_longer_than_it_may_is_stale() -> None:
    now = utc("2025-05-16 12:00")
    assert not throttle.stale(now - DAY, DAY, now)
    assert throttle.stale(now - DAY - MINUTE, DAY, now)
