"""Stored articles read again while the real service works: by the new words, to the end, and without a sound."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extractors.records import Article
from farends.desk import Desk, issued
from monitor.app import utcnow
from monitor.store import articles, open_store, rereads
from monitor.store.rereads import Course

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Newsroom = Story = Any  # the records of conftest.py, which tests cannot import
OTHERS = 500
"""Stored articles that tell of nothing, half of them older than the stories: reading them takes some seconds."""
PLAN = (
    "Muscovia and Ruthenland to hold {nth} round of talks in {place} on {day}",
    "Muscovia and Ruthenland will hold their {nth} round of talks in {place} on {day}, both delegations said. "
    "Nobody said who will lead them, and neither side would say what they will speak of in {place}.",
)
AGAIN = (
    "Muscovia and Ruthenland agree on {nth} round of talks in {place}",
    "The {nth} round of talks between Muscovia and Ruthenland will take place in {place} on {day}, officials said. "
    "The hotel by the lake has been closed to its guests since the morning.",
)
HELD = (
    "{nth} round of talks between Muscovia and Ruthenland ends in {place}",
    "The delegations of Muscovia and Ruthenland ended their {nth} round of talks in {place} on {day}. "
    "Both sides left the palace without a word to the press, and their experts go on in writing next week.",
)
TALKS = (("31st", "Geneva", 0), ("32nd", "Vienna", 40), ("33rd", "Doha", 50))
"""Rounds, where they are and in how many days; by names that the watch lacks at first. The press has other days."""


class Rereading(Desk):
    """A desk that looks into its store."""

    def stored(self, url: str) -> bool:
        with self._store().read() as tx:
            return articles.current(tx, url) is not None

    def course(self) -> Course | None:
        with self._store().read() as tx:
            return rereads.course(tx)

    def taken_in(self, until: datetime) -> int:
        with self._store().read() as tx:
            return articles.number_taken_in(tx, until - timedelta(days=7), until, None)

    def come(self) -> int:
        """How many articles have been read again so far."""
        now = self.course()
        return 0 if now is None else now.read

    def fill(self) -> None:
        """Articles that other newsrooms published in the hours before and after this one."""
        store, now, text = open_store(self.url), utcnow(), "The harbour of the old town was dredged once more. " * 200
        with store.write() as tx:
            for n in range(OTHERS):
                published = now + timedelta(minutes=n - OTHERS // 2)
                other = Article(f"https://herald.example/{n}", "Herald", f"Harbour {n}", f"{text}{n}", "en", published)
                articles.add(tx, other, family="herald", digest=str(n), sketch=(), now=now)
        store.close()

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path / 'state' / 'parley.db'}"

    def _store(self) -> Any:
        if "kept" not in vars(self):
            self.kept = open_store(self.url)
        return self.kept

    def heard(self) -> Counter[tuple[str, int | None]]:
        """How often each story was told; None stands for all that are none of the press.

        A mail that a kill cut off behind its acceptance comes again as the same mail, and is one.
        """
        told = {(end, each.story, each.id) for end, far in (("mail", self.mail), ("room", self.slack))
                for each in far.accepted}  # fmt: skip
        return Counter((end, story) for end, story, _ in told)


@pytest.fixture
async def desk(tmp_path: Path, newsroom: Newsroom) -> AsyncIterator[Rereading]:
    (tmp_path / "tls").mkdir()
    made = Rereading("reread", tmp_path / "home", *issued(tmp_path / "tls"))
    await made.open()
    polled = f"  - {{url: '{newsroom.base}/feed', outlet: Gazette, language: en, interval: 1s}}\n"
    with (made.path / "config" / "feeds.yaml").open("a") as file:
        file.write(polled)
    yield made
    await made.close()
    if "kept" in vars(made):
        made.kept.close()


def _publish(newsroom: Newsroom, form: tuple[str, str], number: int) -> Story:
    nth, place, ahead = TALKS[number]
    day = (utcnow() + timedelta(days=ahead)).strftime("%-d %B %Y")
    return newsroom.publish(*(part.format(nth=nth, place=place, day=day) for part in form))


async def _told(desk: Rereading, story: int) -> None:
    desk.press.waiting += 1
    await desk.until(lambda: desk.heard()["mail", story] and desk.heard()["room", story])


async def test_stored_news_is_known_by_new_words_and_only_what_comes_of_it_rings(
    desk: Rereading, newsroom: Newsroom
) -> None:
    desk.fill()
    await desk.begin()
    await desk.until(lambda: desk.press.polls and newsroom.polls())
    stories = [f"{newsroom.base}{_publish(newsroom, PLAN, number).path}" for number in range(len(TALKS))]
    await _told(desk, 0)
    await desk.until(lambda: all(map(desk.stored, stories)))
    code, out, err = await desk.call("events")
    assert (code, "Vienna" in out) == (0, False), err

    desk.edit("config/parley.yaml", ("routes:", "routes: ["))
    code, out, err = await desk.call("reload", "--reread", "7")
    assert (code, "what was in force stays in force" in err, desk.course()) == (1, True, None)
    desk.edit("config/parley.yaml", ("routes: [", "routes:"))

    desk.edit(
        "seeds/watches/ru-ua.yaml",
        ("en: [Russia, Russian Federation,", "en: [Muscovia, Russia, Russian Federation,"),
        ("en: [Ukraine, Kyiv,", "en: [Ruthenland, Ukraine, Kyiv,"),
    )
    code, out, err = await desk.call("reload", "--reread", "7")
    assert code == 0, err
    assert {"watch ru-ua changed", "articles of the last 7 days are being read again; `parley status` says how far "
            "that is"} <= set(out.splitlines())  # fmt: skip
    await desk.until(lambda: desk.come() > 3)
    _, status, _ = await desk.call("status")
    assert re.search(r"read again +what came in since .*: \d+ articles to go; \d+ articles read", status), status
    await _told(desk, 1)  # beside it
    assert desk.process is not None
    desk.process.kill()
    await desk.process.wait()
    cut = desk.course()
    assert cut is not None
    assert cut.ended is None
    assert 3 < cut.read < OTHERS

    await desk.begin()
    await _told(desk, 2)
    await desk.until(lambda: (now := desk.course()) and now.ended, 60)
    ended = desk.course()
    assert ended is not None
    assert ended.until is not None
    assert ended.until == cut.until, "it went on, and did not begin anew"
    assert (ended.read, ended.failed, ended.opened) == (desk.taken_in(ended.until), 0, len(stories))
    _, out, _ = await desk.call("events", "--json")
    places = Counter(json.loads(line)["place"] for line in out.splitlines())
    assert all(places[place] >= 1 for _, place, _ in TALKS), places
    _, out, _ = await desk.call("explain", stories[1])
    assert f"read again on {ended.until:%Y-%m-%d}" in out
    assert desk.heard() == Counter({(end, n): 1 for end in ("mail", "room") for n in range(3)})

    again = _publish(newsroom, AGAIN, 0)
    await desk.until(lambda: desk.stored(f"{newsroom.base}{again.path}"))
    await _told(desk, 3)  # what came behind it is told
    assert desk.heard()["mail", None] == 0
    _publish(newsroom, HELD, 0)
    await desk.until(lambda: desk.heard()["mail", None] and desk.heard()["room", None])
    assert re.findall(rb"(?m)^X-Parley-Reason: (\w+)", desk.mail.raw[-1]) == [b"advanced"]
    assert set(desk.heard().values()) == {1}
    await desk.end()
    assert desk.process.returncode == 0
