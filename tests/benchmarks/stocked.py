"""A home as it is after months: thousands of feeds, the articles that they brought, events, alerts and deliveries.

What stands in each table was made by the program once, and is copied there under other names, which takes seconds.
"""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.records import Next, Outcome, Target
from alerts.rules import Mailing, Recipient, Route
from extractors.claims import read_claims
from extractors.lexicon import compile_lexicon
from extractors.records import Article, Entry
from monitor.homes import initialise
from monitor.intake import take_in
from monitor.records import Feed, Watch
from monitor.store import deliveries, entries, feeds, meta, open_store, queue

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
TEXT = (
    "The delegations of Russia and Ukraine ended their fifth round of talks in Istanbul on 31 October 2026. "
    "Rustem Umerov led the Ukrainian side and Vladimir Medinsky the Russian one. "
)
FILLER = "Both sides left the palace without a word to the press, and their experts go on in writing. "


def stock(
    home: Path,
    watch: Watch,
    *,
    feeds_known: int = 10_000,
    articles: int = 100_000,
    events: int = 3_000,
    alerts: int = 6_000,
    due: int = 0,
) -> Path:
    """Write a home; no feed is due but the first `due`, and nobody listens where they are."""
    initialise(home)
    urls = [f"http://127.0.0.1:9/feeds/{n}.xml" for n in range(feeds_known)]
    rows = "".join(f"  - {{url: '{url}', outlet: Courier {n}, interval: 24h}}\n" for n, url in enumerate(urls))
    (home / "config" / "feeds.yaml").write_text(f"feeds:\n{rows}")
    (home / "state").mkdir(exist_ok=True)
    store = open_store(f"sqlite:///{home}/state/parley.db")
    article = Article("http://127.0.0.1:9/a/0", "Courier", "Talks end", TEXT + FILLER * 30, "en", NOW, NOW)
    target = Target("me", "console", "console", "me")
    mailing = Mailing(recipients={"me": Recipient(target)}, routes=(Route(("me",)),), domain="example.org")
    with store.write() as tx:
        feeds.sync(tx, [Feed(url, "Courier", "courier") for url in urls], NOW)
        meta.begin_watch(tx, watch.id, NOW - timedelta(days=200))
        entries.add(tx, urls[0], [Entry("0", article.url, "Talks end", published=NOW)], status="new", now=NOW)
        reading = read_claims(article, compile_lexicon([watch.names]))
        began = replace(watch, rings=replace(watch.rings, began=NOW - timedelta(days=200)))
        taken = take_in(tx, article, reading, watches=[began], family="courier", mailing=mailing, now=NOW)
        assert taken.deliveries == 1, taken
        (delivery,) = queue.due(tx, NOW, 10)
        assert deliveries.begin(tx, delivery.id, NOW) == 1
        deliveries.finish(tx, delivery.id, 1, Outcome("sent", "250"), Next("sent", rule="sent"), NOW)
    store.close()
    with closing(sqlite3.connect(home / "state" / "parley.db")) as raw:
        _multiply(raw, feeds_known, articles, events, alerts)
        raw.execute("UPDATE feed SET next_at = ?, known = 1, polled_at = ?", [_stamp(FAR), _stamp(NOW)])
        raw.execute("UPDATE feed SET next_at = ? WHERE pk <= ?", [_stamp(NOW), due])
        raw.execute("UPDATE entry SET outcome = 'read', settled = added, next_at = NULL")
        raw.commit()
    return home


def _multiply(raw: sqlite3.Connection, feeds_known: int, articles: int, events: int, alerts: int) -> None:
    def copy(table: str, times: int, **changed: str) -> None:
        """Each row of a table `times` more, with these columns as SQL; `i` counts."""
        columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
        wanted = ", ".join(changed.get(column, f"one.{column}") for column in columns)
        numbers = "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :times)"
        copied = f"INSERT INTO {table} SELECT {wanted} FROM number, (SELECT * FROM {table} LIMIT 1) AS one"  # noqa: S608
        raw.execute(f"{numbers} {copied}", {"times": times})

    day = "strftime('%Y-%m-%d %H:%M:%f000', one.{}, '-' || (i % 50) || ' days')".format
    copy(
        "article", articles, id="NULL", key="randomblob(16)", digest="hex(randomblob(32))",
        url="'http://127.0.0.1:9/a/' || i", added=day("added"), published=day("published"), seen=day("seen"),
    )  # fmt: skip
    copy(
        "entry", articles, pk="NULL", feed_pk=f"1 + i % {feeds_known}", key="randomblob(16)", url_key="randomblob(16)",
        added=day("added"), last_seen=day("last_seen"),
    )  # fmt: skip
    copy("decision", articles // 20, article_id="1 + i", event_id="'other-' || i")
    copy("event", events, id="'copy-' || i", touched=day("touched"), opened=day("opened"))
    for table in ("saying", "history"):
        copy(table, events, event_id="'copy-' || i", n="0")
    copy(
        "alert",
        alerts,
        seq="NULL",
        id="'alert-' || i",
        event_id=f"'copy-' || (1 + i % {events})",
        decided=day("decided"),
    )
    copy(
        "delivery", alerts, seq="NULL", id="'delivery-' || i", alert_id="'alert-' || i",
        event_id=f"'copy-' || (1 + i % {events})", created=day("created"), done=day("done"),
    )  # fmt: skip
    copy("attempt", alerts, delivery_seq="1 + i", n="1")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
