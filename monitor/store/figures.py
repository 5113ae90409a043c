"""What a scrape of the metrics asks of the store: few and cheap queries, in one read transaction."""

from collections import Counter
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.gauges import AGES, NAMED, Figures, Queue
from monitor.store import meta, trouble
from monitor.store import tables as t
from monitor.store.totals import by_status, size
from monitor.trouble import OCCURRENCES


def figures(tx: Connection, now: datetime) -> Figures:
    """The figures as they are `now` (aware UTC)."""
    # By SQL: decoding the states of 10,000 feeds takes a second, which the event loop would feel through the GIL.
    health = sa.func.coalesce(t.feed.c.habits["health"].as_string(), "ok")
    by_state = sa.select(health, sa.func.count()).where(t.feed.c.active).group_by(health)
    feeds = {row[0]: row[1] for row in tx.execute(by_state)}
    few = sum(feeds.values()) <= NAMED
    url = t.feed.c.url if few else sa.literal("")
    rows = tx.execute(sa.select(url, t.feed.c.succeeded_at).where(t.feed.c.active).order_by(t.feed.c.pk)).all()
    ages = [max((now - at).total_seconds(), 0) for _, at in rows if at is not None]
    unread = sa.select(sa.func.count()).where(t.entry.c.outcome == "new")
    cycle = meta.get(tx, meta.CYCLE)
    lasting = (row for row in trouble.rows(tx).values() if row.over is None and row.kind not in OCCURRENCES)
    return Figures(
        feeds=feeds,
        ages=tuple(sum(age <= edge for age in ages) for edge in AGES),
        read=len(ages),
        age_sum=sum(ages),
        succeeded={row[0]: row[1] for row in rows} if few else {},
        queues=tuple(
            Queue(each.channel, each.waiting, sum(each.held.values()), each.dead, each.oldest)
            for each in trouble.tallies(tx)
        ),
        events=by_status(tx),
        troubles=Counter(row.kind for row in lasting),
        unread=tx.execute(unread).scalar_one(),
        articles=tx.execute(sa.select(sa.func.count()).select_from(t.article)).scalar_one(),
        cycle=datetime.fromisoformat(cycle) if cycle else None,
        size=size(tx),
    )
