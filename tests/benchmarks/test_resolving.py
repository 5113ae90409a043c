"""What taking one article in costs as the store grows: on a SQLite file, with all that it writes.

The bar: against 100,000 stored events no more than twice what it costs against 1,000. That holds of a store with many
watches or many years. Of one watch, what was touched within two years is read for each article (those of the kinds that
it speaks of), because any of it may be what a recall is about; so ten times as many such events cost ten times as much,
and beyond what `Memo` holds more than that (100,000 of them: 14 s an article, nearly all of it decoding events and
sayings). The last row says so, without a bar.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from extractors.records import Article, Claim, Dating, Evidence
from monitor.intake import MEMORY, Mailing, take_in
from monitor.records import Event, Saying, Watch
from monitor.store import events as stored
from monitor.store import open_store
from monitor.store import tables as t
from monitor.store.codec import encode

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

NOW = datetime(2031, 5, 20, 12, tzinfo=UTC)
KINDS = ("talks_round", "prisoner_exchange", "remains_repatriation", "ceasefire_proposal")
TEXT = "The fifth round of talks between Russia and Ukraine ended in Istanbul on {day} May. Number {number} says so."


def event(number: int, watch: str, opened: datetime) -> Event:
    """One that happened on the day on which it was opened, told by two outlets."""
    day, kind = opened.date(), KINDS[number % len(KINDS)]
    counts = {"each": 10 + number % 990} if kind != "talks_round" else {}
    claim = Claim(
        watch=watch,
        kind=kind,
        status="concluded",
        role="news",
        date=Dating(day, day, "explicit"),
        place="Istanbul" if number % 3 else "Geneva",
        ordinal=None,
        counts=counts,
        parties=("Russia", "Ukraine"),
        evidence=(Evidence("text", "It is so.", 0, 9, ("a-rule",)),),
        rules=("a-rule",),
    )
    sketch = tuple(range(number, number + 64))
    sayings = tuple(
        Saying(claim, f"https://{o}.example/{number}", "It is so", o, o, opened, opened, sketch=sketch) for o in "ab"
    )
    return Event(
        id=f"{watch}.{kind}.{day}.{number:08x}",
        watch=watch,
        kind=kind,
        status="concluded",
        date=claim.date,
        place=claim.place,
        ordinal=None,
        series=f"{kind}-{day.year}",
        counts=counts,
        parties=claim.parties,
        opened=opened,
        touched=opened,
        sayings=sayings,
        told=(("new", "concluded"),),
        confirmed=2,
    )


def fill(url: str, events: Iterator[Event]) -> None:
    """Many events at once, as rows; what is stored of each is what `save` stores."""
    rows, sayings = [], []
    for each in events:
        body = encode(replace(each, sayings=(), history=()))
        names = ("id", "watch", "kind", "status", "opened", "touched", "parent")
        rows.append({name: getattr(each, name) for name in names} | {"body": body})
        for n, saying in enumerate(each.sayings):
            told = encode(replace(saying, sketch=()))
            digest = stored._digest(told, saying.sketch)
            sayings.append({"event_id": each.id, "n": n, "digest": digest, "body": told, "sketch": saying.sketch})
    store = open_store(url)
    with store.write() as tx:
        tx.execute(t.event.insert(), rows)
        tx.execute(t.saying.insert(), sayings)
    store.close()


def one_watch(count: int, dense: int = 1) -> Iterator[Event]:
    """All of one watch, 500 a year back from now (a thousand of them are within what is remembered), or `dense` times
    as many."""
    span = (MEMORY - timedelta(days=30)) / 1_000 / dense
    return (event(n, "ru-ua", NOW - timedelta(days=20) - span * n) for n in range(count))


def many_watches(count: int) -> Iterator[Event]:
    """A thousand of each watch."""
    for block in range(count // 1_000):
        watch = f"w{block}" if block else "ru-ua"
        yield from (replace(e, id=f"{watch}.{e.id}", watch=watch) for e in one_watch(1_000))


def milliseconds(url: str, watch: Watch) -> float:
    """The best of some articles taken in, each new, with the memory of sayings that the service has."""
    lexicon, memo, taken = compile_lexicon([watch.names]), stored.Memo(), []
    store = open_store(url)
    for number in range(15):
        text = TEXT.format(day=NOW.day, number=number)
        article = Article(f"https://o{number}.example/", f"o{number}.example", None, text, "en", NOW, NOW)
        reading = read_claims(article, lexicon)
        began = time.perf_counter()
        with store.write() as tx:
            result = take_in(
                tx, article, reading, watches=(watch,), family=article.outlet, mailing=Mailing(), now=NOW, memo=memo
            )
        taken.append((time.perf_counter() - began) * 1_000)
        assert [each.trace.verdict for each in result.judged] == ["joined" if number else "opened"]
    store.close()
    return min(taken)


def test_a_hundred_times_the_events_cost_at_most_twice(watch: Watch, tmp_path: Path) -> None:
    print(f"\n\n{'stored events':<42}{'take in, ms':>12}{'ratio':>8}")
    took: dict[str, float] = {}
    for name, events in (
        ("1,000 of one watch", one_watch(1_000)),
        ("100,000 of a hundred watches", many_watches(100_000)),
        ("100,000 of one watch over the years", one_watch(100_000)),
        ("10,000 of one watch within two years", one_watch(10_000, dense=10)),
    ):
        url = f"sqlite:///{tmp_path / name}.db"
        fill(url, events)
        took[name] = milliseconds(url, watch)
        print(f"{name:<42}{took[name]:>12.1f}{took[name] / took['1,000 of one watch']:>8.1f}")
    base, *hundredfold, _ = took.values()
    assert max(hundredfold) <= 2 * base
