"""Events in words, for `parley events` and `parley events show`: lines for a person, without colour."""

from collections.abc import Iterator, Sequence

from alerts.records import Alert
from monitor.records import Event, Saying
from monitor.resolve.facts import printed


def in_short(event: Event) -> str:
    """An event in three lines: its id, its facts, its sources and what was told of it."""
    when = "undated" if event.date is None else f"{event.date.start}..{event.date.end}"
    counts = ", ".join(f"{way} {count:,}" for way, count in sorted(event.counts.items()))
    facts = "  ".join(
        part for part in (event.place, f"no. {event.ordinal}" if event.ordinal else None, counts or None) if part
    )
    told = ", ".join(reason for reason, _ in event.told) or ("baseline" if event.baseline else "not told")
    articles = len({saying.url for saying in event.sayings})
    sources = f"{articles} articles, {event.confirmed} families; {told}{'; closed' if event.closed else ''}"
    return f"{event.id}\n    {event.kind}  {event.status}  {when}  {facts}\n    {sources}"


def in_full(event: Event, told: Sequence[Alert]) -> Iterator[str]:
    """An event with who says what, how it came about, and the alerts so far."""
    yield in_short(event)
    yield ""
    yield "facts by source:"
    for saying in event.sayings:
        yield from _saying(saying)
    if not event.sayings:
        yield "  none: no source speaks of it any more"
    yield ""
    yield "history:"
    yield from (f"  {line}" for line in event.history)
    yield ""
    yield "alerts:" if told else "alerts: none"
    for alert in told:
        yield f"  {alert.id}"
        yield f"    {alert.decided:%Y-%m-%d %H:%M} UTC  {alert.reason}  {alert.title}"


def _saying(saying: Saying) -> Iterator[str]:
    when = f"{saying.published:%Y-%m-%d %H:%M} UTC" if saying.published else "undated"
    copy = "" if saying.independent else "  a copy"
    yield f"  {saying.outlet}  {when}  {saying.claim.role}{copy}  {saying.url}"
    yield f"    {'; '.join(f'{slot}: {value}' for slot, value in printed(saying.claim).items())}"
    if saying.claim.evidence:
        yield f"    «{saying.claim.evidence[0].said}»"
