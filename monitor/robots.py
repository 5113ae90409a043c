"""robots.txt, honoured for pages (RFC 9309). Feeds are made for programs; pages may be closed to them.

A file that is not there closes nothing. One that cannot be had says nothing: the page waits, and if the file stays out
of reach for as long as a page is tried, the feed's own words are read instead; one that was had before holds on. Each
host is asked for it once a day.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from protego import Protego

from extractors.decode import decode
from monitor.fetch import Fetched, Fetcher, FetchFailure

AGENT = "Parley"
_LIFE = timedelta(hours=24)
# A file that could not be had is asked for again no sooner than this.
_PAUSE = timedelta(minutes=10)
# What has to be read at least (RFC 9309 §2.5). The rest is fetched, so that a long file is not refused, and not read.
_READ = 500 * 1024
_CAP = 5_000_000
# Parsing takes 0.2 s for the longest file (measured): beyond this it is kept off the loop.
_SHORT = 20_000
_DEADLINE = timedelta(seconds=15)
# Longer delays than this are meant for those that copy whole sites.
_LONGEST_DELAY = timedelta(seconds=60)
_KEPT = 2_000

Permission = Literal["yes", "no", "unknown"]


@dataclass(slots=True)
class _Rules:
    until: datetime
    parser: Protego | None = None
    known: bool = True


@dataclass(slots=True)
class Robots:
    """What hosts allow, in memory only: after a restart each is asked again when a page of it is wanted."""

    fetcher: Fetcher
    clock: Callable[[], datetime]
    _rules: dict[str, _Rules] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    def use(self, fetcher: Fetcher) -> None:
        """Ask with this one from now on. What is known of hosts stays known."""
        self.fetcher = fetcher

    async def allowed(self, url: str) -> Permission:
        """Whether the page at `url` may be asked for."""
        try:
            parts = urlsplit(url)
            origin, host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower(), parts.hostname or ""
        except ValueError:
            return "yes"  # no address: what is wrong with it will be said of the page
        async with self._turns.setdefault(origin, asyncio.Lock()):
            now, rules = self.clock(), self._rules.get(origin)
            # A clock that was set back must not keep a file for longer than its life.
            if rules is None or not now < rules.until <= now + _LIFE:
                rules = await self._ask(origin, host, rules)
                self._keep(origin, rules)
        if not rules.known:
            return "unknown"
        if rules.parser is None:
            return "yes"
        return "yes" if rules.parser.can_fetch(url, AGENT) else "no"

    async def _ask(self, origin: str, host: str, before: _Rules | None) -> _Rules:
        got = await self.fetcher.get(
            f"{origin}/robots.txt", cap=_CAP, deadline=_DEADLINE, accept="text/plain, */*;q=0.1"
        )
        now = self.clock()
        if isinstance(got, Fetched):
            parser = await _parsed(got)
            if delay := parser.crawl_delay(AGENT):
                self.fetcher.slow_down(host, min(timedelta(seconds=min(delay, 1e6)), _LONGEST_DELAY))
            return _Rules(now + min(_LIFE, max(got.fresh_for or _LIFE, _PAUSE)), parser)
        if isinstance(got, FetchFailure) and (
            # RFC 9309 §2.3.1.3: any 4xx says that there are no rules; 429 says that it was asked at a bad time.
            (got.kind == "status" and got.status is not None and got.status < 500 and got.status != 429)
            # What else is wrong with the address will be said of the page itself.
            or got.kind in ("too_big", "redirects", "bad_url", "forbidden")
        ):
            return _Rules(now + _LIFE)
        # RFC 9309 §2.4: what was had holds for longer while the file cannot be had.
        return _Rules(now + _PAUSE, known=False) if before is None else replace(before, until=now + _PAUSE)

    def _keep(self, origin: str, rules: _Rules) -> None:
        self._rules[origin] = rules
        if len(self._rules) > _KEPT:
            now = self.clock()
            self._rules = {each: kept for each, kept in self._rules.items() if kept.until > now}
            self._turns = {each: turn for each, turn in self._turns.items() if each in self._rules or turn.locked()}


async def _parsed(got: Fetched) -> Protego:
    body = got.body
    if len(body) > _READ:
        # Half a line may close what the whole one would not.
        body = body[: body.rfind(b"\n", 0, _READ) + 1]
    text = decode(body, got.charset)
    return Protego.parse(text) if len(text) < _SHORT else await asyncio.to_thread(Protego.parse, text)
