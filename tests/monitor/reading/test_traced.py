"""Each alert has the trace of what it came about by, and its way can be followed by any id that a person has."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from extractors.records import Entry
from monitor.records import MonitorError
from monitor.store import alerts, entries
from monitor.store import tables as t
from monitor.store.codec import decode
from monitor.traces import trace_of
from monitor.tracing import Step, follow, in_words, step_line

from .conftest import START, TEXT, TITLE, Desk, Press, page

URL = "http://courier.example/news/talks"
HOUR = timedelta(hours=1)
MENDED = page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara"))


@pytest.fixture
async def rung(desk: Desk, press: Press) -> Desk:
    """An article that rang at START, by a poll ten minutes before."""
    press.prints(URL, page(), ETag='"v1"')
    desk.now -= timedelta(minutes=10)
    entry = desk.shows(desk.feed(), URL)
    polled = trace_of("http://courier.example/feed", desk.now)
    with desk.store.write() as tx:
        tx.execute(sa.update(t.entry).values(trace=polled))
    assert entry.url == URL
    desk.now = START
    await desk.read()
    assert desk.reasons() == ["new"]
    return desk


def traces(desk: Desk) -> list[str | None]:
    with desk.store.read() as tx:
        return [alerts.trace(tx, alert.id) for alert in alerts.all_alerts(tx)]


def way(desk: Desk, name: str) -> tuple[Step, ...]:
    with desk.store.read() as tx:
        return follow(tx, name)


async def test_an_alert_has_the_trace_of_the_poll_that_brought_its_entry(rung: Desk):
    assert traces(rung) == [trace_of("http://courier.example/feed", START - timedelta(minutes=10))]


async def test_an_alert_by_an_entry_of_an_earlier_version_has_the_trace_of_when_that_came(desk: Desk, press: Press):
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    await desk.read()
    assert traces(desk) == [trace_of("http://courier.example/feed", START)]


async def test_an_alert_by_a_look_has_a_trace_of_its_own(rung: Desk, press: Press):
    press.prints(URL, MENDED, ETag='"v2"')
    await rung.read(after=HOUR)
    first, second = traces(rung)
    assert second == trace_of(f"look {URL}", START + HOUR)
    steps = way(rung, rung.alerts()[1].id)
    assert [step.what for step in steps].count("polled") == 1
    (looked,) = [step for step in steps if step.what == "looked"]
    assert looked.values["trace"] == second != first
    assert looked.at == START + HOUR


async def test_an_alert_by_an_entry_that_was_edited_has_the_trace_of_the_later_poll_and_both_are_shown(
    rung: Desk, press: Press
):
    press.prints(URL, MENDED, ETag='"v2"')
    rung.now += HOUR
    later = trace_of("http://courier.example/feed", rung.now)
    with rung.store.write() as tx:
        (item,) = tx.execute(sa.select(t.entry.c.body)).scalars()
        shown = replace(decode(Entry, item), title=TITLE.replace("Istanbul", "Ankara"), published=rung.now)
        assert entries.read_again(tx, "http://courier.example/feed", [shown], rung.now, later) == 1
    await rung.read()
    first, second = traces(rung)
    assert second == later
    polls = [step for step in way(rung, rung.alerts()[0].event_id) if step.what == "polled"]
    assert [step.values["trace"] for step in polls] == [first, second]
    assert [step.at for step in polls] == [START - timedelta(minutes=10), START + HOUR]


async def test_the_way_is_told_from_the_poll_to_the_alert_by_whichever_id(rung: Desk):
    (alert,) = rung.alerts()
    (trace,) = traces(rung)
    assert trace is not None
    steps = way(rung, alert.id)
    assert [step.what for step in steps] == ["polled", "entry", "article", "decision", "settled", "alert"]
    assert list(steps) == sorted(steps, key=lambda step: step.at)
    for name in (trace, alert.event_id, URL):
        assert way(rung, name) == steps
    for step in steps:
        assert step_line(step).startswith(f'{{"at": "{step.at.isoformat()}", "what": "{step.what}", ')
    told = "\n".join(map(in_words, steps))
    for words in (trace, alert.id, alert.title, "opened ", URL, "2031-05-17 11:50:00.000  polled"):
        assert words in told


async def test_the_way_of_what_rang_nobody_ends_where_it_ended(desk: Desk, press: Press):
    press.prints(URL, "gone", 404)
    desk.shows(desk.feed(), URL)
    await desk.read()
    steps = way(desk, URL)
    assert Counter(step.what for step in steps) == {"entry": 1, "settled": 1}
    assert steps[-1].values["outcome"] == "status 404"


@pytest.mark.parametrize(
    ("name", "words"), [("735b00c0f0d40d32", "is in the log alone"), ("nothing", "knows no trace")]
)
async def test_what_the_store_does_not_know_is_said(desk: Desk, name: str, words: str):
    with pytest.raises(MonitorError, match=words):
        way(desk, name)


@pytest.mark.parametrize("name", ["\udcff", "https://a.example/\udc80", "", "ffffffffffffffff", "http://["])
async def test_a_name_that_can_be_nobodys_is_unknown(desk: Desk, name: str):
    with pytest.raises(MonitorError, match=r"nothing in the store has|the store knows no"):
        way(desk, name)


async def test_nothing_in_the_words_of_a_step_moves_the_cursor_of_a_terminal():
    values = {"feed": "x", "url": "u", "title": "\x1b[2J\x1b]0;owned\x07Talks\nhere", "published": None, "trace": "t"}
    assert in_words(Step(START, "entry", values)).isprintable()


async def test_the_password_of_a_feed_is_not_shown(desk: Desk, press: Press):
    press.prints(URL, page())
    desk.shows(desk.feed(), URL)
    with desk.store.write() as tx:
        tx.execute(sa.update(t.feed).values(url="http://reader:geheim@courier.example/feed"))
    await desk.read()
    steps = way(desk, URL)
    assert [step.values["feed"] for step in steps if step.what == "polled"] == ["http://courier.example/feed"]
    assert not any("geheim" in step_line(step) for step in steps)
