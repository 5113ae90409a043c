import io
import itertools
from calendar import timegm
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import feedparser
import httpx
import pytest

from monitor.demo.newsroom import PATIENCE, Newsroom
from monitor.demo.script import Item, Script


@pytest.fixture
async def room(script: Script, hand) -> AsyncIterator[Newsroom]:
    async with Newsroom(script, hand.now, hand.ticks) as room:
        yield room


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def poll_all(room: Newsroom, script: Script, http: httpx.AsyncClient) -> dict[str, list[str]]:
    """The ids of the pages that each outlet's feed holds, newest first."""
    held: dict[str, list[str]] = {}
    for outlet in script.outlets:
        answer = await http.get(room.feed_url(outlet))
        links = [entry.link for entry in feedparser.parse(io.BytesIO(answer.content)).entries]
        held[outlet.id] = [link.rpartition("/")[2].removesuffix(".html") for link in links]
    return held


async def read(room: Newsroom, http: httpx.AsyncClient, *items: Item) -> None:
    for item in items:
        await http.get(room.base + item.path)


def live(script: Script) -> list[Item]:
    return [item for item in script.items if item.at is not None]


async def test_a_first_poll_finds_the_backlog_and_nothing_else(room, script, http) -> None:
    held = await poll_all(room, script, http)
    assert sorted(itertools.chain(*held.values())) == sorted(item.id for item in script.items if item.at is None)


async def test_the_newsroom_opens_when_every_feed_was_polled_once(room, script, http, hand) -> None:
    for outlet in script.outlets[:-1]:
        await http.get(room.feed_url(outlet))
    hand.seconds = 100
    assert not room.opened
    await http.get(room.feed_url(script.outlets[-1]))
    assert room.opened
    assert room.shown(script.outlets[0])[-1][0].at is None


async def test_an_article_appears_at_its_second(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    first = live(script)[0]
    hand.seconds = first.at - 0.1
    assert first.id not in (await poll_all(room, script, http))[first.outlet.id]
    hand.seconds = first.at
    assert (await poll_all(room, script, http))[first.outlet.id][0] == first.id


async def test_an_article_waits_until_its_predecessors_were_read_but_not_for_ever(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    first, second = live(script)[:2]
    assert first.at < second.at
    hand.seconds = second.at
    assert second.id not in (await poll_all(room, script, http))[second.outlet.id]
    hand.seconds = second.at + PATIENCE
    assert second.id in (await poll_all(room, script, http))[second.outlet.id]


async def test_an_article_appears_at_once_when_its_predecessors_were_read(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    first, second = live(script)[:2]
    hand.seconds = second.at
    await poll_all(room, script, http)
    await read(room, http, first)
    assert second.id in (await poll_all(room, script, http))[second.outlet.id]


async def test_nobody_waits_for_an_article_that_tells_nothing(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    quiet = next(item for item in live(script) if item.expects == "quiet")
    later = next(item for item in live(script) if item.at > quiet.at)
    hand.seconds = later.at
    before = [item for item in live(script) if item.at < later.at]
    for _ in before:
        await poll_all(room, script, http)
        await read(room, http, *(item for item in before if item.expects != "quiet"))
    assert quiet.id in room.unread
    assert later.id in [item.id for item, _ in room.shown(later.outlet)]


async def test_the_story_is_over_when_every_page_was_asked_for(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    hand.seconds = script.length + PATIENCE
    await poll_all(room, script, http)
    await read(room, http, *live(script)[:-1])
    assert room.unread == (live(script)[-1].id,)
    assert not room.over
    await read(room, http, live(script)[-1])
    assert room.over


async def test_every_dated_entry_carries_the_moment_it_appeared_with_its_zone(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    hand.seconds = script.length + PATIENCE
    for outlet in script.outlets:
        shown = {room.base + item.path: (item, moment) for item, moment in room.shown(outlet)}
        answer = await http.get(room.feed_url(outlet))
        parsed = feedparser.parse(io.BytesIO(answer.content))
        assert not parsed.bozo, parsed.bozo_exception
        dates = {
            entry.link: datetime.fromtimestamp(timegm(entry.published_parsed), UTC)
            for entry in parsed.entries
            if "published" in entry
        }
        assert dates == {url: moment for url, (item, moment) in shown.items() if item.dated}


@pytest.mark.parametrize("header", ["If-None-Match", "If-Modified-Since"])
async def test_an_unchanged_feed_answers_304_without_a_body(room, script, http, header) -> None:
    url = room.feed_url(script.outlets[0])
    first = await http.get(url)
    validator = first.headers["ETag" if header == "If-None-Match" else "Last-Modified"]
    again = await http.get(url, headers={header: validator})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


async def test_a_feed_that_gained_an_article_answers_in_full(room, script, http, hand) -> None:
    first = live(script)[0]
    url = room.feed_url(first.outlet)
    before = await http.get(url)
    await poll_all(room, script, http)
    hand.seconds = first.at
    validators = {"If-None-Match": before.headers["ETag"], "If-Modified-Since": before.headers["Last-Modified"]}
    after = await http.get(url, headers=validators)
    assert after.status_code == 200
    assert parsedate_to_datetime(after.headers["Last-Modified"]) > parsedate_to_datetime(
        before.headers["Last-Modified"]
    )


async def test_the_etag_decides_when_both_validators_are_sent(room, script, http) -> None:
    url = room.feed_url(script.outlets[0])
    latest = (await http.get(url)).headers["Last-Modified"]
    answer = await http.get(url, headers={"If-None-Match": '"other"', "If-Modified-Since": latest})
    assert answer.status_code == 200


async def test_a_date_that_is_none_asks_for_the_whole_feed(room, script, http) -> None:
    answer = await http.get(room.feed_url(script.outlets[0]), headers={"If-Modified-Since": "yesterday"})
    assert answer.status_code == 200


async def test_pages_have_what_the_script_says(room, script, http, hand) -> None:
    await poll_all(room, script, http)
    hand.seconds = script.length + PATIENCE
    await poll_all(room, script, http)
    for item in script.items:
        answer = await http.get(room.base + item.path)
        if item.page == "missing":
            assert answer.status_code == 404
        elif item.page == "consent":
            assert script.furniture[item.outlet.language].consent in answer.text
            assert item.paragraphs[0] not in answer.text
        else:
            assert f'lang="{item.outlet.language}"' in answer.text
            assert answer.text.count("<p>") >= len(item.paragraphs)
            assert script.furniture[item.outlet.language].footer in answer.text


async def test_a_page_is_not_there_before_it_is_published(room, script, http) -> None:
    assert (await http.get(room.base + live(script)[0].path)).status_code == 404
    assert live(script)[0].id in room.unread
