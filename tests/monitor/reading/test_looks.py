"""Pages of alerted articles are asked again after an hour, six and a day: newsrooms mend what they print in haste."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from extractors.records import Entry

from .conftest import START, TEXT, TITLE, Answer, Desk, Press, page

URL = "http://courier.example/news/talks"
HOUR = timedelta(hours=1)
MENDED = page(TITLE.replace("Istanbul", "Ankara"), TEXT.replace("Istanbul", "Ankara"))


@pytest.fixture
async def rung(desk: Desk, press: Press) -> Desk:
    """An article that rang at START."""
    press.prints(URL, page(), ETag='"v1"', Last_Modified="Sat, 17 May 2031 11:50:00 GMT")
    desk.shows(desk.feed(), URL)
    await desk.read()
    assert desk.reasons() == ["new"]
    return desk


async def test_a_page_that_rang_is_asked_again_after_an_hour_six_and_a_day(rung: Desk, press: Press):
    asked = []
    for minutes in range(0, 3 * 24 * 60, 30):
        rung.now = START + timedelta(minutes=minutes)
        before = press.asked(URL)
        await rung.read()
        asked += [minutes / 60] * (press.asked(URL) - before)
    assert asked == [1, 6, 24]


async def test_a_look_carries_the_validators_of_the_last_answer_and_304_changes_nothing(rung: Desk, press: Press):
    await rung.read(after=HOUR)
    _, headers = press.requests[-1]
    assert headers["if-none-match"] == '"v1"'
    assert headers["if-modified-since"] == "Sat, 17 May 2031 11:50:00 GMT"
    assert rung.counts["looked at again"] == 1
    assert rung.reasons() == ["new"]
    assert len(rung.versions(URL)) == 1


async def test_new_validators_replace_the_old_ones_as_one_set(rung: Desk, press: Press):
    press.prints(URL, page(), ETag='"v2"')
    await rung.read(after=HOUR)
    await rung.read(after=5 * HOUR)
    _, headers = press.requests[-1]
    assert headers["if-none-match"] == '"v2"'
    assert "if-modified-since" not in headers


async def test_a_page_that_gives_no_validators_any_more_is_asked_without(rung: Desk, press: Press):
    press.prints(URL, page())
    await rung.read(after=HOUR)
    await rung.read(after=5 * HOUR)
    assert not {"if-none-match", "if-modified-since"} & press.requests[-1][1].keys()


async def test_an_edit_that_no_feed_tells_of_corrects_whoever_was_told(rung: Desk, press: Press):
    press.prints(URL, MENDED, ETag='"v2"')
    await rung.read(after=HOUR)
    assert rung.counts["alerts"] == 1
    assert rung.reasons() == ["new", "corrected"]
    assert len(rung.versions(URL)) == 2


async def test_a_page_that_was_always_called_otherwise_than_in_its_feed_is_not_edited(desk: Desk, press: Press):
    press.prints(URL, page("Istanbul: the fifth round is over", TEXT))
    desk.shows(desk.feed(), URL)
    await desk.read()
    for hours in (1, 5, 18):
        assert (await desk.read(after=hours * HOUR))["looked at again"] == 1
    assert len(desk.versions(URL)) == 1
    assert desk.reasons() == ["new"]


async def test_a_page_that_is_gone_withdraws_what_it_told(rung: Desk, press: Press):
    press.prints(URL, "gone", 404)
    await rung.read(after=HOUR)
    assert rung.reasons() == ["new", "corrected"]
    assert [article.text for article in rung.versions(URL)][1:] == [""]


@pytest.mark.parametrize(
    ("status", "body"), [(500, "sorry"), (403, "no"), (200, "<html><title>Just a moment...</title>")]
)
async def test_a_page_that_cannot_be_had_again_changes_nothing_and_the_next_look_is_taken(
    rung: Desk, press: Press, status: int, body: str
):
    press.prints(URL, body, status)
    await rung.read(after=HOUR)
    assert rung.counts["looked at again"] == 1
    assert (rung.reasons(), len(rung.versions(URL))) == (["new"], 1)
    assert (await rung.read(after=HOUR))["looked at again"] == 0
    press.prints(URL, MENDED)
    await rung.read(after=4 * HOUR)
    assert rung.reasons() == ["new", "corrected"]


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_a_look_leaves_the_entry_as_it_was_settled(rung: Desk, press: Press, status: int):
    before = rung.outcome(URL)
    press.prints(URL, MENDED, status)
    await rung.read(after=HOUR)
    assert rung.outcome(URL) == before == ("read", "1 claims, 1 alerts")


async def test_after_downtime_one_look_serves_for_all_that_were_missed(rung: Desk, press: Press):
    assert (await rung.read(after=30 * HOUR))["looked at again"] == 1
    assert (await rung.read(after=30 * HOUR))["looked at again"] == 0
    assert press.asked(URL) == 2


async def test_a_page_that_rings_once_more_after_its_looks_is_looked_at_anew(rung: Desk, press: Press):
    await rung.read(after=25 * HOUR)
    press.prints(URL, MENDED)
    (feed,) = rung.feeds.values()
    rung.dates_anew(feed, Entry(URL, URL, TITLE.replace("Istanbul", "Ankara")))
    await rung.read()
    assert rung.reasons() == ["new", "corrected"]
    assert [(await rung.read(after=hours * HOUR))["looked at again"] for hours in (1, 5, 18, 24)] == [1, 1, 1, 0]


async def test_looks_at_several_hosts_do_not_wait_for_each_other(rung: Desk, press: Press):
    title = "Russia and Ukraine to hold talks in Ankara on 22 May 2031"
    other = press.prints("http://herald.example/talks", page(title, f"{title}, both delegations said on Saturday."))
    rung.shows(rung.feed("herald.example"), other, title=title)
    await rung.read()
    assert rung.reasons() == ["new", "new"]
    met = asyncio.Barrier(2)
    for url in (URL, other):
        press.answers[url] = meeting(press.answers[url], met)
    async with asyncio.timeout(5):
        assert (await rung.read(after=HOUR))["looked at again"] == 2


def meeting(answer: Answer, met: asyncio.Barrier) -> Answer:
    async def together(request: web.Request) -> web.StreamResponse:
        await met.wait()
        return await answer(request)

    return together


async def test_a_fault_of_ours_in_a_look_ends_neither_the_service_nor_the_looks(rung: Desk, press: Press, monkeypatch):
    press.prints(URL, MENDED)
    with monkeypatch.context() as broken:
        broken.setattr("monitor.taking.take_in", lambda *_, **__: 1 / 0)
        assert (await rung.read(after=HOUR))["alerts"] == 0
    assert (await rung.read())["looked at again"] == 0
    await rung.read(after=5 * HOUR)
    assert rung.reasons() == ["new", "corrected"]


async def test_a_page_that_rang_nobody_is_not_asked_again(desk: Desk, press: Press):
    press.prints(URL, page("Rain in the north", "It will rain in the north all week, and in the south on Sunday."))
    desk.shows(desk.feed(), URL, title="Rain in the north")
    await desk.read()
    assert (await desk.read(after=30 * HOUR))["looked at again"] == 0
    assert press.asked(URL) == 1


async def test_a_feed_that_is_now_read_without_pages_is_looked_at_no_more(rung: Desk, press: Press):
    rung.feed(pages=False)
    await rung.read(after=HOUR)
    assert press.asked(URL) == 1


async def test_a_host_that_does_not_answer_is_left_alone_and_its_page_is_looked_at_later(rung: Desk, press: Press):
    working, press.proxy = press.proxy, "http://127.0.0.1:9"
    rung.open(robots=False)
    rung.now += HOUR
    for n in range(3):
        rung.shows(next(iter(rung.feeds.values())), f"http://courier.example/news/{n}")
    assert (await rung.read())["looked at again"] == 0
    press.proxy = working
    rung.open()
    press.prints(URL, MENDED)
    await rung.read(after=timedelta(minutes=5))
    assert rung.reasons() == ["new", "corrected"]
