"""robots.txt, honoured for pages (RFC 9309). Feeds are made for programs; pages may be closed to them.

A file that is not there closes nothing. One that cannot be had says nothing: the page waits, and if the file stays out
of reach for as long as a page is tried, the feed's own words are read instead. Each host is asked for it once a day.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
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
# The least that RFC 9309 asks a reader to take is 500 KiB; what is larger is no list of rules.
_CAP = 512 * 1024
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

    async def allowed(self, url: str) -> Permission:
        """Whether the page at `url` may be asked for."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        async with self._turns.setdefault(origin, asyncio.Lock()):
            rules = self._rules.get(origin)
            if rules is None or rules.until <= self.clock():
                rules = await self._ask(origin, parts.hostname or "")
                self._keep(origin, rules)
        if not rules.known:
            return "unknown"
        if rules.parser is None:
            return "yes"
        return "yes" if rules.parser.can_fetch(url, AGENT) else "no"

    async def _ask(self, origin: str, host: str) -> _Rules:
        got = await self.fetcher.get(
            f"{origin}/robots.txt", cap=_CAP, deadline=_DEADLINE, accept="text/plain, */*;q=0.1"
        )
        now = self.clock()
        if isinstance(got, Fetched):
            parser = Protego.parse(decode(got.body, got.charset))
            if delay := parser.crawl_delay(AGENT):
                self.fetcher.slow_down(host, min(timedelta(seconds=float(delay)), _LONGEST_DELAY))
            return _Rules(now + min(_LIFE, max(got.fresh_for or _LIFE, _PAUSE)), parser)
        if isinstance(got, FetchFailure) and (
            # RFC 9309 §2.3.1.3: any 4xx says that there are no rules; 429 says that it was asked at a bad time.
            (got.status is not None and 400 <= got.status < 500 and got.status != 429)
            # What else is wrong with the address will be said of the page itself.
            or got.kind in ("too_big", "redirects", "bad_url", "forbidden")
        ):
            return _Rules(now + _LIFE)
        return _Rules(now + _PAUSE, known=False)

    def _keep(self, origin: str, rules: _Rules) -> None:
        self._rules[origin] = rules
        if len(self._rules) > _KEPT:
            now = self.clock()
            self._rules = {each: kept for each, kept in self._rules.items() if kept.until > now}
            self._turns = {each: turn for each, turn in self._turns.items() if each in self._rules or turn.locked()}
