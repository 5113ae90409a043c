"""One id from the poll to the far end: in the log of a whole run, in each of its forms, and in the store."""

import asyncio
import json
import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web

pytestmark = pytest.mark.slow

Newsroom = Home = Program = PostOffice = Any  # the records of conftest.py, which tests cannot import
SECRET = "hunter2-must-stay-here"
HEAD = {
    "logfmt": re.compile(r"timestamp=\S+Z level=(?P<level>\w+) event="),
    "journald": re.compile(r"<(?P<level>[3467])>level=\w+ event="),
    "text": re.compile(r"\d\d:\d\d:\d\d (?P<level>debug|info|warning|error) +"),
}
TRACE = re.compile(r"trace\W+([0-9a-f]{16})")


async def a_run_with_faults(newsroom: Newsroom, office: PostOffice, home: Home, form: str) -> str:
    """A service from its start over faults of feeds, pages and workers, alerts and an edited list of feeds to its stop;
    then a second one that is refused. What both wrote on stderr."""
    feed = f"{newsroom.base}/feed"
    home.feeds(feed, f"{newsroom.base}/nothing-here", "http://127.0.0.1:9/refused")
    file = home.path / "config" / "parley.yaml"
    settings = file.read_text().replace("security: none", f"security: none, username: me, password: {SECRET}")
    # Without AUTH the post office takes no login: the first attempts fail with the secret in hand.
    file.write_text(settings + f"log: {{level: debug, format: {form}}}\n")
    newsroom.raw["/broken"] = (b"\x00\xff<rss", "text/xml")
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish("A page that is not there", "unused").answer = _missing
    newsroom.publish("A page\x1b[2J with words", "nothing to read\x1b]0;title\x07 here", path="/odd")
    newsroom.publish_round()
    newsroom.publish_plan("Geneva", timedelta(days=10))
    await service.until(lambda: "delivery retry" in service.log or "delivery ambiguous" in service.log
                        or "channel down" in service.log)  # fmt: skip
    home.feeds(feed, f"{newsroom.base}/broken")
    await service.until(lambda: "feeds taken up" in service.log)
    second = await home.run()
    await asyncio.wait_for(second.process.wait(), 20)
    assert second.process.returncode == 1
    assert await service.end() < 10
    assert service.process.returncode == 0
    file.write_text(file.read_text().replace(f", username: me, password: {SECRET}", ""))
    again = await home.run()
    await again.until(lambda: len(office.mails) >= 2)
    await again.until(partial(_all_sent, again, office))
    assert await again.end() < 10
    assert again.process.returncode == 0
    return str(service.log + second.log + again.log)


def _all_sent(service: Program, office: PostOffice) -> bool:
    return service.log.count("delivery sent") == len(office.mails)


async def _missing(_: web.Request) -> web.StreamResponse:
    return web.Response(status=404)


def _delivery_of(mail: Any) -> str:
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


def _events(lines: list[str], trace: str) -> list[str]:
    """What the lines that carry a trace tell, in order."""
    names = ("feed polled", "page looked at", "article read", "decision", "alert", "delivery retry",
             "delivery ambiguous", "delivery sent", "channel")  # fmt: skip
    mine = [line for line in lines if (found := TRACE.search(line)) and found[1] == trace]
    return [
        next((name for name in names if re.search(rf'(event"?[=:] ?"?|\w +){name}\b', line)), line) for line in mine
    ]


@pytest.mark.parametrize("form", ["json", "journald", "logfmt", "text"])
async def test_every_alert_that_arrived_is_traced_back_to_its_poll_and_every_line_has_the_form_that_was_chosen(
    form: str, newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    log = await a_run_with_faults(newsroom, office, home, form)
    lines = log.splitlines()
    assert SECRET not in log
    assert all(line.isprintable() for line in lines)
    if form == "json":
        for said in map(json.loads, lines):
            assert list(said)[:3] == ["timestamp", "level", "event"]
    else:
        assert [line for line in lines if not HEAD[form].match(line)] == []
    assert len(office.mails) >= 2
    traces: dict[str, str] = {}
    for mail in office.mails:
        delivery = _delivery_of(mail)
        (sent,) = [line for line in lines if delivery in line and "delivery sent" in line]
        found = TRACE.search(sent)
        assert found is not None
        trace = found[1]
        told = _events(lines, trace)
        assert told[0] == "feed polled"
        assert told[-1] == "delivery sent"
        order = [told.index(name) for name in ("feed polled", "article read", "decision", "alert", "delivery sent")]
        assert order == sorted(order), told
        traces[delivery] = trace
    if form == "json":  # what the store tells is the same in all of them
        await the_store_tells_the_same(newsroom, home, traces)


async def the_store_tells_the_same(newsroom: Newsroom, home: Home, traces: dict[str, str]) -> None:
    tried = 0
    for delivery, trace in traces.items():
        code, out, err = await home.call("trace", trace, "--json")
        assert code == 0, err
        steps = [json.loads(line) for line in out.splitlines()]
        whats = [step["what"] for step in steps]
        assert whats[0] == "polled"
        assert (steps[0]["feed"], steps[0]["trace"]) == (f"{newsroom.base}/feed", trace)
        assert {"entry", "article", "decision", "settled", "alert", "delivery", "attempt"} <= set(whats)
        attempts = [step for step in steps if step["what"] == "attempt" and step["delivery_id"] == delivery]
        tried = max(tried, len(attempts))
        assert [step["outcome"] for step in attempts][-1] == "sent"
        assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    assert tried >= 2
    code, out, _ = await home.call("trace", delivery)
    assert code == 0
    assert f"trace {trace}" in out
    code, _, err = await home.call("trace", "0123456789abcdef")
    assert (code, "in the log alone" in err) == (1, True)
