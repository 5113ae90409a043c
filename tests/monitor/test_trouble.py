"""What is wrong with the service: told once, in one message, and once when it is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.records import Target
from monitor.trouble import (
    ChannelSeen,
    DeadSeen,
    Judged,
    Limits,
    Matter,
    Observed,
    QueueSeen,
    Row,
    Tell,
    hearers,
    judge,
)
from monitor.troublewords import rows, title

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(5 * MINUTE, 30 * MINUTE)
UP = ChannelSeen("mail", False, T, last_sent=T)
HOOK = ChannelSeen("hook", False, T)


def down(since: datetime = T, because: str = "535 authentication failed", name: str = "mail") -> ChannelSeen:
    return ChannelSeen(name, True, since, because)


def up(last_sent: datetime | None, name: str = "mail") -> ChannelSeen:
    return ChannelSeen(name, False, T, last_sent=last_sent)


def letter(at: datetime, to: str = "desk") -> DeadSeen:
    return DeadSeen("mail", to, "bad-target", at, "Talks", "550 no such user")


class Watched:
    """Looks one after the other, with what was remembered."""

    def __init__(self) -> None:
        self.known: dict[str, Row] = {}

    def look(self, observed: Observed, now: datetime) -> list[str]:
        return [title(tell) for tell in self.judged(observed, now).tells]

    def judged(self, observed: Observed, now: datetime) -> Judged:
        judged = judge(observed, self.known, LIMITS, now)
        self.known |= {row.key: row for row in judged.rows}
        for key in judged.gone:
            del self.known[key]
        return judged


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (Observed((UP, HOOK)), []),
        (Observed((down(T + 56 * MINUTE),)), []),
        (Observed((down(T + 55 * MINUTE),)), ["mail takes no messages"]),
        (Observed(queues=(QueueSeen("mail", 3, T + 31 * MINUTE),)), []),
        (Observed(queues=(QueueSeen("mail", 3, T + 30 * MINUTE),)), ["3 messages wait for mail"]),
        # what its channel explains is told once
        (Observed((down(),), (QueueSeen("mail", 3, T),)), ["mail takes no messages"]),
        (Observed((down(name="hook"),), (QueueSeen("mail", 1, T),)), ["hook takes no messages; 1 more trouble"]),
        (Observed(loops=(("poll", 16 * MINUTE),)), ["polling stands still"]),
        (Observed(loops=(("deliver", HOUR), ("read", HOUR))), ["sending stands still; 1 more trouble"]),
        (Observed(free=200_000_000), []),
        (Observed(free=199_999_999), ["the disk is almost full"]),
        (Observed(jump=-59 * SECOND), []),
        (Observed(jump=-2 * HOUR), ["the clock went back by 2 h"]),
        (Observed(jump=14 * MINUTE), []),
        (Observed(jump=9 * HOUR), ["the clock went forward by 9 h"]),
        (Observed(dead=(letter(T),)), ["1 message to desk was given up"]),
        (Observed(dead=(letter(T - 2 * DAY),)), []),
    ],
)  # fmt: skip
def test_what_is_told_of_one_look(observed: Observed, expected: list[str]) -> None:
    assert Watched().look(observed, T + HOUR) == expected


def test_a_trouble_is_told_once_again_each_day_and_once_when_it_is_over() -> None:
    watched, told = Watched(), []
    for minute in range(0, 4 * 24 * 60, 5):
        now = T + minute * MINUTE
        seen = down() if now < T + 3 * DAY else up(T + 3 * DAY)
        told += [(now - T, line) for line in watched.look(Observed((seen, HOOK)), now)]
    assert told == [
        (5 * MINUTE, "mail takes no messages"),
        (5 * MINUTE + DAY, "mail still takes no messages"),
        (5 * MINUTE + 2 * DAY, "mail still takes no messages"),
        (5 * MINUTE + 3 * DAY, "mail works again"),
    ]
    watched.look(Observed((up(T + 3 * DAY),)), T + 5 * DAY)
    assert watched.known == {}


def test_a_channel_that_flaps_for_a_day_rings_a_few_times_and_not_each_time() -> None:
    watched, told = Watched(), []
    for minute in range(24 * 60):
        now, began = T + minute * MINUTE, T + minute // 10 * 10 * MINUTE
        seen = down(began) if minute // 10 % 2 == 0 else up(now)
        told += watched.look(Observed((seen,)), now)
    assert told == ["mail takes no messages", "mail works again", "mail takes no messages"]


def test_a_channel_that_comes_back_for_less_than_the_calm_is_neither_told_as_well_nor_anew() -> None:
    watched = Watched()
    assert watched.look(Observed((down(),)), T + 5 * MINUTE) == ["mail takes no messages"]
    assert watched.look(Observed((up(T + 6 * MINUTE),)), T + 6 * MINUTE) == []
    assert watched.look(Observed((down(T + 7 * MINUTE),)), T + 7 * MINUTE) == []
    assert watched.look(Observed((down(T + 7 * MINUTE),)), T + 30 * MINUTE) == []
    assert watched.known["channel:mail"].times == 1


def test_after_a_restart_a_channel_is_well_only_when_it_has_taken_something() -> None:
    watched = Watched()
    waits = (QueueSeen("mail", 2, T),)
    assert watched.look(Observed((down(),), waits), T + 5 * MINUTE) == ["mail takes no messages"]
    for minute in (6, 20, 120):
        assert watched.look(Observed((up(None),), waits), T + minute * MINUTE) == []
    assert watched.look(Observed((up(T + 121 * MINUTE),), waits), T + 121 * MINUTE) == []
    assert watched.look(Observed((up(T + 121 * MINUTE),)), T + 126 * MINUTE) == ["mail works again"]


def test_a_channel_that_nothing_is_sent_by_is_never_said_to_work() -> None:
    watched, told = Watched(), []
    watched.look(Observed((down(),)), T + 5 * MINUTE)
    for hour in range(1, 8 * 24):
        told += watched.look(Observed((up(None),)), T + hour * HOUR)
        if hour == 7 * 24:
            assert list(watched.known) == ["channel:mail"]
    assert told == []
    assert watched.known == {}


def test_what_still_waits_after_an_outage_gets_its_time_before_it_is_a_trouble_of_its_own() -> None:
    watched = Watched()
    waits = (QueueSeen("mail", 900, T, sent=0),)
    watched.look(Observed((down(),), waits), T + 2 * HOUR)
    watched.look(Observed((up(T + 2 * HOUR),), waits), T + 2 * HOUR + MINUTE)
    assert watched.look(Observed((up(T + 2 * HOUR),), waits), T + 2 * HOUR + 6 * MINUTE) == ["mail works again"]
    assert watched.look(Observed((up(T + 2 * HOUR),), waits), T + 2 * HOUR + 30 * MINUTE) == []
    assert watched.look(Observed((up(T + 2 * HOUR),), waits), T + 2 * HOUR + 31 * MINUTE) == [
        "900 messages wait for mail"
    ]


def test_a_queue_whose_channel_then_fails_is_not_told_as_caught_up() -> None:
    watched = Watched()
    waits = (QueueSeen("mail", 9, T),)
    assert watched.look(Observed((UP,), waits), T + 30 * MINUTE) == ["9 messages wait for mail"]
    assert watched.look(Observed((down(T + 31 * MINUTE),), waits), T + 36 * MINUTE) == ["mail takes no messages"]
    assert watched.look(Observed((down(T + 31 * MINUTE),), waits), T + 2 * HOUR) == []
    sent = up(T + 2 * HOUR)
    assert watched.look(Observed((sent,)), T + 2 * HOUR) == []
    assert watched.look(Observed((sent,)), T + 2 * HOUR + 5 * MINUTE) == ["mail works again; 1 more trouble over"]


def test_a_recipient_whose_messages_all_die_is_told_once_a_day_with_how_many() -> None:
    watched, dead, told = Watched(), [], []
    for hour in range(50):
        now = T + hour * HOUR
        dead = [each for each in dead if now - each.at <= 2 * DAY]
        dead.append(letter(now - MINUTE))
        told += [(hour, line) for line in watched.look(Observed(dead=tuple(dead)), now)]
    assert told == [
        (0, "1 message to desk was given up"),
        (24, "24 messages to desk were given up"),
        (48, "24 messages to desk were given up"),
    ]


def test_dead_letters_of_two_recipients_are_one_message() -> None:
    dead = tuple(letter(T, name) for name in ("boss", "desk"))
    (tell,) = Watched().judged(Observed(dead=dead), T).tells
    assert [(each.name, each.count) for each in tell.matters] == [("boss", 1), ("desk", 1)]
    assert tell.severity == "urgent"


def test_a_dead_letter_is_forgotten_when_it_can_no_longer_be_seen() -> None:
    watched = Watched()
    dead = Observed(dead=(letter(T),))
    watched.look(dead, T)
    assert watched.look(dead, T + 2 * DAY) == []
    assert watched.look(Observed(), T + 2 * DAY + SECOND) == []
    assert watched.known == {}


def test_a_clock_that_was_set_back_delays_no_message() -> None:
    watched = Watched()
    watched.look(Observed((down(),)), T + 5 * MINUTE)
    back = T - 30 * DAY
    watched.look(Observed((up(back),)), back)
    assert watched.look(Observed((up(back),)), back + 5 * MINUTE) == ["mail works again"]


def test_a_channel_that_left_the_settings_is_forgotten_without_a_word() -> None:
    watched = Watched()
    watched.look(Observed((down(), HOOK)), T + 5 * MINUTE)
    assert watched.look(Observed((HOOK,)), T + 6 * MINUTE) == []
    assert watched.known == {}


@pytest.mark.parametrize(
    ("observed", "severity"),
    [
        (Observed((down(),)), "urgent"),
        (Observed(loops=(("poll", HOUR),)), "urgent"),
        (Observed(queues=(QueueSeen("mail", 1, T, sent=0),)), "urgent"),
        (Observed(queues=(QueueSeen("mail", 1, T, sent=9),)), "normal"),
        (Observed(jump=-HOUR), "normal"),
    ],
)
def test_what_keeps_alerts_from_people_is_urgent(observed: Observed, severity: str) -> None:
    (tell,) = Watched().judged(observed, T + HOUR).tells
    assert tell.severity == severity


def test_reminders_and_recoveries_wake_nobody() -> None:
    watched = Watched()
    watched.look(Observed((down(),)), T + HOUR)
    (still,) = watched.judged(Observed((down(),)), T + HOUR + DAY).tells
    watched.judged(Observed((up(T + 2 * DAY),)), T + 2 * DAY)
    (well,) = watched.judged(Observed((up(T + 2 * DAY),)), T + 2 * DAY + HOUR).tells
    assert [(each.turn, each.severity) for each in (still, well)] == [("still", "normal"), ("well", "normal")]


def target(name: str, channel: str) -> Target:
    return Target(name, channel, "console", name)


TARGETS = {
    "desk": target("desk", "mail"),
    "boss": target("boss", "mail"),
    "room": target("room", "hook"),
}
MAIL = Tell("bad", (Matter("channel:mail", "channel", "mail", T, "", spare=frozenset({"mail"})),))
LETTER = Tell(
    "bad", (Matter("dead", "dead-letter", "desk", T, "", spare=frozenset({"mail"}), but=frozenset({"desk"})),)
)


@pytest.mark.parametrize(
    ("to", "down", "tell", "expected"),
    [
        (("desk", "room"), {"mail"}, MAIL, (("room",), True)),
        (("desk", "boss"), {"mail"}, MAIL, (("desk", "boss"), False)),
        (("desk", "room"), {"mail", "hook"}, MAIL, (("desk", "room"), False)),
        (("desk", "boss", "room"), set(), LETTER, (("room",), True)),
        (("desk", "boss"), set(), LETTER, (("boss",), True)),
        (("desk", "boss", "room"), {"hook"}, LETTER, (("boss",), True)),
        (("desk",), set(), LETTER, (("desk",), True)),
        (("desk", "room"), set(), replace(MAIL, turn="well"), (("desk", "room"), True)),
        (("desk", "room"), {"mail"}, None, (("room",), True)),
        ((), set(), MAIL, ((), False)),
    ],
)
def test_trouble_is_told_by_another_way_where_there_is_one(
    to: tuple[str, ...], down: set[str], tell: Tell | None, expected: tuple[tuple[str, ...], bool]
) -> None:
    assert hearers(to, TARGETS, down, tell) == expected


def test_a_message_says_what_happened_since_when_what_it_means_and_what_to_do() -> None:
    waits = (QueueSeen("mail", 3, T),)
    (tell,) = Watched().judged(Observed((down(),), waits), T + 7 * MINUTE).tells
    assert list(rows(tell, T + 7 * MINUTE)) == [
        ("mail", "down since 2026-03-01 12:00 UTC (7 min): 535 authentication failed"),
        ("Meaning", "3 messages wait, the oldest for 7 min; they are kept and go out as soon as it works"),
        ("What to do", "`parley check --online` says what is wrong with the channel; "
                       "its settings are in config/parley.yaml"),
    ]  # fmt: skip


@pytest.mark.parametrize("turn", ["bad", "still", "well"])
def test_every_kind_of_trouble_has_words_that_fit_a_row(turn: str) -> None:
    long = "é" * 5000
    matters = [
        Matter("channel:mail", "channel", "mail", T, long, count=1, oldest=T),
        Matter("queue:mail", "queue", "mail", T, long, count=12345, oldest=T),
        Matter("dead-letter:mail:desk:given-up", "dead-letter", "desk", T, long, count=2),
        Matter("loop:poll", "loop", "poll", T, ""),
        Matter("disk", "disk", "disk", T, "9 MB are left"),
        Matter("clock", "clock", "clock", T, "went back by 2 h"),
    ]
    for matter in matters:
        tell = Tell(turn, (matter,))
        assert 10 < len(title(tell)) < 60
        assert all(label and 10 < len(text) <= 300 for label, text in rows(tell, T + HOUR))


LOOKS = st.lists(st.tuples(st.integers(1, 240), st.booleans(), st.booleans()), max_size=60)


@given(LOOKS)
def test_bad_and_well_take_turns_however_it_goes(looks: list[tuple[int, bool, bool]]) -> None:
    watched, now, told = Watched(), T, []
    since = T
    for minutes, is_down, waits in looks:
        now += minutes * MINUTE
        if not is_down:
            since = now
        queue = (QueueSeen("mail", 1, T),) if waits else ()
        seen = down(since) if is_down else up(now)
        turns = [
            tell.turn
            for tell in watched.judged(Observed((seen,), queue), now).tells
            if any(matter.key == "channel:mail" for matter in tell.matters)
        ]
        assert len(turns) <= 1
        told += [turn for turn in turns if turn != "still"]
    assert told == ["bad", "well"] * (len(told) // 2) + ["bad"] * (len(told) % 2)
