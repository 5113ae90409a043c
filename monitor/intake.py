"""Taking one article in: candidate events, claims resolved, the policy asked, all written in one transaction.

The service and the replay call the same function; only the clock and what feeds it differ. A crash before the commit
leaves nothing, a repeat after it finds the article known and writes nothing (DESIGN §2).

An address with another text is a new version of its article: what its old one told is replaced. An article that is
withdrawn is a version that tells nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts import policy
from alerts.records import Alert, Decision, Silence, Source
from alerts.rules import Mailing
from extractors.records import Article, Claim, Reading
from monitor.mailing import post
from monitor.records import Event, Watch
from monitor.resolve import Resolution, Trace, revise
from monitor.resolve.events import with_told
from monitor.resolve.shingles import COPY, containment, sketch
from monitor.store import alerts as stored_alerts
from monitor.store import articles, deliveries, events

# An event untouched for this long can no longer be met by news; recalls of older ones are dated or say so.
MEMORY = timedelta(days=2 * 365)


# One newsroom shows one article in several sections, under several addresses. What it flashes in a line or two it may
# well say again, of the next event.
LEAST_SAME = 200
SAME_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """One claim with what resolving and the policy made of it, for the log. `index` is its place in the reading."""

    watch: str
    index: int
    claim: Claim
    trace: Trace
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking an article in came to. `known`: this text is what its address was last taken in with.

    `revised` are the decisions on what an earlier version told. `same` is the address under which the text was known.
    `hearing`: by the id of an alert, who is told of it, with the rule where that is not at once.
    """

    known: bool
    judged: tuple[Judged, ...] = ()
    alerts: tuple[Alert, ...] = ()
    deliveries: int = 0
    revised: tuple[Decision, ...] = ()
    same: str | None = None
    hearing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def text_digest(article: Article) -> str:
    """What tells two versions of one address apart: SHA-256 over title and text, hexadecimal."""
    return hashlib.sha256(f"{article.title or ''}\n{article.text}".encode()).hexdigest()


def take_in(
    tx: Connection,
    article: Article,
    reading: Reading,
    *,
    watches: Sequence[Watch],
    family: str,
    mailing: Mailing,
    now: datetime,
    baseline: bool = False,
    memo: events.Memo | None = None,
    because: str | None = None,
    read_from: articles.ReadFrom = "page",
    trace: str | None = None,
) -> Taken:
    """Take one article in within the transaction `tx`; `baseline` makes what it tells known without ringing.

    A new version of a known address replaces what the events have of the old one; without text and claims it is a
    withdrawal, and `because` says why. A baseline article that is known is still taken in for the watches whose events
    do not tell of it. `memo` spares the sayings of live events being read from the store again for each article.
    `trace` is that of the poll which brought it, or of the look.
    """
    text_sketch = sketch(article.text)
    digest = text_digest(article)
    if not baseline and article.published is not None and len(article.text) >= LEAST_SAME:
        same = articles.same_text(tx, digest, family, article.url, article.published, SAME_WITHIN)
        if same is not None and articles.current(tx, article.url) is None:
            return Taken(known=True, same=same)
    row = added = articles.add(
        tx, article, family=family, digest=digest, sketch=text_sketch, now=now, read_from=read_from
    )
    if row is None and baseline:
        # What is the baseline of one watch already may be that of the next one too.
        row = articles.version(tx, article.url, digest)
    if row is None:
        return Taken(known=True)
    alerted = stored_alerts.events_alerted(tx, article.url)
    # The text that people were told of may have been dropped since (`monitor.house`): this is a version of it.
    again = articles.has_versions(tx, article.url) or (added is not None and bool(alerted))
    alerted = alerted if again else frozenset()
    withdrawn = not reading.claims and not article.text.strip()
    source = Source(article.url, article.title, article.outlet, family, article.published, article.seen or now)
    judged: list[Judged] = []
    alerts: list[Alert] = []
    revised: list[Decision] = []
    hearing: dict[str, tuple[str, ...]] = {}
    sent = 0
    # What cannot be read (a language unknown) takes nothing back.
    unread = again and reading.unread is not None and not withdrawn
    for watch in () if unread else watches:
        places = [place for place, claim in enumerate(reading.claims) if claim.watch == watch.id]
        claims = [reading.claims[place] for place in places]
        if not claims and not again:
            continue
        # A claim is only ever compared with events of its kind; reading events is most of what an article costs.
        # What is known of an address already, though, may be told by events of any kind.
        kinds = None if again or added is None else {claim.kind for claim in claims}
        known = events.open_events(tx, watch.id, now - MEMORY, memo, kinds=kinds)
        if added is None and any(saying.url == article.url for event in known for saying in event.sayings):
            continue
        resolution = revise(
            claims,
            source,
            known,
            watch,
            now,
            baseline=baseline,
            sketch=text_sketch,
            alerted=alerted,
            withdrawn=withdrawn,
            because=because,
            taken=events.merged(tx, watch.id),
        )
        decisions, told = _decide(resolution, watch, now)
        events.save(tx, told, memo)
        revised += [decision for decision in decisions if decision.change.edits]
        for decision in decisions:
            for alert in decision.alerts:
                sent += post(tx, alert, mailing, now, earlier=bool(decision.change.told), trace=trace)
                alerts.append(alert)
                hearing[alert.id] = _hearing(tx, alert.id) if mailing.routes else ()
        for each in resolution.traces:
            about = tuple(d for d in decisions if d.change.event.id == each.event_id)
            place = places[each.claim]
            judged.append(Judged(watch.id, place, claims[each.claim], each, about))
            articles.record_decision(
                tx, row.id, place, each.verdict, each.event_id, each.rules, _detail(watch.id, each, about)
            )
    return Taken(added is None and not judged, tuple(judged), tuple(alerts), sent, tuple(revised), hearing=hearing)


def is_akin(row: articles.ArticleRow, article: Article) -> bool:
    """Whether an article may be a version of one that is stored: by its title or by most of its words.

    One that was withdrawn may come back as anything.
    """
    titles = {(title or "").casefold().strip() for title in (row.article.title, article.title)}
    if not row.article.text.strip() or (len(titles) == 1 and titles != {""}):
        return True
    return containment(row.sketch, sketch(article.text)) >= COPY


def withdraw(
    tx: Connection,
    url: str,
    *,
    watches: Sequence[Watch],
    mailing: Mailing,
    now: datetime,
    because: str,
    memo: events.Memo | None = None,
    trace: str | None = None,
) -> Taken:
    """Mark an article as withdrawn: a version of it that tells nothing. `because`: status 404, no text, by hand.

    Whoever was told something on its word is told that it no longer stands. An article that was never taken in, or is
    withdrawn already, is known, and nothing is written. Of one whose text was dropped, alerts know enough.
    """
    row = articles.current(tx, url)
    if row is not None:
        was, family = row.article, row.family
    elif (source := stored_alerts.source_of(tx, url)) is not None and not articles.by_url(tx, url):
        was, family = Article(url, source.outlet, source.title, "", published=source.published), source.family
    else:
        return Taken(known=True)
    return take_in(
        tx,
        replace(was, title=None, text="", seen=now),
        Reading(()),
        watches=watches,
        family=family,
        mailing=mailing,
        now=now,
        memo=memo,
        because=because,
        trace=trace,
    )


def _hearing(tx: Connection, alert_id: str) -> tuple[str, ...]:
    """`desk`, or `desk (quiet)` for one who does not hear of it at once."""
    made = [each for each in deliveries.all_deliveries(tx, alert_id=alert_id) if not each.role]
    return tuple(f"{m.target.recipient} ({m.rule})" if m.rule else m.target.recipient for m in made)


def _decide(resolution: Resolution, watch: Watch, now: datetime) -> tuple[list[Decision], tuple[Event, ...]]:
    """Ask the policy about each change in order; what one alert told, the next change of that event knows."""
    by_id = {event.id: event for event in resolution.events}
    decisions = []
    for change in resolution.changes:
        event = by_id[change.event.id]
        decision = policy.decide(replace(change, told=event.told), watch.rings, now)
        by_id[event.id] = with_told(event, decision.alerts)
        decisions.append(decision)
    return decisions, tuple(by_id.values())


def _detail(watch: str, trace: Trace, decisions: Sequence[Decision]) -> dict[str, object]:
    return {
        "watch": watch,
        "nearest": [{"event": n.event_id, "fits": list(n.fits), "vetoes": list(n.vetoes)} for n in trace.nearest],
        "alerts": [{"id": a.id, "reason": a.reason} for d in decisions for a in d.alerts],
        "silence": [{"rule": s.rule, "because": s.because} for s in _silences(decisions)],
    }


def _silences(decisions: Sequence[Decision]) -> list[Silence]:
    return [decision.silence for decision in decisions if decision.silence is not None]
