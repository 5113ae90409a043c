"""The archive of a live run, replayed: the same alerts, whatever happened to the service meanwhile."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from alerts.records import Alert
from alerts.rules import Mailing
from extractors.article import ExtractedPage, extract
from extractors.claims import read_claims
from extractors.lexicon import Lexicon, compile_lexicon
from extractors.records import Article, Entry
from monitor.archive import load
from monitor.archive.recording import Recorder, files
from monitor.faults import Faults
from monitor.fetch import Fetched
from monitor.intake import take_in, withdraw
from monitor.lines import alert_line
from monitor.records import Watch
from monitor.store import Store, alerts, meta, open_store
from monitor.watches import load_watch

pytestmark = pytest.mark.slow

Parley = Callable[..., Result]

BEGAN = datetime(2031, 5, 1, 8, tzinfo=UTC)
OLD_STORY = (
    "---\nurl: https://old.example/swap\npublished: 2031-04-30\noutlet: old.example\n---\n"
    "Arcadia and Bohemia exchanged 25 prisoners each on 30 April 2031, officials said.\n"
)
BOTH, SMALL = ("small", "other"), ("small",)
PLAN = (
    "Arcadia and Bohemia to hold a third round of talks in Lisbon on 20 May",
    "Delegations of Arcadia and Bohemia will meet in Lisbon on 20 May for a third round of talks.",
)
HELD = (
    "Third round of talks between Arcadia and Bohemia ends in Lisbon",
    "The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May. Nobody took questions.",
)
HELD_TOO = (
    "Arcadian and Bohemian delegations conclude Lisbon talks",
    "In Lisbon, Arcadia and Bohemia concluded the third round of their talks late on 20 May, and went home without a "
    "word about a fourth one. A spokesman for the hosts called the mood friendly.",
)
SWAP = "Arcadia and Bohemia exchanged {n} prisoners each on 22 May 2031, officials said on Thursday evening."
OTHERS = "Carpathia and Bohemia exchanged {n} prisoners each on {day} May 2031, officials said on the same evening."


@dataclass
class Live:
    """A service as far as this test needs one: it takes in and records in the same transactions as the real one."""

    folder: Path
    store: Store
    watches: list[Watch]
    lexicon: Lexicon
    recorder: Recorder
    now: datetime = BEGAN
    marks: bool = True

    def begin(self) -> None:
        """Every start says when each watch began; the first one reads the stories."""
        first = not files(self.folder)
        for number, watch in enumerate(self.watches):
            if first:
                for saved in load(watch.baseline).articles:
                    article = replace(saved.article, seen=BEGAN)
                    with self.store.write() as tx:
                        take_in(
                            tx, article, read_claims(article, self.lexicon), watches=(watch,), family=article.outlet,
                            mailing=Mailing(), now=BEGAN, baseline=True,
                        )  # fmt: skip
            self.watches[number] = replace(watch, rings=replace(watch.rings, began=BEGAN))
            self.recorder.began(watch.id, BEGAN, [path.name for path in watch.baseline])

    def until(self, day: int) -> None:
        """Noon of that day of May."""
        self.now = datetime(2031, 5, day, 12, tzinfo=UTC)

    def restart(self) -> None:
        self.recorder.close()
        with self.store.read() as tx:
            committed = meta.get(tx, meta.ARCHIVED) if self.marks else None
        self.recorder = Recorder(self.folder, program="Parley 9.9", committed=committed)
        self.begin()

    def read(
        self,
        url: str,
        title: str,
        text: str,
        *,
        watches: tuple[str, ...] = BOTH,
        family: str | None = None,
        age: timedelta = timedelta(minutes=10),
        summary: bool = False,
        killed: bool = False,
    ) -> None:
        """Take in a page (or, with `summary`, what the feed says of it); `killed`: before the commit."""
        self.now += timedelta(minutes=20)
        page = f"<html><head><meta charset='windows-1251'></head><body><article><p>{text}</p></article></body></html>"
        fetched = Fetched(
            url, f"{url}?final", 200, page.encode("cp1251"), "text/html; charset=windows-1251", "windows-1251",
            headers=(("Content-Type", "text/html"), ("Set-Cookie", "a=1")), reason="OK",
        )  # fmt: skip
        outlet = url.split("/")[2]
        words = text if summary else extract(fetched.body, url, fetched.charset).text
        article = Article(url, outlet, title, words, "en", self.now - age, self.now - timedelta(seconds=2))
        entry = Entry(hashlib.sha256(url.encode()).hexdigest(), url, title)
        chosen = [watch for watch in self.watches if watch.id in watches]
        with suppress(KeyboardInterrupt), self.store.write() as tx:
            taken = take_in(
                tx, article, read_claims(article, self.lexicon), watches=chosen, family=family or outlet,
                mailing=Mailing(), now=self.now,
            )  # fmt: skip
            if not taken.known:
                self.recorder.article(
                    article, fetched=None if summary else fetched, entry=entry, feed_url="https://f.example/rss",
                    watches=[watch.id for watch in chosen], family=family or outlet,
                    source="summary" if summary else "page", now=self.now,
                )  # fmt: skip
                meta.put(tx, meta.ARCHIVED, self.recorder.last)
            if killed:
                raise KeyboardInterrupt

    def withdraw(self, url: str) -> None:
        self.now += timedelta(minutes=20)
        with self.store.write() as tx:
            withdraw(tx, url, watches=self.watches, mailing=Mailing(), now=self.now, because="status 410")
            self.recorder.withdrawn(url, "status 410", watches=BOTH, family="x", now=self.now)
            meta.put(tx, meta.ARCHIVED, self.recorder.last)

    def alerts(self) -> list[Alert]:
        with self.store.read() as tx:
            told = alerts.all_alerts(tx)
        return sorted(told, key=lambda alert: alert.decided)


@pytest.fixture
def live(home: Path, other_watch: Path) -> Iterator[Live]:
    (home / "seeds/stories").mkdir()
    (home / "seeds/stories/old-swap.md").write_text(OLD_STORY)
    with (home / "seeds/watches/small.yaml").open("a") as file:
        file.write("baseline: [old-swap.md]\n")
    settings = home / "config/parley.yaml"
    settings.write_text(settings.read_text().replace("[small]", "[small, other]"))
    watches = []
    for name in BOTH:
        watch = load_watch(home / f"seeds/watches/{name}.yaml", home / "seeds/topics")
        assert not isinstance(watch, Faults), str(watch)
        watches.append(watch)
    folder = home / "state" / "archive"
    store = open_store("sqlite://")
    made = Live(
        folder, store, watches, compile_lexicon([w.names for w in watches]), Recorder(folder, program="Parley 9.9")
    )
    made.begin()
    yield made
    made.recorder.close()
    store.close()


def run(live: Live) -> None:
    """Some weeks: a plan, what came of it, edits, a withdrawal, a kill that leaves half a record, a restart."""
    live.read(
        "https://old.example/again",
        "Old swap",
        "Arcadia and Bohemia exchanged 25 prisoners each on 30 April 2031.",
        watches=SMALL,
    )
    live.read("https://n.example/plan", *PLAN)
    live.read("https://s.example/plan", *PLAN, family="n.example")
    live.until(3)
    live.read("https://n.example/others", "Swap", OTHERS.format(n=50, day=2), watches=SMALL)
    live.until(20)
    live.read("https://n.example/late", "Swap", SWAP.format(n=90), age=timedelta(days=5))
    live.read("https://s.example/held", *HELD, summary=True)
    live.until(22)
    live.read("https://w.example/swap", "Swap", SWAP.format(n=40))
    live.read("https://w.example/swap", "Swap", SWAP.format(n=45))
    live.read("https://w.example/swap", "Swap", SWAP.format(n=40))
    # A kill in the middle of a record, before the commit.
    live.read("https://w.example/others", "Swap", OTHERS.format(n=70, day=21), killed=True)
    torn = files(live.folder)[-1]
    os.truncate(torn.path, torn.size - 200)
    live.restart()
    live.read("https://e.example/held", *HELD_TOO)
    live.read("https://w.example/others", "Swap", OTHERS.format(n=70, day=21))
    # A kill between the record and the commit: the record is there twice.
    live.read("https://e.example/swap", "Swap", SWAP.format(n=40), killed=True)
    live.restart()
    live.until(23)
    live.read("https://s.example/swap", "Swap", SWAP.format(n=45))
    live.read("https://e.example/swap", "Swap", SWAP.format(n=40))
    live.withdraw("https://w.example/swap")
    live.withdraw("https://s.example/held")


@pytest.mark.parametrize("marks", [True, False])
def test_the_archive_replayed_gives_the_alerts_of_the_live_run(parley: Parley, live: Live, *, marks: bool) -> None:
    live.marks = marks
    run(live)
    told = live.alerts()
    assert {alert.watch for alert in told} == {"small", "other"}
    assert {alert.reason for alert in told} >= {"new", "advanced", "corrected", "confirmed"}
    assert not [alert for alert in told if "25" in alert.title or "90" in alert.title]
    assert {alert.watch for alert in told if "50" in alert.title} == {"small"}
    result = parley("replay", "--json", live.folder)
    assert result.stdout.splitlines() == [alert_line(alert) for alert in told]
    assert "parley-20310522-0001.warc.gz: damaged after record" in result.stderr
    assert result.stderr.splitlines()[-1].endswith("; 1 could not be read")
    assert f"2 withdrawn, {len(told)} alerts" in result.stderr
    assert result.exit_code == 1


def test_what_a_kill_undid_and_what_came_otherwise_does_not_ring(parley: Parley, live: Live) -> None:
    live.until(22)
    live.read("https://n.example/plan", *PLAN)
    live.read("https://w.example/swap", "Swap", SWAP.format(n=40), killed=True)
    live.restart()
    live.read("https://w.example/swap", "Swap", SWAP.format(n=45))
    live.read("https://e.example/swap", "Swap", SWAP.format(n=70), killed=True)
    live.restart()
    live.read("https://s.example/held", *HELD)
    told = live.alerts()
    assert not [alert for alert in told if "40" in alert.title or "70" in alert.title]
    result = parley("replay", "--json", live.folder)
    assert (result.exit_code, result.stdout.splitlines()) == (0, [alert_line(alert) for alert in told])


def test_the_files_in_any_order_and_twice_give_the_same(parley: Parley, live: Live) -> None:
    run(live)
    paths = [file.path for file in files(live.folder)]
    assert len(paths) > 3
    forward = parley("replay", "--json", live.folder).stdout
    assert parley("replay", "--json", *reversed(paths), paths[0]).stdout == forward


def test_known_stories_take_the_place_of_those_of_the_watch(parley: Parley, live: Live, tmp_path: Path) -> None:
    live.read(
        "https://old.example/again", "Old swap", OLD_STORY.split("---\n")[2].strip() + " All is well.", watches=SMALL
    )
    assert live.alerts() == []
    assert parley("replay", "--json", live.folder).stdout == ""
    (tmp_path / "nothing.md").write_text("Nothing\n\nNothing of note happened in all of April.\n")
    assert parley("replay", "--json", "--known", tmp_path / "nothing.md", live.folder).stdout.count("\n") == 1


def test_a_story_that_is_gone_is_named(parley: Parley, live: Live, home: Path) -> None:
    live.read("https://n.example/plan", *PLAN)
    watch = home / "seeds/watches/small.yaml"
    watch.write_text(watch.read_text().replace("baseline: [old-swap.md]\n", ""))
    result = parley("replay", live.folder)
    assert "small began with the story old-swap.md, which the watch does not list any more" in result.stderr
    assert result.exit_code == 1


def test_articles_from_before_a_watch_began_do_not_ring_in_a_replay_either(parley: Parley, live: Live) -> None:
    live.read("https://n.example/plan", *PLAN, age=timedelta(hours=6))
    assert live.alerts() == []
    assert parley("replay", "--json", live.folder).stdout == ""


def test_explain_reads_each_version_of_an_archive(parley: Parley, live: Live) -> None:
    run(live)
    result = parley("explain", "--json", live.folder)
    assert result.stdout.count('"url": "https://w.example/swap"') == 2


def test_a_watch_that_the_archive_does_not_know_reads_all_of_it(parley: Parley, live: Live, home: Path) -> None:
    live.until(22)
    live.read("https://east.example/swap", "A swap", OTHERS.format(n=7, day=22))
    new = home / "seeds/watches/new.yaml"
    new.write_text((home / "seeds/watches/other.yaml").read_text().replace("watch: other", "watch: new"))
    result = parley("replay", "--watch", new, live.folder)
    assert "22 May 2031" in result.stdout


def test_pages_that_are_read_otherwise_now_are_counted(
    parley: Parley, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.read("https://n.example/plan", *PLAN)
    assert "read otherwise" not in parley("replay", live.folder).stderr

    def another(page: bytes, url: str, charset: str | None = None) -> ExtractedPage:
        read = extract(page, url, charset)
        return replace(read, text=f"{read.text} So much for that.")

    monkeypatch.setattr("monitor.archive.recorded.extract", another)
    result = parley("replay", live.folder)
    assert "1 articles are read otherwise than when the service took them in" in result.stderr
    assert result.exit_code == 0
