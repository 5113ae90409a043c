"""Why an article did or did not ring, for a person: its claims, the rules and sentences behind them, the decision.

Claims are those of the article judged alone. What is known of events comes from the store of the home when there is
one, else from the baseline stories; nothing is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from alerts import policy
from alerts.records import Decision, Source
from extractors.claims import read_claims
from extractors.lexicon import Lexicon
from extractors.records import Article, Claim, Reading
from extractors.refusals import because
from monitor.archive import load
from monitor.plain import described, marked
from monitor.records import Event, Watch
from monitor.replay import BEGINNING, take
from monitor.resolve import Trace, resolve
from monitor.resolve.events import with_told
from monitor.resolve.shingles import sketch
from monitor.store import articles, meta, open_store
from monitor.store import events as stored_events


@dataclass(frozen=True, slots=True)
class Explained:
    """One article read alone, and per claim what resolving and the policy would do with it now."""

    article: Article
    reading: Reading
    verdicts: tuple[tuple[Claim, Trace, tuple[Decision, ...]], ...]


def explain(
    article: Article, lexicon: Lexicon, watches: Sequence[Watch], events: Iterable[Event], *, family: str, now: datetime
) -> Explained:
    """Judge `article` against the known `events`. Pure: the same arguments give the same answer."""
    reading = read_claims(article, lexicon)
    known = tuple(events)
    source = Source(article.url, article.title, article.outlet, family, article.published, article.seen or now)
    verdicts: list[tuple[Claim, Trace, tuple[Decision, ...]]] = []
    for watch in watches:
        claims = [claim for claim in reading.claims if claim.watch == watch.id]
        mine = [event for event in known if event.watch == watch.id]
        resolution = resolve(claims, source, mine, watch, now, sketch=sketch(article.text))
        told = {event.id: event for event in resolution.events}
        decisions: list[Decision] = []
        for change in resolution.changes:
            event = told[change.event.id]
            decision = policy.decide(replace(change, told=event.told), watch.rings, now)
            told[event.id] = with_told(event, decision.alerts)
            decisions.append(decision)
        for trace in resolution.traces:
            about = tuple(d for d in decisions if d.change.event.id == trace.event_id)
            verdicts.append((claims[trace.claim], trace, about))
    return Explained(article, reading, tuple(verdicts))


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known: events, when each watch began (if it has), and the versions of an article by its address.

    `decided` is what the service decided when it read a version, by `version`. `merged` leads from the ids of events
    that were merged by hand to the ones they went into.
    """

    events: tuple[Event, ...]
    began: Mapping[str, datetime]
    pages: Mapping[str, tuple[Article, ...]]
    decided: Mapping[tuple[str, str | None, str], tuple[articles.DecisionRow, ...]] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)


def version(article: Article) -> tuple[str, str | None, str]:
    """What tells the versions of an article apart."""
    return article.url, article.title, article.text


def is_address(path: str) -> bool:
    """Whether an argument of the command line is a page's address and not a file."""
    return path.startswith(("http://", "https://"))


def remembered(store_url: str, watches: Sequence[Watch], addresses: Sequence[str]) -> Memory | None:
    """What the store of a home knows; None when there is no store yet. Raises MonitorError."""
    file = make_url(store_url)
    if file.get_backend_name() == "sqlite" and not Path(file.database or "").is_file():
        return None
    store = open_store(store_url)
    try:
        with store.read() as tx:
            began = {watch.id: at for watch in watches if (at := meta.watch_began(tx, watch.id)) is not None}
            rows = [row for url in addresses for row in articles.rows_by_url(tx, url)]
            pages = {url: articles.by_url(tx, url) for url in addresses}
            made = [decision for url in addresses for decision in articles.decisions_of(tx, url)]
            decided = {version(row.article): tuple(d for d in made if d.article_id == row.id) for row in rows}
            events = tuple(e for w in watches for e in stored_events.all_events(tx, w.id))
            return Memory(events, began, pages, decided, stored_events.merged(tx))
    finally:
        store.close()


def baseline(watches: Sequence[Watch], lexicon: Lexicon) -> Memory:
    """What the baseline stories of the watches tell: the memory of a service that has just been set up."""
    store = open_store("sqlite://")
    try:
        for watch in watches:
            for saved in load(watch.baseline).articles:
                now = saved.article.published or BEGINNING
                take(store, saved.article, lexicon, (watch,), str, now, baseline=True)
        with store.read() as tx:
            return Memory(tuple(e for w in watches for e in stored_events.all_events(tx, w.id)), {}, {})
    finally:
        store.close()


def explained(
    found: Iterable[Article],
    watches: Sequence[Watch],
    known: Memory,
    lexicon: Lexicon,
    *,
    family_of: Callable[[str], str],
) -> Iterator[Explained]:
    """Each article explained against what is known, judged at the moment it was seen or published."""
    begun = [replace(w, rings=replace(w.rings, began=known.began.get(w.id))) for w in watches]
    for article in found:
        now = article.seen or article.published or BEGINNING
        others = _without(known.events, article.url)
        yield explain(replace(article, seen=now), lexicon, begun, others, family=family_of(article.outlet), now=now)


def _without(events: Iterable[Event], url: str) -> tuple[Event, ...]:
    """The events as they would be without this article: it shall not be explained by what it said itself."""
    return tuple(e for e in events if not e.sayings or any(saying.url != url for saying in e.sayings))


def lines(explained: Explained, known: Memory) -> Iterator[str]:
    """The explanation as lines for a person, without colour; with what the service decided when it read this."""
    decided = known.decided.get(version(explained.article), ())
    article, reading = explained.article, explained.reading
    yield f"{article.title or '(no title)'}"
    published = article.published.strftime("%Y-%m-%d %H:%M UTC") if article.published else "undated"
    yield f"  {article.url}  {article.outlet}  {published}  language {article.language or 'as identified'}"
    if not article.text and article.title is None:
        yield "  withdrawn: the page had no article any more"
    elif reading.unread:
        yield f"  unread: {reading.unread}"
    for place, claim in enumerate(reading.claims, 1):
        trace, decisions = next((trace, decisions) for each, trace, decisions in explained.verdicts if each is claim)
        yield ""
        yield f"  claim {place}: {described(claim)}"
        # a title that is also the text's first line says nothing twice
        for said, rules in dict.fromkeys((marked(article, each), each.rules) for each in claim.evidence):
            yield f"    {said}"
            if rules:
                yield f"      rules: {', '.join(rules)}"
        yield f"    rules of the claim: {', '.join(claim.rules) or 'none'}"
        yield f"    {trace.verdict}: {trace.event_id or 'no event'} ({', '.join(trace.rules) or 'no rule'})"
        for near in trace.nearest:
            yield f"      nearest {near.event_id}: fits {', '.join(near.fits) or '-'}; kept apart by {_or(near.vetoes)}"
        if not decisions:
            yield "    rings: no, nothing moved"
        for decision in decisions:
            for alert in decision.alerts:
                yield f"    rings: {alert.reason}: {alert.title}"
            if decision.silence is not None:
                yield f"    rings: no ({decision.silence.rule}): {decision.silence.because}"
    if reading.rejections:
        yield ""
        yield "  triggers refused:"
    refused = ((each.kind, each.rule, marked(article, each.evidence)) for each in reading.rejections)
    for kind, rule, said in dict.fromkeys(refused):
        yield f"    {kind}: {rule}: {said} ({because(rule)})"
    if not explained.verdicts and not reading.unread and article.text:
        yield "  no claim: nothing in it speaks of an event of the watches"
    yield from _histories(
        [row.event_id for row in decided] + [trace.event_id for _, trace, _ in explained.verdicts], known
    )
    if decided:
        yield ""
        yield "  when the service read it:"
    for row in decided:
        again = [f"read again on {row.detail['reread'][:10]}"] if "reread" in row.detail else []
        why = ", ".join([*row.rules, *again])
        yield f"    claim {row.claim_index + 1}: {row.verdict}: {row.event_id or 'no event'} ({why})"
        rang = [f"rang: {alert['reason']}" for alert in row.detail["alerts"]]
        quiet = [f"did not ring ({each['rule']}): {each['because']}" for each in row.detail["silence"]]
        for said in rang + quiet or ["did not ring, nothing moved"]:
            yield f"      {said}"


def _histories(event_ids: Iterable[str | None], known: Memory) -> Iterator[str]:
    """How the events that an article is about came to be what they are: what was told, edited, put right by hand."""
    events = {event.id: event for event in known.events}
    for event_id in dict.fromkeys(each for each in event_ids if each is not None):
        into = known.merged.get(event_id)
        event = events.get(into or event_id)
        if into is not None:
            yield f"  {event_id} was merged by hand into {into}"
        if event is not None and event.history:
            yield f"  history of {event.id}{' (closed)' if event.closed else ''}:"
            yield from (f"    {line}" for line in event.history)


def _or(vetoes: tuple[str, ...]) -> str:
    return ", ".join(vetoes) or "nothing"
