"""Articles as they were read, each version of a page once, and what was decided on their claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from extractors.records import Article
from monitor.store import tables as t
from monitor.store.dialect import insert
from monitor.store.feeds import key

ReadFrom = Literal["page", "summary"]
# An address is remembered for so much longer than the text: what alerted may be withdrawn late.
_ALIAS = timedelta(days=365)
_ARTICLE = tuple(t.article.c[field.name] for field in fields(Article))
_moment = sa.func.coalesce(t.article.c.published, t.article.c.added)


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """A stored version of an article; `digest` tells versions apart, `sketch` tells copies of other articles.

    `read_from`: its page, or the summary that its feed gave.
    """

    id: int
    article: Article
    family: str
    digest: str
    sketch: tuple[int, ...]
    read_from: ReadFrom = "page"


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What was decided on one claim of an article: the verdict, the event it joined, the rules and further detail."""

    article_id: int
    claim_index: int
    verdict: str
    event_id: str | None
    rules: tuple[str, ...]
    detail: Any


def add(
    tx: Connection,
    article: Article,
    *,
    family: str,
    digest: str,
    sketch: tuple[int, ...],
    now: datetime,
    read_from: ReadFrom = "page",
) -> ArticleRow | None:
    """Keep a version of an article as the current one of its address; None when that is what it is already.

    A page that goes back to an earlier text has that version again: its row as it was kept then.
    """
    mine = t.article.c.key == key(article.url)
    tx.execute(
        sa.update(t.article).where(mine, t.article.c.digest != digest, t.article.c.current).values(current=False)
    )
    values = {column.name: getattr(article, column.name) for column in _ARTICLE}
    values |= {"key": key(article.url), "digest": digest, "family": family, "sketch": sketch, "added": now}
    values |= {"current": True, "read_from": read_from}
    statement = insert(tx, t.article).values(values).on_conflict_do_nothing(index_elements=["key", "digest"])
    added = tx.execute(statement.returning(t.article.c.id)).scalar()
    if added is not None:
        return ArticleRow(added, article, family, digest, sketch, read_from)
    again = sa.update(t.article).where(mine, t.article.c.digest == digest, ~t.article.c.current).values(current=True)
    return version(tx, article.url, digest) if tx.execute(again).rowcount else None


def current(tx: Connection, url: str) -> ArticleRow | None:
    """The version of an article that was taken in last."""
    query = sa.select(t.article.c.digest).where(t.article.c.key == key(url), t.article.c.current)
    digest: str | None = tx.execute(query).scalar()
    return None if digest is None else version(tx, url, digest)


def has_versions(tx: Connection, url: str) -> bool:
    """Whether an address has had more than one text."""
    query = sa.select(t.article.c.id).where(t.article.c.key == key(url)).limit(2)
    return len(tx.execute(query).all()) > 1


def by_url(tx: Connection, url: str) -> tuple[Article, ...]:
    """The versions of an article, the oldest first."""
    return tuple(row.article for row in rows_by_url(tx, url))


def rows_by_url(tx: Connection, url: str) -> tuple[ArticleRow, ...]:
    """The same with what the store knows beside the article."""
    query = sa.select(t.article).where(t.article.c.key == key(url)).order_by(t.article.c.id)
    return tuple(map(_row, tx.execute(query).mappings()))


def _row(row: sa.RowMapping) -> ArticleRow:
    article = Article(**{column.name: row[column.name] for column in _ARTICLE})
    return ArticleRow(row["id"], article, row["family"], row["digest"], row["sketch"], row["read_from"])


def version(tx: Connection, url: str, digest: str) -> ArticleRow | None:
    """The version of an article with this digest of its text."""
    return next((row for row in rows_by_url(tx, url) if row.digest == digest), None)


def taken_in(
    tx: Connection, since: datetime, until: datetime, after: tuple[datetime, int] | None, limit: int
) -> tuple[tuple[datetime, ArticleRow], ...]:
    """The current versions, taken in between two moments, of articles that were not withdrawn.

    In the order of publication (of taking in, where that is not known), each with its moment. `after`: moment and id of
    the one to go on behind.
    """
    query = sa.select(t.article, _moment.label("moment")).where(*_taken_in(since, until, after))
    rows = tx.execute(query.order_by(_moment, t.article.c.id).limit(limit)).mappings()
    return tuple((row["moment"], _row(row)) for row in rows)


def number_taken_in(tx: Connection, since: datetime, until: datetime, after: tuple[datetime, int] | None) -> int:
    """How many `taken_in` would give in all."""
    number = sa.select(sa.func.count()).select_from(t.article).where(*_taken_in(since, until, after))
    return tx.execute(number).scalar_one()


def _taken_in(since: datetime, until: datetime, after: tuple[datetime, int] | None) -> list[sa.ColumnElement[bool]]:
    there = [t.article.c.current, t.article.c.text != "", t.article.c.added >= since, t.article.c.added <= until]
    if after is not None:
        at, pk = after
        there.append((_moment > at) | ((_moment == at) & (t.article.c.id > pk)))
    return there


def address(tx: Connection, url: str) -> str:
    """The address under which the article that a feed calls `url` is kept."""
    kept: str | None = tx.execute(sa.select(t.alias.c.url).where(t.alias.c.key == key(url))).scalar()
    return url if kept is None else kept


def same_text(tx: Connection, digest: str, family: str, url: str, published: datetime, within: timedelta) -> str | None:
    """The address of an article of the same newsroom that has this very text, published within so long of it, if it is
    another than `url`."""
    near = t.article.c.published.between(published - within, published + within)
    query = sa.select(t.article.c.url).where(t.article.c.digest == digest, t.article.c.family == family, near)
    query = query.where(t.article.c.current, t.article.c.key != key(url)).order_by(t.article.c.id).limit(1)
    found: str | None = tx.execute(query).scalar()
    return found


def record_decision(
    tx: Connection,
    article_id: int,
    claim_index: int,
    verdict: str,
    event_id: str | None,
    rules: Sequence[str],
    detail: Mapping[str, Any],
) -> None:
    """Write what was decided on a claim (JSON data in `detail`), in place of what was decided before."""
    values = {"verdict": verdict, "event_id": event_id, "rules": list(rules), "detail": dict(detail)}
    statement = insert(tx, t.decision).values(article_id=article_id, claim_index=claim_index, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["article_id", "claim_index"], set_=values))


def drop_decisions(tx: Connection, article_id: int, claims: Sequence[int]) -> None:
    """Forget what was decided on these claims of a version: they are judged anew."""
    mine = t.decision.c.article_id == article_id
    tx.execute(sa.delete(t.decision).where(mine, t.decision.c.claim_index.in_(claims)))


def decisions_of(tx: Connection, url: str) -> tuple[DecisionRow, ...]:
    """What was decided on all versions of an article, in the order of versions and claims."""
    query = sa.select(t.decision).join(t.article, t.article.c.id == t.decision.c.article_id)
    query = query.where(t.article.c.key == key(url)).order_by(t.decision.c.article_id, t.decision.c.claim_index)
    return tuple(DecisionRow(**{**row, "rules": tuple(row["rules"])}) for row in tx.execute(query).mappings())


def forget(tx: Connection, before: datetime, limit: int | None = None) -> int:
    """Drop articles, with their decisions, of which no version was taken in at `before` or later. How many versions.

    Events keep their sayings, alerts their sources. The versions of an address stay together: one alone would be taken
    for its first. At most those of `limit` addresses.
    """
    tx.execute(sa.delete(t.alias).where(t.alias.c.added < before - _ALIAS))
    later = t.article.alias("later")
    # By address, one at a time: a set of all the recent ones would be made anew for each call.
    recent = sa.exists().where(later.c.key == t.article.c.key, later.c.added >= before)
    old = (t.article.c.added < before) & ~recent
    chosen = sa.select(t.article.c.key).where(old).distinct().limit(limit)
    return tx.execute(sa.delete(t.article).where(t.article.c.added < before, t.article.c.key.in_(chosen))).rowcount
