"""`parley feeds test`: what a poll would do with a feed, rule by rule; what it would keep is kept and undone.

The poll's own code decides (`keep`), in a transaction that is rolled back: a test cannot differ from what it tests.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from extractors.decode import decode
from extractors.feed import ParsedFeed
from extractors.records import Entry
from monitor.checks import Checked
from monitor.feedlist import listed, opened, remembered
from monitor.feedpage import found
from monitor.feeds import plain_host
from monitor.fetch import Fetched, FetchFailure, NotModified
from monitor.health import told
from monitor.keep import Kept, began, keep
from monitor.plain import printable
from monitor.poll import Answer
from monitor.reasons import why
from monitor.records import Feed, FeedState, MonitorError, Watch
from monitor.schedule import NEVER, audit_due
from monitor.settings import in_force
from monitor.store import Store, open_store
from monitor.store import feeds as stored
from monitor.subscriptions import Ask, excerpt
from monitor.workers import WorkerFailure

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)["']""", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule: what was found, and what it means for the polls of this feed."""

    rule: str
    found: str
    means: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a poll would come to. `ok` is false when it would fail."""

    url: str
    ok: bool
    outcome: str
    findings: tuple[Finding, ...]


class _UndoneError(Exception):
    """Rolls the transaction of a test back."""


def tried(
    store: Store,
    feed: Feed,
    state: FeedState,
    answer: Answer,
    *,
    watches: Sequence[Watch],
    elsewhere: Collection[str] = frozenset(),
) -> Trial:
    """What the answer would lead to in this store, which stays as it is. `state` is that by which it was asked.

    `feed` has the interval in force, `elsewhere` are addresses that other feeds are asked at.
    """
    kept: Kept | None = None
    try:
        with store.write() as tx:
            stored.enrol(tx, state.url, answer.at)
            first = began(tx, feed, watches, answer.at)
            age = max(watch.rings.max_age for watch in watches)
            kept = keep(tx, replace(feed, url=state.url), state, answer, began=first, max_age=age, elsewhere=elsewhere)
            raise _UndoneError
    except _UndoneError:
        pass
    assert kept is not None
    findings = (*_request(feed, state, answer), *_answer(answer), *_body(answer), *_kept(feed, state, answer, kept))
    said = tuple(Finding(each.rule, printable(each.found), printable(each.means)) for each in findings)
    return Trial(feed.url, kept.polled.ok, kept.polled.outcome, said)


def try_out(home: Checked, url: str, ask: Ask, now: datetime) -> Trial:
    """Ask an address once, configured or not, and say what a poll would make of the answer. `ask` makes the request.

    Raises MonitorError when the address is none, or the store cannot be opened.
    """
    known = remembered(home.settings.store_url.get_secret_value()).states
    row = found(listed(home.feeds, known), url)
    host = plain_host(url)
    if not host or not url.startswith(("http://", "https://")):
        raise MonitorError(f"{url} is no whole address; write one that begins with https:// or http://")
    feed = in_force(row.feed if row else Feed(url, host, host), home.settings.polling)
    before = row.state if row else known.get(url)
    state = before or FeedState(feed.url, now)
    answer = ask(feed, state)
    store = opened(home.settings.store_url.get_secret_value()) or open_store("sqlite://")
    try:
        others = {each.url for each in home.feeds} - {feed.url}
        return tried(store, feed, state, answer, watches=home.watches, elsewhere=others)
    finally:
        store.close()


def as_json(tested: Trial) -> str:
    """One object in one line: `url`, `ok`, `outcome`, `findings` with `rule`, `found`, `means`."""
    return json.dumps(asdict(tested), ensure_ascii=False)


def in_words(tested: Trial) -> list[str]:
    """A line a finding, in columns."""
    wide = max(len(each.rule) for each in tested.findings)
    return [
        f"{each.rule:<{wide}}  {each.found}" + (f": {each.means}" if each.means else "") for each in tested.findings
    ]


def _request(feed: Feed, state: FeedState, answer: Answer) -> Iterator[Finding]:
    address = state.habits.address
    yield Finding("address", address or feed.url, f"{feed.url} moved for good" if address else "")
    held = bool(state.etag or state.last_modified)
    if answer.conditional:
        sent = [f"If-None-Match: {state.etag}"] if state.etag else []
        sent += [f"If-Modified-Since: {state.last_modified}"] if state.last_modified else []
        yield Finding("request", "conditional, " + ", ".join(sent), "what the last whole answer gave, byte for byte")
    elif not held:
        means = "nothing was remembered of this feed" if state.polled_at is None else "its last answer gave none"
        yield Finding("request", "unconditional, no validators", means)
    elif audit_due(state, answer.at):
        yield Finding("request", "unconditional", "once a day its validators are put to the test")
    else:
        yield Finding("request", "unconditional", "its validators were found to lie and are not sent for a month")
    if state.floor_at is not None and answer.at < state.floor_at:
        yield Finding("too early", f"a poll would have waited until {_minute(state.floor_at)}", "this test did not")


def _answer(answer: Answer) -> Iterator[Finding]:
    got, took = answer.got, f"{answer.took.total_seconds():.1f} s"
    if isinstance(got, FetchFailure):
        yield Finding("answer", f"{got.status or got.kind} after {took}", got.detail)
        if got.retry_after is not None:
            yield Finding("retry-after", told(got.retry_after), "the server's own wish; it binds up to a day")
        return
    if isinstance(got, NotModified):
        yield Finding("answer", f"304 after {took}", "unchanged since the last whole answer")
    else:
        kind = got.content_type or "no content type"
        yield Finding("answer", f"{got.status} after {took}, {len(got.body)} bytes, {kind}")
        if got.final_url != got.url:
            means = "permanent: asked there from now on" if got.moved else "passing: the address stays as it is"
            yield Finding("redirects", f"to {got.final_url}", means)
    validators = [f"ETag {got.etag}"] if got.etag else []
    validators += [f"Last-Modified {got.last_modified}"] if got.last_modified else []
    if validators:
        yield Finding("validators", ", ".join(validators), "sent back at the next poll, which may then be a 304")
    elif isinstance(got, Fetched):
        yield Finding("validators", "none", "every answer is the whole feed")
    fresh = told(got.fresh_for) if got.fresh_for else "none"
    yield Finding("freshness", fresh, "Cache-Control or Expires; no request before it ends" if got.fresh_for else "")


def _body(answer: Answer) -> Iterator[Finding]:
    got, parsed = answer.got, answer.parsed
    if not isinstance(got, Fetched):
        return
    if answer.same:
        yield Finding("body", "the same as the last one, byte for byte", "it is not parsed again")
        return
    if isinstance(parsed, WorkerFailure):
        yield Finding("parser", parsed.kind, parsed.detail)
        return
    assert isinstance(parsed, ParsedFeed)
    if parsed.problem is not None:
        yield Finding("format", parsed.problem, excerpt(got))
        for each in parsed.alternates:
            yield Finding("names a feed", each.url, each.title or each.kind)
        return
    yield Finding("format", parsed.kind, parsed.title or "without a title")
    yield from _charset(got)
    if parsed.truncated:
        yield Finding("truncated", "the document breaks off", "what is whole is taken; validators are not kept")
    if parsed.garbled:
        yield Finding("garbled", "its text was damaged before it was sent", "the operator is told")
    set_aside = f", {parsed.dropped} set aside: without link and title, or cut off" if parsed.dropped else ""
    yield Finding("entries", f"{len(answer.entries)}{set_aside}")
    yield Finding("dates", *_dates(answer.entries, parsed.undated))
    yield Finding("ids", *_ids(answer.entries))
    ttl = timedelta(minutes=parsed.ttl) if parsed.ttl else None
    yield Finding("ttl", told(ttl) if ttl else "none", "a lower bound, up to a day" if ttl else "")
    rest = [f"{hour}:00" for hour in sorted(parsed.skip_hours)] + [_DAYS[day] for day in sorted(parsed.skip_days)]
    yield Finding("rest", ", ".join(rest) or "none", "GMT; not asked then" if rest else "")
    if parsed.hint is not None:
        yield Finding("hint", told(parsed.hint), "sy:updatePeriod; not followed, since many say it who never meant it")
    hubs = "recorded; Parley polls" if parsed.hubs else ""
    yield Finding("hubs", ", ".join(parsed.hubs) or "none", hubs)


def _charset(got: Fetched) -> Iterator[Finding]:
    inside = _DECLARED.match(got.body[:200])
    declared = (got.charset or (inside[1].decode() if inside else "utf-8")).lower()
    as_utf8 = got.body.decode(errors="replace")
    if decode(got.body, got.charset) != as_utf8:
        yield Finding("charset", declared, "as it says")
    elif as_utf8.count("\N{REPLACEMENT CHARACTER}"):
        yield Finding("charset", f"{declared}, with broken bytes", "repaired: those are replaced, the rest stands")
    elif declared not in _UTF8 and not got.body.isascii():
        yield Finding("charset", f"says {declared}, is UTF-8", "repaired: read as UTF-8")
    else:
        yield Finding("charset", declared)


def _dates(entries: Sequence[Entry], unreadable: int) -> tuple[str, str]:
    dated = [entry for entry in entries if entry.published is not None]
    inferred = sum(entry.date_inferred for entry in dated)
    none = len(entries) - len(dated)
    found = f"{len(dated) - inferred} believed, {inferred} in the feed's own zone, {none} undated"
    means = f"{unreadable} of them state a date that cannot be read or believed" if unreadable else ""
    return found, means or ("what has no date counts from when it is first seen" if none else "")


def _ids(entries: Sequence[Entry]) -> tuple[str, str]:
    links = sum(entry.id == entry.url for entry in entries)
    made = sum(entry.id.startswith("sha256:") for entry in entries)
    found = f"{len(entries) - links - made} of the feed's own, {links} by link, {made} by title and date"
    return found, "an entry is new by id and by address"


def _kept(feed: Feed, state: FeedState, answer: Answer, kept: Kept) -> Iterator[Finding]:
    polled, after = kept.polled, kept.polled.state
    if answer.entries:
        first = "; a first poll has only what is dated since the watch began read" if not state.known else ""
        edited = f", {kept.edited} of them edited" if kept.edited else ""
        yield Finding(
            "new", f"{kept.new} to be read{edited}, {kept.baseline} only remembered", first.removeprefix("; ")
        )
        if kept.gap is not None:
            span = f"{_minute(kept.gap[0])} to {_minute(kept.gap[1])}"
            yield Finding("gap", f"nothing was there at the poll before, {span}", "some may have come and gone")
        elif after.habits.overlap is not None:
            yield Finding("overlap", f"{after.habits.overlap} %", "so much of it was there at the poll before")
    if feed.sitemap:
        yield Finding("sitemap", feed.sitemap, "compared once a day and after a gap; not asked in this test")
    yield Finding("outcome", polled.outcome, polled.detail)
    fresh = None if isinstance(answer.got, FetchFailure) else answer.got.fresh_for
    for reason in why(feed, after, fresh):
        wait = told(reason.wait) if reason.wait is not None else "-"
        yield Finding(f"{'> ' if reason.binds else '  '}{reason.rule}", wait, reason.means)
    if after.next_at >= NEVER:
        yield Finding("next poll", "never")
    else:
        yield Finding("floor", _minute(after.floor_at or after.next_at), "no request before it, whatever hurries")
        yield Finding("next poll", _minute(after.next_at), "spread by address, later only")
    yield Finding("health", after.habits.health, after.habits.evidence)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ")
