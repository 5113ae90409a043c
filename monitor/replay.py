"""Saved articles, end to end: the pipeline of the service with a virtual clock and a store in memory.

    from monitor.replay import replay
    alerts = replay(articles, watch, known=baseline_articles)

Same input, same alerts, in any process. What is printed are the decisions of the policy, updates included, before
quiet hours, gathering or caps (DESIGN §6).

What an archive of the service tells (`monitor.archive.Loaded.sequence`) is taken in as the service did: at the time,
for the watches and under the family that it recorded, with withdrawals, each watch from when it began. A watch that the
archive does not know, such as one that is being written, reads all of its articles.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from alerts.records import Alert
from alerts.rules import Mailing
from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Article, Reading
from monitor.archive import Began, SavedArticle, Withdrawn, load
from monitor.archive.found import version_of
from monitor.intake import Judged, Taken, take_in, withdraw
from monitor.records import Watch
from monitor.store import Store, open_store

# Before any news: what an undated article is taken in at when nothing dated came before it.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Item = Article | SavedArticle | Withdrawn | Began


@dataclass(frozen=True, slots=True)
class Step:
    """One article of a replay, what was read in it, and what came of that. `withdrawn`: why it was taken back."""

    article: Article
    reading: Reading
    judged: tuple[Judged, ...]
    alerts: tuple[Alert, ...]
    withdrawn: str | None = None


def replay(
    articles: Iterable[Item],
    watch: Watch | Sequence[Watch],
    known: Iterable[Article] = (),
    *,
    family_of: Callable[[str], str] = str,
    stories: bool = True,
) -> tuple[Alert, ...]:
    """The alerts that `articles`, read in the order given, give rise to in an empty memory.

    `articles` carry aware UTC `published` (None: undated, it rings only on an explicit date) and come in the order in
    which they are to be taken in; `monitor.archive.load` sorts saved ones. `watch` is one watch or several, as
    `monitor.watches` loads them. What `known` tells is read first, as a baseline that never rings as new. `family_of`
    maps an outlet to its family for corroboration; without it every outlet is its own.

    An archive says when each watch began and by which stories; they are read then from the files of `watch`, unless
    `stories` is False.
    """
    told = steps(articles, watch, known, family_of=family_of, stories=stories)
    return tuple(alert for step in told for alert in step.alerts)


def steps(
    articles: Iterable[Item],
    watch: Watch | Sequence[Watch],
    known: Iterable[Article] = (),
    *,
    family_of: Callable[[str], str] = str,
    stories: bool = True,
) -> Iterable[Step]:
    """The same, article by article, with what was judged: for `parley replay` and for tests that ask why."""
    watches = (watch,) if isinstance(watch, Watch) else tuple(watch)
    lexicon = compile_lexicon([w.names for w in watches])
    store = open_store("sqlite://")
    begun = {each.id: each for each in watches}
    items = list(articles)
    strangers = frozenset(begun) - _recorded(items)
    try:
        now = BEGINNING
        for article in known:
            now = max(now, article.published or now)
            take(store, article, lexicon, watches, family_of, now, baseline=True)
        now = BEGINNING
        for item in items:
            if isinstance(item, Began):
                if item.watch in begun:
                    begun[item.watch] = _begin(store, item, begun[item.watch], lexicon, family_of, stories=stories)
            elif isinstance(item, Withdrawn):
                yield _take_back(store, item, _named(begun, strangers.union(item.taking.watches)))
            elif isinstance(item, SavedArticle) and item.taking is not None:
                yield _take_again(store, item, lexicon, _named(begun, strangers.union(item.taking.watches)))
            else:
                article = item.article if isinstance(item, SavedArticle) else item
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
    return _step(seen, reading, taken)


def missing(sequence: Iterable[Item], watches: Sequence[Watch]) -> tuple[str, ...]:
    """A sentence for each story that a watch began with and has no more: what it told may ring in a replay."""
    had = {each.id: {path.name for path in each.baseline} for each in watches}
    return tuple(
        f"{item.where}: {item.watch} began with the story {name}, which the watch does not list any more: what it told "
        "may ring as new"
        for item in sequence
        if isinstance(item, Began) and item.watch in had
        for name in item.baseline
        if name not in had[item.watch]
    )


def differing(sequence: Iterable[Item]) -> int:
    """How many articles of an archive are read otherwise now than when they were taken in: the program has changed."""
    return sum(
        item.taking is not None and item.taking.digest != version_of(item.article)
        for item in sequence
        if isinstance(item, SavedArticle)
    )


def _begin(
    store: Store,
    began: Began,
    watch: Watch,
    lexicon: Lexicon,
    family_of: Callable[[str], str],
    *,
    stories: bool,
) -> Watch:
    """The watch with its beginning, its stories read as when it began (`monitor.app.assembly.begin`)."""
    paths = [path for path in watch.baseline if path.name in began.baseline] if stories else []
    for saved in load(paths).articles:
        article = replace(saved.article, seen=began.moment)
        reading = read_claims(article, lexicon)
        with store.write() as tx:
            take_in(
                tx,
                article,
                reading,
                watches=(watch,),
                family=family_of(article.outlet),
                mailing=Mailing(),
                now=began.moment,
                baseline=True,
            )
    return replace(watch, rings=replace(watch.rings, began=began.moment))


def _take_again(store: Store, saved: SavedArticle, lexicon: Lexicon, watches: Sequence[Watch]) -> Step:
    assert saved.taking is not None
    taking = saved.taking
    reading = read_claims(saved.article, lexicon)
    with store.write() as tx:
        taken = take_in(
            tx,
            saved.article,
            reading,
            watches=watches,
            family=taking.family,
            mailing=Mailing(),
            now=taking.now,
        )
    return _step(saved.article, reading, taken)


def _take_back(store: Store, item: Withdrawn, watches: Sequence[Watch]) -> Step:
    gone = Article(item.url, "", None, "", seen=item.taking.now)
    with store.write() as tx:
        taken = withdraw(tx, item.url, watches=watches, mailing=Mailing(), now=item.taking.now, because=item.because)
    return _step(gone, Reading(()), taken, item.because)


def _recorded(items: Iterable[Item]) -> frozenset[str]:
    """The ids of the watches that an archive speaks of."""
    ids: set[str] = set()
    for item in items:
        if isinstance(item, Began):
            ids.add(item.watch)
        elif not isinstance(item, Article) and item.taking is not None:
            ids.update(item.taking.watches)
    return frozenset(ids)


def _named(begun: Mapping[str, Watch], ids: Collection[str]) -> list[Watch]:
    return [watch for watch in begun.values() if watch.id in ids]


def _step(article: Article, reading: Reading, taken: Taken, withdrawn: str | None = None) -> Step:
    return Step(article, reading, taken.judged, taken.alerts, withdrawn)
