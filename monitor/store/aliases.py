"""Articles that stand at several addresses: what each of these told last, and which of them still stand.

Under which address such an article is kept, `monitor.store.articles.address` says.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.store import tables as t
from monitor.store.dialect import insert
from monitor.store.feeds import key

GONE = ""
"""What an address tells whose page is gone."""


def told(tx: Connection, url: str, kept: str, digest: str, now: datetime) -> None:
    """Remember that `url` told the text of this digest, of the article kept as `kept`.

    The first word on where it is kept counts: a page that changes its canonical address is the same article all the
    same. An article with its own address alone needs no row.
    """
    known = sa.update(t.alias).where(t.alias.c.key == key(url)).values(digest=digest)
    if not tx.execute(known).rowcount and url != kept:
        tx.execute(insert(tx, t.alias).values(_row(url, kept, digest, now)))


def joined(tx: Connection, url: str, kept: str, digest: str, now: datetime) -> None:
    """Remember that the article kept as `kept` stands at `url` in the same words: each is heard from now on."""
    for each in (url, kept):
        statement = insert(tx, t.alias).values(_row(each, kept, digest, now))
        tx.execute(statement.on_conflict_do_nothing(index_elements=["key"]))


def lags(tx: Connection, url: str, digest: str) -> bool:
    """Whether an address tells just what it told before: if its article tells something else now, another said so."""
    return bool(tx.execute(sa.select(t.alias.c.digest).where(t.alias.c.key == key(url))).scalar() == digest)


def elsewhere(tx: Connection, url: str) -> tuple[bytes, ...]:
    """The keys (`feeds.key`) of the other addresses at which the article at `url` stood when they were asked last."""
    kept = sa.select(t.alias.c.kept_key).where(t.alias.c.key == key(url)).scalar_subquery()
    others = sa.select(t.alias.c.key).where(t.alias.c.kept_key == kept, t.alias.c.key != key(url))
    return tuple(bytes(each) for each in tx.execute(others.where(t.alias.c.digest != GONE).order_by("key")).scalars())


def _row(url: str, kept: str, digest: str, now: datetime) -> dict[str, object]:
    return {"key": key(url), "url": kept, "kept_key": key(kept), "digest": digest, "added": now}
