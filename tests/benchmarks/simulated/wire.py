"""The far end of the wire: what each site answers, and its log, by which it judges whoever asks.

A request is early when the server's own words, or what feeds in general ask for, put it later (reference: polling
10-16, 26, 27): within max-age, ttl, skipHours or Retry-After; within 60 minutes of the one before, or, asked for the
whole body, within 24 hours of the last whole body. Where the operator has chosen an interval, it stands for the 60
minutes and the 24 hours. So is any request after a 410, and to an address that has moved for good.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from monitor.fetch import Fetched, FetchFailure, NotModified
from simulated.world import HOUR, Item, Site

CONDITIONAL = timedelta(minutes=60)
UNCONDITIONAL = timedelta(hours=24)
RETRY_AFTER = 2 * HOUR
# Status line and headers of an answer without body.
HEAD = 250

Answer = Fetched | NotModified | FetchFailure


@dataclass(slots=True)
class Log:
    """What one site remembers of one client. `whole` are answers to requests without validators."""

    requests: list[datetime] = field(default_factory=list)
    bytes: int = 0
    early: list[tuple[datetime, str]] = field(default_factory=list)
    whole: datetime | None = None
    fresh_until: datetime | None = None
    retry_at: datetime | None = None
    ttl_until: datetime | None = None
    told_hours: bool = False
    told_gone: bool = False
    told_new: bool = False


class Wire:
    """Answers for all sites, in the stead of `monitor.fetch.Fetcher`. `intervals`: the operator's own, by address.

    `write` makes the body of a feed that shows these items.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        clock: Callable[[], datetime],
        intervals: Mapping[str, timedelta],
        write: "Callable[[Site, Sequence[Item]], bytes] | None" = None,
    ) -> None:
        self._clock, self._intervals, self._write = clock, intervals, write or rss
        self._sites = {site.url: site for site in sites} | {site.new_url: site for site in sites if site.moved_at}
        self.logs = {site.url: Log() for site in sites}

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, **_limits: object
    ) -> Answer:
        """One request and what follows from it, at once."""
        return self.ask(url, etag, last_modified)

    def ask(self, url: str, etag: str | None, last_modified: str | None) -> Answer:
        site, now = self._sites[url], self._clock()
        log = self.logs[site.url]
        conditional = bool(etag or last_modified)
        log.early += [(now, reason) for reason in self._reasons(site, log, url, conditional, now)]
        answer = self._answer(site, log, url, etag, last_modified, now)
        log.requests.append(now)
        log.bytes += HEAD + (len(answer.body) if isinstance(answer, Fetched) else 0)
        if isinstance(answer, FetchFailure):
            log.retry_at = now + answer.retry_after if answer.retry_after else None
            log.told_gone = answer.status == 410
            return answer
        log.retry_at = None
        log.fresh_until = now + site.max_age if site.max_age else None
        log.ttl_until = now + site.ttl if site.ttl else None
        if isinstance(answer, Fetched):
            log.told_hours = True
            log.whole = log.whole if conditional else now
        log.told_new = log.told_new or answer.moved is not None
        return answer

    def early(self) -> Counter[str]:
        """How many requests were early, by reason."""
        return Counter(reason for log in self.logs.values() for _, reason in log.early)

    def _reasons(self, site: Site, log: Log, url: str, conditional: bool, now: datetime) -> list[str]:
        last = log.requests[-1] if log.requests else None
        chosen = self._intervals.get(site.url)
        too_soon = last is not None and now < last + (chosen or CONDITIONAL)
        whole = not conditional and log.whole is not None and now < log.whole + (chosen or UNCONDITIONAL)
        return [
            reason
            for reason, broken in (
                ("60 minutes or the interval", too_soon),
                ("24 hours for a whole body", whole and not too_soon),
                ("max-age", log.fresh_until is not None and now < log.fresh_until),
                ("ttl", log.ttl_until is not None and now < log.ttl_until),
                ("skipHours", log.told_hours and now.hour in site.skip_hours),
                ("Retry-After", log.retry_at is not None and now < log.retry_at),
                ("after 410", log.told_gone),
                ("old address", log.told_new and url == site.url),
            )
            if broken
        ]

    def _answer(
        self, site: Site, log: Log, url: str, etag: str | None, last_modified: str | None, now: datetime
    ) -> Answer:
        if site.gone_at and now >= site.gone_at:
            return FetchFailure("status", "410 Gone", 410)
        if fault := site.fault(now):
            return _failure(fault)
        if site.least and log.requests and now < log.requests[-1] + site.least:
            wait = RETRY_AFTER if site.plain_spoken else None
            return FetchFailure("status", "429 Too Many Requests", 429, wait)
        there = site.new_url if site.moved_at and now >= site.moved_at else site.url
        moved = there if there != url else None
        mine, date = _validators(site, now)
        # RFC 9110, 13.1.3: If-Modified-Since counts only where no ETag was sent.
        same = etag == mine if etag else bool(last_modified) and last_modified == date
        if same and (mine or date):
            return NotModified(url, mine, date, moved, site.max_age)
        return Fetched(
            url=url,
            final_url=there,
            status=200,
            body=self._write(site, site.shown(now)),
            content_type="application/rss+xml",
            charset="utf-8",
            etag=mine,
            last_modified=date,
            moved=moved,
            fresh_for=site.max_age,
        )


def rss(site: Site, items: Sequence[Item]) -> bytes:
    """The feed as the site writes it: one line for the channel, one for each item."""
    hours = "".join(f"<hour>{hour}</hour>" for hour in site.skip_hours)
    head = f"<title>{site.url}</title><link>{site.url}</link><description>News</description><language>en</language>"
    head += f"<ttl>{int(site.ttl.total_seconds()) // 60}</ttl>" if site.ttl else ""
    head += f"<skipHours>{hours}</skipHours>" if hours else ""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f'<rss version="2.0"><channel>{head}']
    lines += [
        f"<item><title>Piece of news {item.guid}</title><link>{site.url}?{item.guid.replace('#', '-')}</link>"
        f'<guid isPermaLink="false">{item.guid}</guid><pubDate>{format_datetime(item.dated)}</pubDate></item>'
        for item in items
    ]
    return "\n".join([*lines, "</channel></rss>"]).encode()


def _failure(fault: str) -> FetchFailure:
    if fault == "503":
        return FetchFailure("status", "503 Service Unavailable", 503, RETRY_AFTER)
    if fault == "500":
        return FetchFailure("status", "500 Internal Server Error", 500)
    return FetchFailure("dns" if fault == "dns" else "timeout", f"the site is down ({fault})")


def _validators(site: Site, now: datetime) -> tuple[str | None, str | None]:
    if site.lies:
        return '"always"', None
    count = site.count(now)
    date = format_datetime(site.items[count - 1].appears, usegmt=True) if count else None
    return {"both": (f'"{count}"', date), "date": (None, date), "none": (None, None)}[site.validators]
