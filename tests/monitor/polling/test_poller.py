"""What polling leads to in the store: gaps, moves, validators that lie, and what a sitemap knows."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from aiohttp import web

from monitor.schedule import NEVER
from monitor.store import entries, feeds, journal

from .conftest import START, Bench, rss, sitemap

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def waiting(bench: Bench) -> list[str]:
    with bench.store.read() as tx:
        return [item.entry.url.rpartition("/")[2] for item in entries.pending(tx, bench.now, 999)]


def journalled(bench: Bench) -> list[journal.Line]:
    with bench.store.read() as tx:
        return list(journal.lines(tx))


async def test_a_busy_feed_that_shows_nothing_it_showed_before_may_have_dropped_news(bench: Bench) -> None:
    feed = bench.add("/busy")
    bench.stand.shows["/busy"] = list(range(10))
    await bench.poll()
    first = bench.now
    bench.now += 2 * HOUR
    bench.stand.shows["/busy"] = list(range(60, 70))
    await bench.poll()
    (line,) = journalled(bench)
    assert (line.kind, line.feed_url, line.since, line.until) == ("gap", feed.url, first, bench.now)
    assert bench.state(feed).habits.overlap == 0
    assert bench.state(feed).next_at <= bench.now + HOUR + timedelta(minutes=5)


async def test_a_feed_that_still_shows_something_known_has_no_gap(bench: Bench) -> None:
    bench.add("/busy")
    bench.stand.shows["/busy"] = list(range(10))
    await bench.poll()
    bench.now += 2 * HOUR
    bench.stand.shows["/busy"] = list(range(9, 19))
    await bench.poll()
    assert journalled(bench) == []


async def test_a_gap_is_filled_from_the_news_sitemap(bench: Bench) -> None:
    bench.stand.shows["/map"] = []
    feed = bench.add("/busy", sitemap=bench.stand.base + "/map")
    bench.stand.shows["/busy"] = list(range(10))
    await bench.poll()
    bench.now += 2 * HOUR
    bench.stand.shows["/busy"] = list(range(60, 70))
    bench.stand.shows["/map"] = [-200, *range(5, 70)]
    await bench.poll()
    assert [line.kind for line in journalled(bench)] == ["gap", "filled"]
    # What the sitemap lists from before the watch, or from before the gap, is not news of it.
    assert sorted(int(n) for n in waiting(bench)) == list(range(70))
    assert feed.sitemap is not None


async def test_once_a_day_the_sitemap_tells_what_the_feed_never_showed(bench: Bench) -> None:
    feed = bench.add("/part", sitemap=bench.stand.base + "/map")
    bench.stand.shows["/part"] = list(range(10))
    bench.stand.shows["/map"] = list(range(10))
    await bench.poll()
    bench.stand.shows["/part"] = list(range(20))
    bench.stand.shows["/map"] = list(range(25))
    await bench.until(START + 23 * HOUR)
    assert bench.stand.asked("/map") == 1
    await bench.until(START + 27 * HOUR)
    assert bench.stand.asked("/map") == 2
    habits = bench.state(feed).habits
    assert (habits.missed, habits.listed) == (5, 25)
    assert [line.kind for line in journalled(bench)] == ["missed"]
    assert "24" not in waiting(bench)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ((429, {"Retry-After": "36000"}), [0, 12]),
        ((200, {"Cache-Control": "max-age=43200"}), [0, 12]),
        ((410, {}), [0]),
    ],
)
async def test_a_gap_is_no_reason_to_ask_for_a_sitemap_before_its_server_wants_it(
    bench: Bench, answer: tuple[int, dict[str, str]], asked: list[int]
) -> None:
    bench.add("/busy", sitemap=bench.stand.base + "/map")
    status, headers = answer
    moments = []

    def listed(_: web.Request) -> web.Response:
        moments.append(bench.now - START)
        return web.Response(status=status, headers=headers, body=sitemap(bench.stand.base, [1, 2, 3]))

    bench.stand.answers["/map"] = listed
    for hour in range(0, 23, 2):
        bench.now = START + hour * HOUR
        bench.stand.shows["/busy"] = list(range(hour * 60, hour * 60 + 10))
        await bench.poll()
    assert len([line for line in journalled(bench) if line.kind == "gap"]) == 11
    # Polled every two hours: the first time that is not too early.
    assert moments == [hour * HOUR for hour in asked]


async def test_a_sitemap_that_fails_harms_no_feed(bench: Bench) -> None:
    feed = bench.add("/fine", sitemap=bench.stand.base + "/none")
    bench.stand.shows["/fine"] = [1, 2, 3]
    await bench.poll()
    assert bench.state(feed).failures == 0
    assert waiting(bench) == ["1", "2", "3"]


async def test_a_feed_that_moved_for_good_is_asked_where_it_lives_now(bench: Bench) -> None:
    feed = bench.add("/old")
    bench.stand.answers["/old"] = lambda _: web.Response(status=308, headers={"Location": "/new"})
    bench.stand.shows["/new"] = [1, 2]
    await bench.poll()
    await bench.until(START + 5 * HOUR)
    assert bench.stand.asked("/old") == 1
    assert bench.stand.asked("/new") >= 4
    # The operator follows: the feed keeps all that is known of it.
    before = bench.state(feed)
    del bench.feeds[feed.url]
    moved = bench.add("/new")
    assert bench.state(moved) == replace(before, url=moved.url, habits=replace(before.habits, address=None))


async def test_a_move_to_what_is_no_feed_is_not_believed(bench: Bench) -> None:
    feed = bench.add("/old")
    bench.stand.answers["/old"] = lambda _: web.Response(status=301, headers={"Location": "/sale"})
    bench.stand.answers["/sale"] = lambda _: web.Response(text="<html><body>Domain for sale</body></html>")
    await bench.poll()
    assert bench.state(feed).habits.address is None


async def test_a_feed_that_moved_onto_another_one_is_not_polled_twice(bench: Bench) -> None:
    old, new = bench.add("/old"), bench.add("/new")
    bench.stand.answers["/old"] = lambda _: web.Response(status=301, headers={"Location": "/new"})
    bench.stand.shows["/new"] = [1, 2]
    await bench.poll()
    state = bench.state(old)
    assert (state.next_at, state.habits.health) == (NEVER, "gone")
    assert new.url in state.habits.evidence


async def test_two_feeds_that_moved_to_one_address_are_asked_there_once(bench: Bench) -> None:
    first, second = bench.add("/one"), bench.add("/two")
    for path in ("/one", "/two"):
        bench.stand.answers[path] = lambda _: web.Response(status=301, headers={"Location": "/new"})
    bench.stand.shows["/new"] = [1, 2]
    await bench.poll()
    asked = [bench.state(feed).habits.outcome for feed in (first, second)]
    assert sorted(asked) == ["merged", "read"]
    await bench.until(START + 5 * HOUR)
    # Both had to be followed to learn where they lead.
    assert bench.stand.asked("/new") <= 2 + 5
    # One that comes to the same place later learns it too.
    late = bench.add("/late")
    bench.stand.answers["/late"] = lambda _: web.Response(status=308, headers={"Location": "/new"})
    await bench.poll()
    assert (bench.state(late).habits.outcome, bench.state(late).next_at) == ("merged", NEVER)


async def test_a_publisher_who_moves_there_and_back_is_not_lost(bench: Bench) -> None:
    one, two = bench.add("/one"), bench.add("/two")
    bench.stand.answers["/one"] = lambda _: web.Response(status=301, headers={"Location": "/two"})
    bench.stand.shows["/two"] = [1, 2]
    await bench.poll()
    assert bench.state(one).habits.outcome == "merged"
    del bench.stand.answers["/one"]
    bench.stand.shows["/one"] = [1, 2, 3]
    bench.stand.answers["/two"] = lambda _: web.Response(status=301, headers={"Location": "/one"})
    before = bench.stand.asked("/one")
    await bench.until(START + 6 * HOUR)
    assert bench.state(two).habits.address == one.url
    assert bench.stand.asked("/one") - before >= 3


async def test_validators_that_outlive_a_cut_answer_go_to_where_they_came_from(bench: Bench) -> None:
    feed = bench.add("/feed", interval=HOUR)
    to = "/a"
    bench.stand.answers["/feed"] = lambda _: web.Response(status=302, headers={"Location": to})
    bench.stand.shows["/a"] = [1, 2, 3]
    bench.stand.answers["/b"] = lambda _: web.Response(body=rss(bench.stand.base, [1, 2, 3])[:-60])
    await bench.poll()
    to = "/b"
    await bench.until(START + HOUR + timedelta(minutes=10))
    state = bench.state(feed)
    assert state.habits.outcome == "truncated"
    assert state.etag is not None
    assert state.habits.validated == bench.stand.base + "/a"
    await bench.until(START + 3 * HOUR)
    assert not any("if-none-match" in headers for path, headers in bench.stand.requests if path == "/b")


async def test_what_is_gone_is_never_asked_again_until_the_operator_puts_it_back(bench: Bench) -> None:
    feed = bench.add("/gone")
    bench.stand.answers["/gone"] = lambda _: web.Response(status=410)
    await bench.poll()
    await bench.until(START + 400 * DAY)
    assert bench.stand.asked("/gone") == 1
    assert bench.state(feed).habits.health == "gone"
    del bench.feeds[feed.url]
    with bench.store.write() as tx:
        feeds.sync(tx, (), bench.now)
    bench.add("/gone")
    await bench.poll()
    assert bench.stand.asked("/gone") == 2


async def test_validators_that_lie_are_found_out_within_two_days_and_no_longer_sent(bench: Bench) -> None:
    feed = bench.add("/lies")
    bench.stand.shows["/lies"] = [1, 2, 3]

    def lie(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"same"'})
        numbers = [n for n in range(1, 5000, 30) if START + timedelta(minutes=n) <= bench.now][-5:] or [0]
        bench.stand.shows["/now"] = numbers

        return web.Response(body=rss(bench.stand.base, numbers), headers={"ETag": '"same"'})

    bench.stand.answers["/lies"] = lie
    await bench.poll()
    await bench.until(START + 2 * DAY)
    state = bench.state(feed)
    assert (state.habits.health, state.habits.doubted_at is not None) == ("lying", True)
    before = len(bench.stand.requests)
    await bench.until(START + 5 * DAY)
    later = [headers for _, headers in bench.stand.requests[before:]]
    assert later
    assert not any("if-none-match" in headers for headers in later)


async def test_honest_validators_are_tested_once_a_day_and_believed(bench: Bench) -> None:
    feed = bench.add("/honest")
    bench.stand.shows["/honest"] = [1, 2, 3]
    await bench.poll()
    await bench.until(START + 3 * DAY)
    bare = [headers for _, headers in bench.stand.requests if "if-none-match" not in headers]
    assert 3 <= len(bare) <= 4
    assert bench.state(feed).habits.health == "ok"


async def test_the_same_body_is_not_parsed_again(bench: Bench) -> None:
    feed = bench.add("/same", interval=HOUR)
    bench.stand.etags = False
    bench.stand.shows["/same"] = [1, 2, 3]
    await bench.poll()
    read_at = bench.state(feed).read_at
    bench.now += 2 * HOUR
    await bench.poll()
    assert bench.poller is not None
    assert bench.poller.counts == {"read": 1, "new": 3, "same body": 1}
    assert bench.state(feed).read_at == read_at
    assert bench.state(feed).polled_at == bench.now


async def test_a_feed_without_validators_is_asked_once_a_day(bench: Bench) -> None:
    bench.add("/bare")
    bench.stand.etags = False
    bench.stand.shows["/bare"] = [1, 2, 3]
    await bench.poll()
    await bench.until(START + 3 * DAY)
    assert bench.stand.asked("/bare") == 3


async def test_a_quiet_feed_is_asked_ever_less_often_and_at_its_floor_again_after_news(bench: Bench) -> None:
    feed = bench.add("/quiet")
    bench.stand.shows["/quiet"] = [1, 2, 3]
    await bench.poll()
    await bench.until(START + 10 * DAY)
    assert bench.state(feed).next_at - bench.state(feed).polled_at > 20 * HOUR
    minutes = int((bench.now - START) / timedelta(minutes=1))
    bench.stand.shows["/quiet"] = [1, 2, 3, *range(minutes, minutes + 60, 10)]
    await bench.until(START + 12 * DAY)
    busy = [START + 12 * DAY + timedelta(minutes=n) for n in range(0, 600, 60)]
    for moment in busy:
        n = int((moment - START) / timedelta(minutes=1))
        bench.stand.shows["/quiet"] = [*bench.stand.shows["/quiet"][-20:], n, n + 10, n + 20]
        await bench.until(moment)
    state = bench.state(feed)
    assert state.habits.arrived_at is not None
    assert state.next_at - state.polled_at < 6 * HOUR


async def test_a_hurry_brings_a_quiet_feed_to_its_floor_and_not_below(bench: Bench) -> None:
    feed = bench.add("/quiet")
    bench.stand.shows["/quiet"] = [1, 2, 3]
    await bench.poll()
    await bench.until(START + 10 * DAY)
    state = bench.state(feed)
    assert state.floor_at is not None
    assert state.floor_at < state.next_at
    with bench.store.write() as tx:
        feeds.hurry(tx, feed.url, bench.now + DAY, bench.now)
    hurried = bench.state(feed)
    assert hurried.next_at == max(state.floor_at, bench.now)
    asked = bench.stand.asked("/quiet")
    await bench.until(bench.now + 6 * HOUR)
    assert bench.stand.asked("/quiet") - asked in (5, 6, 7)


async def test_many_feeds_are_stored_in_few_transactions(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(40):
        bench.add(f"/f{n}")
        bench.stand.shows[f"/f{n}"] = [n]
    writes = 0
    run = bench.thread.run

    async def counted(fn):
        nonlocal writes
        writes += 1
        return await run(fn)

    monkeypatch.setattr(bench.thread, "run", counted)
    await bench.poll()
    assert len(waiting(bench)) == 40
    assert writes <= 40
    assert bench.poller is not None
    assert bench.poller.counts["read"] == 40


async def test_a_store_that_fails_is_told_by_the_poll(bench: Bench) -> None:
    bench.add("/fine")
    bench.stand.shows["/fine"] = [1]
    with bench.store.write() as tx:
        tx.exec_driver_sql("ALTER TABLE entry RENAME TO elsewhere")
    with pytest.raises(Exception, match="no such table"):
        await bench.poll()


async def test_a_feed_that_came_due_before_its_rest_and_was_not_asked_waits_for_its_end(bench: Bench) -> None:
    feed = bench.add("/rests")
    bench.stand.shows["/rests"] = [1, 2, 3]
    await bench.poll()
    bench.hold(feed, skip_hours=(14, 15))
    bench.now = START + timedelta(hours=2, minutes=30)  # half past two: the service was not running
    await bench.poll()
    assert bench.stand.asked("/rests") == 1
    assert START + 4 * HOUR <= bench.state(feed).next_at <= START + 4 * HOUR + timedelta(minutes=5)
    await bench.until(START + 5 * HOUR)
    assert bench.stand.asked("/rests") == 2


async def test_a_feed_that_dates_by_the_day_is_not_taken_for_a_liar(bench: Bench) -> None:
    feed = bench.add("/daily")

    def page(_: web.Request) -> web.Response:
        # Three entries every second day, dated at noon of the day before, so older than the 304s in between.
        days = int((bench.now - START) / DAY) // 2 * 2
        bench.stand.shows["/now"] = numbers = [n * 1440 - 1440 + k for n in range(0, days + 1, 2) for k in range(3)]
        tag = f'"{days}"'
        if _.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        from .conftest import rss

        return web.Response(body=rss(bench.stand.base, numbers[-9:]), headers={"ETag": tag})

    bench.stand.answers["/daily"] = page
    await bench.poll()
    await bench.until(START + 40 * DAY)
    assert bench.state(feed).habits.doubted_at is None


async def test_a_passing_redirect_to_what_is_gone_retires_no_feed(bench: Bench) -> None:
    feed = bench.add("/feed")
    bench.stand.answers["/feed"] = lambda _: web.Response(status=302, headers={"Location": "/away"})
    bench.stand.answers["/away"] = lambda _: web.Response(status=410)
    await bench.poll()
    assert bench.state(feed).next_at < NEVER
    assert bench.state(feed).habits.health == "failing"
    bench.stand.answers["/feed"] = lambda _: web.Response(status=301, headers={"Location": "/away"})
    await bench.until(START + 2 * DAY)
    assert bench.state(feed).next_at == NEVER


async def test_while_the_store_takes_nothing_no_further_feed_is_asked_and_what_was_asked_is_kept_once(
    bench: Bench,
) -> None:
    bench.thread.endure(lambda: bench.now, structlog.get_logger())
    first, second = bench.add("/first"), bench.add("/second")
    with bench.store.write() as tx:
        feeds.save(tx, replace(bench.state(second), next_at=START + HOUR))
    bench.stand.shows["/first"] = bench.stand.shows["/second"] = list(range(400))

    async def room(pages: int) -> None:
        await bench.thread.query(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages}"))

    await room(1)
    polling = asyncio.create_task(bench.poll())
    while bench.thread.stalled is None:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)
    bench.now += HOUR
    assert bench.poller is not None
    await bench.poller.set_off()
    await asyncio.sleep(0.3)
    assert [path for path, _ in bench.stand.requests] == ["/first"]
    await room(100_000)
    await asyncio.wait_for(polling, 20)
    await asyncio.wait_for(bench.poll(), 20)
    assert [path for path, _ in bench.stand.requests] == ["/first", "/second"]
    assert bench.thread.stalled is None
    with bench.store.read() as tx:
        assert [len(entries.addresses(tx, feed.url, START - DAY)) for feed in (first, second)] == [400, 400]
