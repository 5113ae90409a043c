"""Saved articles, end to end: the pipeline of the service with a virtual clock and a store in memory.

    from monitor.replay import replay
    alerts = replay(articles, watch, known=baseline_articles)

Same input, same alerts, in any process. What is printed are the decisions of the policy, updates included, before
quiet hours, gathering or caps (DESIGN §6).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from alerts.records import Alert
from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Article, Reading
from monitor.intake import Judged, Mailing, take_in
from monitor.records import Watch
from monitor.store import Store, open_store

# Before any news: what an undated article is taken in at when nothing dated came before it.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One article of a replay, what was read in it, and what came of that."""

    article: Article
    reading: Reading
    judged: tuple[Judged, ...]
    alerts: tuple[Alert, ...]


def replay(
    articles: Iterable[Article],
    watch: Watch | Sequence[Watch],
    known: Iterable[Article] = (),
    *,
    family_of: Callable[[str], str] = str,
) -> tuple[Alert, ...]:
    """The alerts that `articles`, read in the order given, give rise to in an empty memory.

    `articles` carry aware UTC `published` (None: undated, it rings only on an explicit date) and come in the order in
    which they are to be taken in; `monitor.archive.load` sorts saved ones. `watch` is one watch or several, as
    `monitor.watches` loads them. What `known` tells is read first, as a baseline that never rings as new. `family_of`
    maps an outlet to its family for corroboration; without it every outlet is its own.
    """
    return tuple(alert for step in steps(articles, watch, known, family_of=family_of) for alert in step.alerts)


def steps(
    articles: Iterable[Article],
    watch: Watch | Sequence[Watch],
    known: Iterable[Article] = (),
    *,
    family_of: Callable[[str], str] = str,
) -> Iterable[Step]:
    """The same, article by article, with what was judged: for `parley replay` and for tests that ask why."""
    watches = (watch,) if isinstance(watch, Watch) else tuple(watch)
    lexicon = compile_lexicon([w.names for w in watches])
    store = open_store("sqlite://")
    try:
        now = BEGINNING
        for article in known:
            now = max(now, article.published or now)
            take(store, article, lexicon, watches, family_of, now, baseline=True)
        now = BEGINNING
        for article in articles:
            now = max(now, article.published or now)
            yield take(store, article, lexicon, watches, family_of, now, baseline=False)
    finally:
        store.close()


def take(
    store: Store,
    article: Article,
    lexicon: Lexicon,
    watches: Sequence[Watch],
    family_of: Callable[[str], str],
    now: datetime,
    *,
    baseline: bool,
) -> Step:
    """Take in one saved article, seen when it was published or else `now`; `baseline`: it never rings as new."""
    seen = replace(article, seen=article.published or now)
    reading = read_claims(seen, lexicon)
    with store.write() as tx:
        taken = take_in(
            tx,
            seen,
            reading,
            watches=watches,
            family=family_of(article.outlet),
            mailing=Mailing(),
            now=now,
            baseline=baseline,
        )
    return Step(seen, reading, taken.judged, taken.alerts)
