"""Keeping house: what goes, what stays, what people were told of stays mendable, and a year of it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import capture_logs

from alerts.records import Target
from alerts.rules import Mailing, Recipient, Route
from extractors.records import Article, Claim, Dating, Entry, Evidence, Reading
from monitor.archive.recording import Recorder, files
from monitor.faults import Faults
from monitor.fetch import Fetched
from monitor.house import keep_house, tidy
from monitor.intake import Taken, take_in, withdraw
from monitor.records import Feed, FeedState, Watch
from monitor.settingsfile import Keep
from monitor.store import Store, alerts, articles, deliveries, entries, events, feeds, journal, open_store
from monitor.store.events import Memo
from monitor.store.threads import StoreThread
from monitor.watches import load_watch

SEEDS = Path(__file__).parents[2] / "seeds"
NOW = datetime(2031, 5, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DESK = Target("desk", "mail", "email", "desk@example.org")
MAILING = Mailing((Route(("desk",)),), {"desk": Recipient(DESK)}, {"mail": "parley@example.org"}, "example.org")
URL = "https://courier.example/swap"
LOG = structlog.get_logger()


@pytest.fixture(scope="module")
def watch() -> Watch:
    loaded = load_watch(SEEDS / "watches" / "ru-ua.yaml", SEEDS / "topics")
    assert not isinstance(loaded, Faults)
    return loaded


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[StoreThread]:
    store = open_store(f"sqlite:///{tmp_path / 'parley.db'}")
    made = StoreThread(store)
    yield made
    made.close()
    store.close()


def swap(day: date, count: int, text: str) -> Claim:
    return Claim(
        watch="ru-ua", kind="prisoner_exchange", status="concluded", role="news", date=Dating(day, day, "explicit"),
        place=None, ordinal=None, counts={"each": count}, parties=("Russia", "Ukraine"),
        evidence=(Evidence("text", text, 0, len(text), ("verb-acts",)),), rules=("verb-acts",),
    )  # fmt: skip


def take(store: Store, watch: Watch, now: datetime, *, url: str = URL, count: int = 40, text: str = "") -> Taken:
    words = text or f"Russia and Ukraine exchanged {count} prisoners each on Saturday."
    article = Article(url, url.split("/")[2], "Swap", words, "en", now - timedelta(minutes=5), now)
    claims = () if text else (swap(NOW.date(), count, words),)
    with store.write() as tx:
        return take_in(tx, article, Reading(claims), watches=(watch,), family=article.outlet, mailing=MAILING, now=now)


async def keep(thread: StoreThread, tmp_path: Path, now: datetime, open_file: Path | None = None) -> None:
    await keep_house(thread, Keep(), tmp_path / "archive", now, LOG, open_file=open_file)


async def test_text_goes_after_ninety_days_and_what_was_told_stays(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    store = thread.store
    (alert,) = take(store, watch, NOW).alerts
    with store.write() as tx:
        journal.write(tx, journal.Line(NOW, "gap", "https://a.example/rss", NOW, NOW, "perhaps"))
    await keep(thread, tmp_path, NOW + 89 * DAY)
    with store.read() as tx:
        assert len(articles.by_url(tx, URL)) == 1
    with capture_logs() as logged:
        await keep(thread, tmp_path, NOW + 91 * DAY)
    assert logged == [
        {"event": "house kept", "log_level": "info", "entries": 0, "articles": 1, "journal": 0, "archive_files": 0}
    ]
    with store.read() as tx:
        assert articles.by_url(tx, URL) == ()
        assert articles.decisions_of(tx, URL) == ()
        assert alerts.all_alerts(tx) == (alert,)
        (event,) = events.all_events(tx)
        assert [saying.url for saying in event.sayings] == [URL]
        assert len(deliveries.all_deliveries(tx)) == 1
        assert len(journal.lines(tx)) == 1
    await keep(thread, tmp_path, NOW + 401 * DAY)
    with store.read() as tx:
        assert journal.lines(tx) == ()


async def test_versions_of_an_address_stay_together(thread: StoreThread, watch: Watch, tmp_path: Path) -> None:
    take(thread.store, watch, NOW)
    take(thread.store, watch, NOW + 60 * DAY, count=45)
    await keep(thread, tmp_path, NOW + 91 * DAY)
    with thread.store.read() as tx:
        assert len(articles.by_url(tx, URL)) == 2
    await keep(thread, tmp_path, NOW + 151 * DAY)
    with thread.store.read() as tx:
        assert articles.by_url(tx, URL) == ()


async def test_an_edit_of_an_alerted_page_is_an_edit_also_when_its_text_was_dropped(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    take(thread.store, watch, NOW)
    await keep(thread, tmp_path, NOW + 91 * DAY)
    assert take(thread.store, watch, NOW + 92 * DAY).alerts == ()
    (told,) = take(thread.store, watch, NOW + 93 * DAY, count=45).alerts
    assert (told.reason, [(move.old, move.new) for edit in told.edits for move in edit.moved]) == (
        "corrected", [("40 each", "45 each")],
    )  # fmt: skip
    with thread.store.read() as tx:
        (event,) = events.all_events(tx)
        assert len(event.sayings) == 1


async def test_a_dropped_page_that_no_longer_says_so_takes_it_back(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    take(thread.store, watch, NOW)
    await keep(thread, tmp_path, NOW + 91 * DAY)
    (told,) = take(thread.store, watch, NOW + 92 * DAY, text="The mayor opened a bridge.").alerts
    assert (told.reason, told.edits[0].gone) == ("corrected", True)


async def test_a_dropped_page_can_still_be_withdrawn_and_only_once(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    take(thread.store, watch, NOW)
    await keep(thread, tmp_path, NOW + 91 * DAY)
    for number in range(2):
        with thread.store.write() as tx:
            taken = withdraw(
                tx, URL, watches=(watch,), mailing=MAILING, now=NOW + (92 + number) * DAY, because="status 410"
            )
        assert [alert.reason for alert in taken.alerts] == ["corrected"] * (number == 0)
        assert taken.known is (number == 1)
    with thread.store.write() as tx:
        assert withdraw(
            tx, "https://never.example/1", watches=(watch,), mailing=MAILING, now=NOW, because="status 410"
        ).known


async def test_another_outlet_still_corroborates_what_a_dropped_page_told(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    take(thread.store, watch, NOW)
    await keep(thread, tmp_path, NOW + 91 * DAY)
    taken = take(thread.store, watch, NOW + 92 * DAY, url="https://echo.example/swap")
    with thread.store.read() as tx:
        (event,) = events.all_events(tx)
    assert [judged.trace.event_id for judged in taken.judged] == [event.id]
    assert taken.alerts == ()


def archived(folder: Path, *days: int, size: int = 100) -> list[Path]:
    folder.mkdir(exist_ok=True)
    made = []
    for day in days:
        path = folder / f"parley-{(NOW - day * DAY):%Y%m%d}-0001.warc.gz"
        path.write_bytes(bytes(size))
        made.append(path)
    return made


def test_archive_files_go_by_age_then_the_oldest_by_size(tmp_path: Path) -> None:
    old, edge, *young = archived(tmp_path / "archive", 32, 31, 3, 2, 1, 0)
    (tmp_path / "archive/parley.txt").write_text("not ours")
    life = timedelta(days=30)
    assert tidy(tmp_path / "archive", NOW, life=life, size=600) == (old,)
    assert tidy(tmp_path / "archive", NOW, life=life, size=300) == (edge, young[0])
    assert tidy(tmp_path / "archive", NOW, life=life, size=0, but=(young[-1],)) == tuple(young[1:-1])
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == [young[-1].name, "parley.txt"]
    assert tidy(tmp_path / "none", NOW, life=life, size=0) == ()


def test_without_an_archive_none_of_its_files_stay(tmp_path: Path) -> None:
    there = archived(tmp_path / "archive", 2, 1, 0)
    assert tidy(tmp_path / "archive", NOW, life=timedelta(0), size=10**9) == tuple(there)


async def test_an_archive_that_cannot_be_tidied_is_logged_and_the_store_is_kept_all_the_same(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    take(thread.store, watch, NOW)
    (old,) = archived(tmp_path / "archive", 60)
    old.unlink()
    old.mkdir()  # nobody can unlink a folder
    with capture_logs() as logged:
        await keep(thread, tmp_path, NOW + 91 * DAY)
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("archive not tidied", "error"), ("house kept", "info"),
    ]  # fmt: skip


# The pages of what is kept for good, their indexes included.
FOR_GOOD = sa.text(
    "SELECT sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) WHERE tbl_name IN "
    "('event', 'saying', 'history', 'alert', 'alert_article', 'delivery', 'attempt')"
)
FEEDS = [Feed(f"https://f{number}.example/rss", f"f{number}.example", f"f{number}") for number in range(5)]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_disk_is_flat_from_the_fourth_month_of_a_year_on(
    thread: StoreThread, watch: Watch, tmp_path: Path
) -> None:
    """50 articles and 200 entries a day through the functions of the service, with an exchange every third day."""
    store, folder, chance = thread.store, tmp_path / "archive", Random(4)
    words = [f"w{number:04}" for number in range(3000)]
    recorder, memo = Recorder(folder, program="Parley 9.9"), Memo()
    with store.write() as tx:
        feeds.sync(tx, FEEDS, NOW)
    months: list[tuple[int, int, int]] = []
    for day in range(365):
        now = NOW + day * DAY
        for feed in FEEDS:
            shown = [
                Entry(f"{n}", f"https://{feed.outlet}/{n}", f"News {n}", published=now)
                for n in range(day * 40 - 20, day * 40 + 40)
            ]
            with store.write() as tx:
                entries.sighted(tx, feed.url, shown, now)
                entries.add(tx, feed.url, shown[20 if day else 0 :], status="new", now=now)
                feeds.save(tx, FeedState(feed.url, now + DAY, known=True, read_at=now, polled_at=now))
                recorder.feed(Fetched(feed.url, feed.url, 200, chance.randbytes(4_000)), feed_url=feed.url, now=now)
        with store.write() as tx:
            for number, item in enumerate(entries.pending(tx, now, 1000)):
                entries.settle(tx, item.pk, "read" if number < 50 else "known", "", now)
        with store.write() as tx:  # one for all of a day: each would wait for the disk
            for number in range(50):
                outlet = f"f{number % 5}.example"
                text = " ".join(chance.choices(words, k=400))
                claims = (swap(now.date(), 40 + day % 7, text),) if day % 3 == 0 and number < 4 else ()
                article = Article(f"https://{outlet}/{day * 40 + number}", outlet, "News", text, "en", now, now)
                page = Fetched(article.url, article.url, 200, text.encode(), "text/html", "utf-8")
                take_in(
                    tx, article, Reading(claims), watches=(watch,), family=outlet, mailing=MAILING, now=now, memo=memo
                )
                recorder.article(
                    article, fetched=page, entry=Entry("1", article.url, "News"), feed_url=FEEDS[0].url,
                    watches=("ru-ua",), family=outlet, source="page", now=now,
                )  # fmt: skip
        await keep_house(thread, Keep(), folder, now, LOG, open_file=recorder.path)
        if day % 30 == 29:
            assert store.path is not None
            with store.read() as tx:
                kept = tx.execute(FOR_GOOD).scalar()
            size = store.path.stat().st_size + store.path.with_name(store.path.name + "-wal").stat().st_size
            months.append((size, kept or 0, sum(file.size for file in files(folder))))
    recorder.close()
    for number, (size, kept, archive) in enumerate(months, 1):
        print(f"month {number:2}: store {size:>11,}  of which events and alerts {kept:>10,}  archive {archive:>11,}")
    fourth, last = months[3], months[-1]
    others, archive = last[0] - last[1] - (fourth[0] - fourth[1]), last[2] - fourth[2]
    print(f"events and alerts grow by {(last[1] - fourth[1]) / 8:,.0f} bytes a month, all else by {others / 8:,.0f}")
    assert others < 0.02 * fourth[0]
    assert archive < 0.02 * fourth[2]
