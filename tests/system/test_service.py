"""The service as a process of its own, against a real newsroom and a real mail server."""

import asyncio
import json
import shutil
import signal
import sqlite3
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from monitor.app import utcnow

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).parents[2] / "seeds" / "watches" / "ru-ua.yaml"

Newsroom = PostOffice = Home = Any  # the records of conftest.py, which tests cannot import


async def test_a_round_that_is_reported_reaches_the_desk_once(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    service = await home.run()
    await service.started()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    before = newsroom.polls()
    await service.until(lambda: newsroom.polls() > before + 2)
    assert office.interrupting() == ["new"]
    plain = office.mails[0].get_body(("plain",)).get_content()
    assert "Fifth round of talks between Russia and Ukraine concluded in Istanbul" in plain
    assert f"{newsroom.base}/news/0" in plain


async def test_the_backlog_of_a_first_poll_does_not_ring(newsroom: Newsroom, office: PostOffice, home: Home) -> None:
    newsroom.publish_round(ago=timedelta(hours=5))
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 3)
    assert office.mails == []
    code, out, _ = await home.call("feeds", "show", f"{newsroom.base}/feed")
    assert code == 0
    assert "baseline" in out


async def test_old_news_without_a_date_under_ever_new_guids_rings_nobody(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    old = newsroom.publish_round(ago=timedelta(hours=20))
    asked = 0

    async def feed(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        item = f"<item><title>{old.title}</title><link>{old.base}{old.path}</link><guid>{asked}</guid></item>"
        text = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Courier</title>{item}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml")

    newsroom.hanging["/feed"] = feed
    service = await home.run()
    await service.until(lambda: asked >= 4)
    assert office.mails == []
    assert not any(path == old.path for path, _ in newsroom.requests)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_cleanly_within_five_seconds(
    number: signal.Signals, newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round().answer = hang
    await service.until(lambda: any(path == "/news/0" for path, _ in newsroom.requests))
    assert await service.end(number) < 5
    assert service.process.returncode == 0
    assert "service stopped" in service.log
    assert "Traceback" not in service.log


async def test_a_second_run_on_one_store_is_refused_and_names_the_first(home: Home, newsroom: Newsroom) -> None:
    first = await home.run()
    await first.started()
    second = await home.run()
    await asyncio.wait_for(second.process.wait(), 20)
    assert second.process.returncode == 1
    assert str(first.process.pid) in second.log
    assert first.process.returncode is None


async def test_without_a_network_every_feed_is_reported_once_with_its_next_try_and_the_service_stays(
    home: Home,
) -> None:
    home.feeds("http://127.0.0.1:9/one", "http://no-such-host.invalid/two", interval="60m")
    service = await home.run()
    await service.until(lambda: service.log.count("feed polled") == 2)
    await asyncio.sleep(3)
    assert service.log.count("feed polled") == 2
    assert service.log.count("next_try=") == 2
    assert service.process.returncode is None


async def test_killed_between_detection_and_sending_it_tells_once_after_a_restart(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    office.deaf = True
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.knocks > 0)
    await service.end(signal.SIGKILL)
    assert office.mails == []
    office.deaf = False
    polls, knocks = newsroom.polls(), office.knocks
    again = await home.run()
    await again.until(lambda: office.mails)
    await again.until(lambda: newsroom.polls() > polls + 3)
    assert office.interrupting() == ["new"]
    assert office.knocks == knocks + 1
    assert sum(path == "/news/0" for path, _ in newsroom.requests) == 1


async def test_killed_at_any_moment_it_loses_nothing_and_tells_each_event_once(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    places = ("Istanbul", "Geneva", "Abu Dhabi", "Ankara", "Riyadh", "Minsk")
    # moments spread over what follows a publication: poll, page, reading, taking in, sending, and after it
    for number, place in enumerate(places):
        newsroom.publish_plan(place, timedelta(days=10 * (number + 1)))
        await asyncio.sleep(0.35 * (number + 1))
        await service.end(signal.SIGKILL)
        service = await home.run()
        told = partial(_told_of, office, place)
        await service.until(lambda told=told: told())
    polls = newsroom.polls()
    await service.until(lambda: newsroom.polls() > polls + 2)
    # a mail that was repeated after a crash has the id of the first
    assert [len(_told_of(office, place)) for place in places] == [1] * len(places)
    assert len({mail["Message-ID"] for mail in office.mails}) == len(places)
    assert set(office.interrupting()) == {"new"}


def _told_of(office: PostOffice, place: str) -> set[str]:
    return {mail["Message-ID"] for mail in office.mails if place in mail.get_body(("plain",)).get_content()}


async def test_after_a_kill_no_feed_is_polled_early(newsroom: Newsroom, home: Home) -> None:
    home.feeds(f"{newsroom.base}/feed", interval="60m")
    service = await home.run()
    await service.until(lambda: "feed polled" in service.log)
    await service.end(signal.SIGKILL)
    again = await home.run()
    await again.started()
    await asyncio.sleep(4)
    assert newsroom.polls() == 1


async def test_killed_while_it_polls_it_keeps_what_servers_asked_for(newsroom: Newsroom, home: Home) -> None:
    in_an_hour = format_datetime(utcnow() + timedelta(hours=1), usegmt=True)
    item = "<item><title>News</title><link>http://127.0.0.1:9/1</link></item>"
    asks: dict[str, tuple[int, dict[str, str], str]] = {
        "/busy": (503, {"Retry-After": "3600"}, ""),
        "/too-many": (429, {"Retry-After": in_an_hour}, ""),
        "/fresh": (200, {"Cache-Control": "max-age=3600"}, ""),
        "/expires": (200, {"Expires": in_an_hour}, ""),
        "/ttl": (200, {}, "<ttl>60</ttl>"),
        "/gone": (410, {}, ""),
    }

    def answers(status: int, headers: dict[str, str], more: str) -> Any:
        async def answer(_: web.Request) -> web.StreamResponse:
            text = f"<rss version='2.0'><channel><title>Courier</title>{more}{item}</channel></rss>"
            return web.Response(status=status, text=text, headers=headers, content_type="application/rss+xml")

        return answer

    for path, said in asks.items():
        newsroom.hanging[path] = answers(*said)
    # Asked every second, so that each kill falls into the midst of polling.
    home.feeds(*(f"{newsroom.base}{path}" for path in (*asks, "/feed")))
    service = await home.run()
    await service.until(lambda: service.log.count("feed polled") > len(asks) and newsroom.polls() > 1)
    for moment in (0.1, 0.7, 1.3):
        await service.end(signal.SIGKILL)
        live = newsroom.polls()
        service = await home.run()
        await service.until(lambda live=live: newsroom.polls() > live + 1)
        await asyncio.sleep(moment)
    assert {path: newsroom.polls(path) for path in asks} == dict.fromkeys(asks, 1)


async def test_what_was_published_during_downtime_rings(newsroom: Newsroom, office: PostOffice, home: Home) -> None:
    service = await home.run()
    await service.until(lambda: "feed polled" in service.log)
    await service.end()
    newsroom.publish_round()
    again = await home.run()
    await again.until(lambda: office.mails)
    assert office.interrupting() == ["new"]


async def test_what_was_published_rings_also_when_the_service_ended_within_its_first_poll(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    await service.end(signal.SIGKILL)
    newsroom.publish_round()
    again = await home.run()
    await again.until(lambda: office.mails)
    assert office.interrupting() == ["new"]


async def test_once_polls_what_is_due_delivers_and_exits(newsroom: Newsroom, office: PostOffice, home: Home) -> None:
    home.feeds(f"{newsroom.base}/feed", "http://127.0.0.1:9/dead")
    code, _, err = await home.call("run", "--once")
    assert code == 0
    assert "2 feeds polled, 1 failing" in err
    newsroom.publish_round()
    await asyncio.sleep(1.5)
    code, _, err = await home.call("run", "--once")
    assert code == 0
    assert "1 alerts" in err
    assert office.interrupting() == ["new"]


async def test_two_watches_each_know_their_stories_and_hear_of_the_feeds_that_are_theirs(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    watches = home.path / "seeds" / "watches"
    shutil.copy(SHIPPED, watches)
    text = (watches / "ru-ua.yaml").read_text().replace("watch: ru-ua", "watch: second", 1)
    (watches / "second.yaml").write_text(text)
    home.settings(watches="[ru-ua, second]")
    home.feeds(f"{newsroom.base}/feed", watches="second")
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    before = newsroom.polls()
    await service.until(lambda: newsroom.polls() > before + 2)
    assert ["Watch second" in mail.get_body(("plain",)).get_content() for mail in office.mails] == [True]
    _, out, _ = await home.call("events", "--json")
    known = [json.loads(line) for line in out.splitlines()]
    stories = sorted((e["kind"], e["status"]) for e in known if e["watch"] == "ru-ua")
    assert len(stories) > 3
    # the same stories, and the round of today
    assert sorted((e["kind"], e["status"]) for e in known if e["watch"] == "second") == sorted(
        [*stories, ("talks_round", "concluded")]
    )


async def test_a_feed_that_hangs_holds_up_no_other(newsroom: Newsroom, office: PostOffice, home: Home) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    # two names of this machine, since one host is never asked twice at a time
    home.feeds(f"{newsroom.base.replace('127.0.0.1', 'localhost')}/slow", f"{newsroom.base}/feed")
    newsroom.hanging["/slow"] = hang
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1 and newsroom.polls("/slow") == 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails, 10)
    assert newsroom.polls("/slow") == 1


async def test_pages_that_hang_keep_no_other_newsroom_waiting_for_long(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    other = newsroom.base.replace("127.0.0.1", "localhost")
    home.feeds(f"{newsroom.base}/feed")
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    for number in range(10):
        page = newsroom.publish("Else", "unused", path=f"/silent/{number}", base=other, ago=timedelta(minutes=1))
        page.answer = hang
    newsroom.publish_round()
    # two pages cost their deadline of 3 s each; ten of them, one after the other, would cost ten
    await service.until(lambda: office.mails, 15)
    assert sum(path.startswith("/silent/") for path, _ in newsroom.requests) == 2
    code, out, _ = await home.call("feeds", "list", "--json")
    assert code == 0
    assert 10 in [json.loads(line)["entries"].get("new") for line in out.splitlines()]


async def test_bad_feeds_are_set_aside_and_shown_while_a_good_one_goes_on(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    newsroom.raw["/html"] = (b"<html><body>Welcome</body></html>", "text/html")
    newsroom.raw["/empty"] = (b"", "application/rss+xml")
    newsroom.raw["/cut"] = (
        b"<rss version='2.0'><channel><item><title>A</title><link>http://127.0.0.1:9/a</link></item><item><tit",
        "application/rss+xml",
    )
    home.feeds(*(f"{newsroom.base}{path}" for path in ("/html", "/empty", "/cut", "/feed")))
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    code, out, _ = await home.call("feeds", "list", "--state", "bad", "--json")
    assert code == 0
    for trouble in ("html page", "empty body", "truncated"):
        assert trouble in out


async def test_bad_pages_are_set_aside_and_counted_while_a_good_one_rings(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    async def huge(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/html"})
        await answer.prepare(request)
        for _ in range(30):
            await answer.write(b"<p>" + b"talks " * 170_000 + b"</p>")
        return answer

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/html"})
        await answer.prepare(request)
        while True:
            await answer.write(b"<p>and so on</p>")
            await asyncio.sleep(0.2)

    async def wordless(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html><body><img src='x.png'></body></html>", content_type="text/html")

    async def hanging(_: web.Request) -> web.StreamResponse:
        # within the size that the extractor takes; a single paragraph of so many spans took it more than a minute
        return web.Response(text="<html><body><p>" + "<b>The</b> <i>talks</i> " * 60_000, content_type="text/html")

    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    for name, answer in (("huge", huge), ("endless", endless), ("wordless", wordless), ("hanging", hanging)):
        newsroom.publish(f"Something {name}", "unused", path=f"/{name}").answer = answer
    newsroom.publish_round()
    await service.until(lambda: office.mails, 60)
    await service.until(lambda: service.log.count("page set aside") >= 4, 60)
    assert service.process.returncode is None
    assert office.interrupting() == ["new"]
    code, out, _ = await home.call("feeds", "list", "--json")
    assert code == 0
    for outcome in ("too_big", "no text"):
        assert outcome in out
    assert 'outcome="extractor timeout"' in service.log  # and is tried again later: the machine may have been busy


async def test_feeds_that_the_operator_adds_are_taken_up_while_it_runs(newsroom: Newsroom, home: Home) -> None:
    home.feeds()
    service = await home.run()
    await service.started()
    code, _, err = await home.call("feeds", "add", f"{newsroom.base}/feed", "--outlet", "courier.example")
    assert code == 0, err
    await service.until(lambda: newsroom.polls() >= 1)


async def test_whatever_hangs_a_signal_ends_it_within_five_seconds(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    async def spans(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html><body><p>" + "<b>The</b> <i>talks</i> " * 60_000, content_type="text/html")

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    office.deaf = True
    home.settings(page_timeout="60s", page_deadline="60s")
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.knocks > 0)
    # both at once, the slow server behind: one request at a time to a host, and no feed is parsed meanwhile
    newsroom.publish("A page that never comes", "unused", path="/never").answer = hang
    newsroom.publish("A page that the extractor hangs on", "unused", path="/spans").answer = spans
    await service.until(lambda: {"/spans", "/never"} <= {path for path, _ in newsroom.requests})
    await asyncio.sleep(1)
    assert await service.end() < 5
    assert service.process.returncode == 0


async def test_a_store_that_breaks_ends_the_service_with_the_reason(newsroom: Newsroom, home: Home) -> None:
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    with sqlite3.connect(home.path / "state" / "parley.db", timeout=10) as other:
        other.execute("DROP TABLE attempt")
        other.execute("DROP TABLE delivery")
    await asyncio.wait_for(service.process.wait(), 20)
    assert service.process.returncode == 1
    assert "the store sqlite:///" in service.log
    assert "no such table: delivery" in service.log
    assert "Traceback" not in service.log


async def test_a_page_that_is_edited_and_then_withdrawn_corrects_those_who_were_told(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        raise web.HTTPGone

    def told(number: int) -> str:
        return str(office.mails[number].get_body(("plain",)).get_content())

    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    story = newsroom.publish_round()
    await service.until(lambda: len(office.mails) == 1)
    newsroom.edit(story, story.text.replace("in Istanbul", "in Ankara"))
    story.title = story.title.replace("Istanbul", "Ankara")
    await service.until(lambda: len(office.mails) == 2)
    assert office.mails[1]["X-Parley-Reason"] == "corrected"
    assert "Place: Istanbul → Ankara" in told(1)
    newsroom.edit(story, story.text)
    story.answer = gone
    await service.until(lambda: len(office.mails) == 3)
    assert "The article was withdrawn" in told(2)
    assert "no longer says so" in told(2)
    assert office.interrupting() == ["new"]


def _house_kept(service: Any) -> bool:
    return "house kept" in service.log


def _in_store(home: Home, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.path / "state" / "parley.db") as store:
        return store.execute(sql, values).fetchall()


async def test_after_downtime_the_journal_says_which_span_may_be_incomplete(newsroom: Newsroom, home: Home) -> None:
    service = await home.run()
    await service.started()
    await service.until(lambda: newsroom.polls() >= 1)
    await service.end()
    assert _in_store(home, "SELECT value FROM meta WHERE key = 'alive'")
    _in_store(home, "UPDATE meta SET value = ? WHERE key = 'alive'", "2025-05-16T12:00:00+00:00")
    again = await home.run()
    await again.started()
    await again.end()
    assert "downtime" in again.log
    ((kind, since),) = _in_store(home, "SELECT kind, since FROM journal")
    assert (kind, str(since)[:16]) == ("downtime", "2025-05-16 12:00")


async def test_a_source_that_fails_for_a_day_is_told_to_the_operator_once(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    home.feeds(f"{newsroom.base}/feed", f"{newsroom.base}/nothing-here", interval="1h")
    service = await home.run()
    await service.until(lambda: service.log.count("feed polled") >= 2)
    await service.end()
    # A day passes.
    habits = _in_store(home, "SELECT url, habits FROM feed WHERE failures > 0")
    assert [url for url, _ in habits] == [f"{newsroom.base}/nothing-here"]
    long = json.dumps(json.loads(habits[0][1]) | {"since": "2025-05-16T12:00:00+00:00"})
    _in_store(home, "UPDATE feed SET habits = ? WHERE url = ?", long, habits[0][0])
    for _ in range(2):
        service = await home.run()
        await service.started()
        await service.until(partial(_house_kept, service))
        await service.until(lambda: office.mails)
        await service.end()
    (mail,) = office.mails
    assert mail["Subject"] == "[parley] 1 source is in trouble"
    plain = mail.get_body(("plain",)).get_content()
    assert "Test Courier 1" in plain
    assert "status 404" in plain
