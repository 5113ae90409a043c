"""A home becomes one file, whole or not at all, and a home again, whole or not at all."""

import fcntl
import gzip
import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.backup import Made, What, backup, dump_command
from monitor.documents import read
from monitor.records import MonitorError
from monitor.restore import Restored, restore
from monitor.store import doubt, meta, open_store, schema
from monitor.store.files import damage
from monitor.store.lock import RunLock
from monitor.whereabouts import whereabouts

pytestmark = pytest.mark.slow

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
LATER = datetime(2026, 2, 7, 12, tzinfo=UTC)
STORES = Path(__file__).parent.parent / "fixtures" / "stores"
SETTINGS = "watches: [ru-ua]\nchannels: {console: {kind: console}}\nrecipients: {me: {channel: console}}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a store that holds something, a case, and an archive."""
    home = tmp_path / "home"
    for folder in ("config", "seeds/watches", "seeds/stories", "state/archive"):
        (home / folder).mkdir(parents=True)
    (home / "config/parley.yaml").write_text(SETTINGS)
    (home / "config/token").write_text("xoxb-made-up")
    (home / "config/token").chmod(0o600)
    (home / "seeds").chmod(0o700)
    (home / "seeds/watches/мир.yaml").write_text("watch: мир\n")
    (home / "state/cases.jsonl").write_text("{}\n")
    (home / "state/archive/parley-20260205-0001.warc.gz").write_bytes(gzip.compress(b"WARC/1.1"))
    store = open_store(f"sqlite:///{home / 'state/parley.db'}")
    with store.write() as tx:
        meta.put(tx, "k", "v")
    store.close()
    return home


def url(home: Path) -> str:
    return f"sqlite:///{home / 'state/parley.db'}"


def saved(home: Path, name: str = "b.tar.gz", *, archive: bool = False, store: bool = True, at: str = "") -> Made:
    what = What(at or url(home), store=store, archive=archive)
    return backup(home, home.parent / name, what, version="1.0", now=NOW)


def put_back(home: Path, file: Path, *, only_store: bool = False, **env: str) -> Restored:
    return restore(home, file, env, version="1.0", now=LATER, only_store=only_store)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "parley.db"
    }


def value(store: Path, key: str) -> str | None:
    opened = open_store(f"sqlite:///{store}")
    with opened.read() as tx:
        found = meta.get(tx, key)
    opened.close()
    return found


# --- there and back ---------------------------------------------------------------------------------------------------


def test_a_home_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    made = saved(home, archive=True)
    (home / "state/parley.db.backup").unlink()  # which says where the backup is
    done = put_back(tmp_path / "new", made.file)
    new = tmp_path / "new"
    assert tree(new) == tree(home)
    assert value(new / "state/parley.db", "k") == "v"
    assert done.store == new / "state/parley.db"
    assert done.archive == new / "state/archive"
    assert sorted(each.name for each in new.iterdir()) == ["config", "seeds", "state"]
    assert (new / "seeds/stories").is_dir()


def test_what_nobody_else_could_read_nobody_else_can_read_afterwards(home: Path, tmp_path: Path) -> None:
    made = saved(home)
    put_back(tmp_path / "new", made.file)

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    new = tmp_path / "new"
    assert mode(made.file) == 0o600
    assert mode(new / "config/token") == 0o600
    assert mode(new / "seeds") == 0o700
    assert mode(new / "state") == 0o700
    assert mode(new / "state/parley.db") == 0o600


def test_a_backup_is_an_ordinary_tar_whose_first_file_says_what_is_in_it(home: Path) -> None:
    with tarfile.open(saved(home, archive=True).file) as tar:
        assert tar.getnames() == [
            "manifest.json", "config/parley.yaml", "config/token", "seeds/watches/мир.yaml", "store/parley.db",
            "state/cases.jsonl", "archive/parley-20260205-0001.warc.gz",
        ]  # fmt: skip


def test_without_being_asked_the_archive_is_left_out(home: Path, tmp_path: Path) -> None:
    done = put_back(tmp_path / "new", saved(home).file)
    assert done.archive is None
    assert not (tmp_path / "new/state/archive").exists()


def test_links_are_followed_and_a_folder_that_holds_itself_ends(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/feeds.yaml").write_text("feeds: []\n")
    (home / "config/feeds.yaml").symlink_to(tmp_path / "elsewhere/feeds.yaml")
    (home / "seeds/round").symlink_to(home / "seeds")
    (home / "config/broken").symlink_to("nowhere")
    os.mkfifo(home / "config/pipe")
    made = saved(home)
    put_back(tmp_path / "new", made.file)
    assert (tmp_path / "new/config/feeds.yaml").read_text() == "feeds: []\n"
    assert not (tmp_path / "new/config/feeds.yaml").is_symlink()
    assert {path.name for path in made.passed_over} == {"broken", "pipe", "round"}


def test_a_folder_that_has_two_names_comes_back_under_both(home: Path, tmp_path: Path) -> None:
    (home / "seeds/current").symlink_to("watches")
    made = saved(home)
    put_back(tmp_path / "new", made.file)
    for name in ("current", "watches"):
        assert (tmp_path / "new/seeds" / name / "мир.yaml").read_text() == "watch: мир\n"
    assert made.passed_over == ()


def test_a_link_to_the_home_itself_does_not_take_the_store_along_as_a_file(home: Path) -> None:
    (home / "config/all").symlink_to(home)
    made = saved(home)
    assert made.passed_over == (home / "config/all",)
    assert made.manifest.names("config") == ("config/parley.yaml", "config/token")


def test_a_backup_of_a_busy_store_is_whole_and_the_writer_does_not_wait_for_it(home: Path, tmp_path: Path) -> None:
    store = open_store(url(home))
    with store.write() as tx:  # 30 MB, so that the copy takes a while
        for number in range(300):
            meta.put(tx, f"filler {number}", "x" * 100_000)
    stop = threading.Event()
    written: list[int] = []

    def work() -> None:
        number = 0
        while not stop.is_set():
            with store.write() as tx:
                meta.put(tx, "left", str(number))
                meta.put(tx, "right", str(number))
            written.append(number)
            number += 1

    writer = threading.Thread(target=work)
    writer.start()
    before = len(written)
    made = saved(home)
    during = len(written) - before
    stop.set()
    writer.join()
    store.close()
    put_back(tmp_path / "new", made.file)
    copy = tmp_path / "new/state/parley.db"
    assert value(copy, "left") == value(copy, "right")
    assert during > 10, "the writer stood still"


def test_a_store_of_an_older_schema_is_backed_up_as_it_is(home: Path, tmp_path: Path) -> None:
    (home / "state/parley.db").write_bytes(gzip.decompress((STORES / "0003.db.gz").read_bytes()))
    made = saved(home)
    done = put_back(tmp_path / "new", made.file)
    assert made.manifest.revision == done.manifest.revision == "0003"
    assert value(tmp_path / "new/state/parley.db", doubt.KEY) is not None


def test_the_folder_of_the_store_is_told_which_backup_is_the_last(home: Path) -> None:
    made = saved(home)
    assert (home / "state/parley.db.backup").read_text() == f"{made.file}, made 2026-02-05 12:00 UTC\n"


def test_a_link_in_the_folder_of_the_service_leads_root_nowhere(home: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("root's")
    for name in ("parley.db.backup", "parley.db.backup.new"):
        (home / "state" / name).symlink_to(precious)
    os.chown(home / "state/parley.db", 12345, 12345)
    saved(home)
    assert (precious.read_text(), precious.stat().st_uid) == ("root's", 0)
    note = home / "state/parley.db.backup"
    assert note.read_text().startswith(f"{tmp_path / 'b.tar.gz'}, made ")
    assert (note.is_symlink(), note.stat().st_uid) == (False, 12345)
    assert not (home / "state/parley.db.backup.new").is_symlink()


def laid_by_another(part: Path) -> None:
    part.touch()
    os.chown(part, 12345, 12345)


def linked_to_another(part: Path) -> None:
    (part.parent / "other").write_text("other")
    part.hardlink_to(part.parent / "other")


@pytest.mark.parametrize("lay", [laid_by_another, linked_to_another, os.mkfifo])
def test_secrets_are_not_written_into_what_somebody_else_laid_there(home: Path, lay: object) -> None:
    assert callable(lay)
    lay(home.parent / ".b.tar.gz.parley-part")
    with pytest.raises(
        MonitorError, match=r"\.b\.tar\.gz\.parley-part is there and is no(t this user's alone| file): remove it"
    ):
        saved(home)
    other = home.parent / "other"
    assert not other.exists() or other.read_text() == "other"
    assert not (home.parent / "b.tar.gz").exists()


def test_a_backup_that_has_just_ended_is_not_written_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = fcntl.flock

    def ended_meanwhile(number: int, how: int) -> None:
        lock(number, how)
        part = home.parent / ".b.tar.gz.parley-part"
        part.write_text("whole")
        part.rename(home.parent / "b.tar.gz")

    monkeypatch.setattr(fcntl, "flock", ended_meanwhile)
    with pytest.raises(MonitorError, match=r"another backup beside .*/\.b\.tar\.gz\.parley-part has just ended"):
        saved(home)
    assert (home.parent / "b.tar.gz").read_text() == "whole"


def test_a_backup_that_does_not_read_back_says_so_and_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush = os.fsync

    def torn(number: int) -> None:
        if Path(f"/proc/self/fd/{number}").readlink().name == ".b.tar.gz.parley-part":
            os.pwrite(number, b"torn", os.fstat(number).st_size // 2)
        flush(number)

    monkeypatch.setattr(os, "fsync", torn)
    with pytest.raises(
        MonitorError, match=r"what was written to .*\.parley-part does not read back .*, and was removed"
    ):
        saved(home)
    assert not list(home.parent.glob("*b.tar.gz*"))


def test_a_store_elsewhere_goes_there_again(home: Path, tmp_path: Path) -> None:
    away = tmp_path / "var/lib/parley"
    shutil.move(home / "state", away)
    (home / "config/parley.yaml").write_text(SETTINGS + f"store: {{url: 'sqlite:///{away}/parley.db'}}\n")
    made = saved(home, at=f"sqlite:///{away}/parley.db", archive=True)
    assert made.manifest.outside
    shutil.rmtree(away)
    done = put_back(tmp_path / "new", made.file)
    assert done.store == away / "parley.db"
    assert stat.S_IMODE(away.stat().st_mode) == 0o700
    assert (away / "archive/parley-20260205-0001.warc.gz").is_file()
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["config", "seeds"]
    with pytest.raises(MonitorError, match=r"var/lib/parley/parley\.db is there already"):
        put_back(tmp_path / "third", made.file)
    assert not (tmp_path / "third").exists()


def test_a_store_beside_the_home_goes_beside_the_new_one(home: Path, tmp_path: Path) -> None:
    beside = f"sqlite:///{home}/../data/parley.db"
    (home / "state").rename(tmp_path / "data")
    (home / "config/parley.yaml").write_text(SETTINGS + "store: {url: 'sqlite:///../data/parley.db'}\n")
    made = saved(home, at=beside, archive=True)
    (tmp_path / "far").mkdir()
    done = put_back(tmp_path / "far/new", made.file)
    assert done.store == tmp_path / "far/data/parley.db"
    assert value(done.store, "k") == "v"
    assert (tmp_path / "far/data/archive/parley-20260205-0001.warc.gz").is_file()
    done = put_back(tmp_path / "third", made.file, PARLEY_STORE__URL=f"sqlite:///{tmp_path}/third/../there/parley.db")
    assert done.store == tmp_path / "there/parley.db"
    assert value(done.store, "k") == "v"


@pytest.mark.parametrize("place", ["config/s", "seeds/deep"])
def test_a_store_among_what_people_write_is_a_store_all_the_same(home: Path, tmp_path: Path, place: str) -> None:
    (home / "state").rename(home / place)
    (home / place / "parley.db.md").write_text("a note of people")
    (home / "config/parley.yaml").write_text(SETTINGS + f"store: {{url: 'sqlite:///{place}/parley.db'}}\n")
    made = saved(home, at=f"sqlite:///{home}/{place}/parley.db", archive=True)
    assert not [name for name in made.manifest.names(place) if name.endswith(("parley.db", "warc.gz"))]
    done = put_back(tmp_path / "new", made.file)
    assert done.store == tmp_path / "new" / place / "parley.db"
    assert (tmp_path / "new" / place / "parley.db.md").is_file()
    assert value(done.store, "k") == "v"
    assert (tmp_path / "new" / place / "archive/parley-20260205-0001.warc.gz").is_file()


def test_a_home_whose_state_is_a_link_needs_no_word_about_its_store(home: Path, tmp_path: Path) -> None:
    (home / "state").rename(tmp_path / "data")
    (home / "state").symlink_to(tmp_path / "data")
    put_back(tmp_path / "new", saved(home).file)
    assert value(tmp_path / "new/state/parley.db", "k") == "v"


def test_a_home_that_is_named_by_a_link_gets_its_store_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "new").symlink_to("real")
    put_back(tmp_path / "new", saved(home).file, PARLEY_STORE__URL=f"sqlite:///{tmp_path}/new/state/parley.db")
    assert value(tmp_path / "real/state/parley.db", "k") == "v"


def test_a_link_where_a_folder_belongs_is_something_that_is_there(home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new/state").symlink_to(tmp_path / "empty")
    with pytest.raises(MonitorError, match="holds state/ already"):
        put_back(tmp_path / "new", saved(home).file)


def test_a_store_on_another_file_system_is_brought_there(home: Path, tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"parley-test-{os.getpid()}"
    assert Path("/dev/shm").stat().st_dev != tmp_path.stat().st_dev
    try:
        made = saved(home, archive=True)
        put_back(tmp_path / "new", made.file, PARLEY_STORE__URL=f"sqlite:///{other}/parley.db")
        assert value(other / "parley.db", "k") == "v"
        assert sorted(each.name for each in other.iterdir()) == ["archive", "parley.db"]
    finally:
        shutil.rmtree(other, ignore_errors=True)


def test_a_store_that_only_the_environment_named_needs_its_place_to_be_named_again(home: Path, tmp_path: Path) -> None:
    away = tmp_path / "var"
    away.mkdir()
    (home / "state/parley.db").rename(away / "parley.db")
    there = f"sqlite:///{away}/parley.db"
    made = saved(home, at=there)
    (away / "parley.db").unlink()
    with pytest.raises(MonitorError, match=f"Give PARLEY_STORE__URL={there} to have it there again"):
        put_back(tmp_path / "new", made.file)
    put_back(tmp_path / "new", made.file, PARLEY_STORE__URL=there)
    assert value(away / "parley.db", "k") == "v"
    put_back(tmp_path / "here", made.file, PARLEY_STORE__URL="sqlite:///state/parley.db")
    assert value(tmp_path / "here/state/parley.db", "k") == "v"


def test_what_root_puts_back_belongs_to_whom_the_folder_belongs(home: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("this test needs root, as .ci/run has it")
    made = saved(home)
    new = tmp_path / "new"
    new.mkdir()
    os.chown(new, 12345, 12345)
    put_back(new, made.file)
    assert {path.stat().st_uid for path in new.rglob("*")} == {12345}


def test_a_restore_that_somebody_else_left_is_not_believed(home: Path, tmp_path: Path) -> None:
    made = saved(home)
    stage = tmp_path / "new/.restoring"
    stage.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.touch()
    (stage / "moves").write_text(json.dumps([[str(tmp_path / "gone"), str(precious)], [str(stage / "moves"), "/x"]]))
    (stage / "ready").touch()
    os.chown(stage, 12345, 12345)
    with pytest.raises(MonitorError, match=r"\.restoring .*was left by somebody else; remove it"):
        put_back(tmp_path / "new", made.file)
    assert precious.exists()


def test_the_store_alone_goes_into_a_home_that_is_there(home: Path) -> None:
    made = saved(home)
    (home / "config/parley.yaml").write_text(SETTINGS + "# edited since\n")
    for file in (home / "state").glob("parley.db*"):
        file.unlink()
    put_back(home, made.file, only_store=True)
    assert value(home / "state/parley.db", "k") == "v"
    assert "edited since" in (home / "config/parley.yaml").read_text()


def test_config_and_seeds_alone(home: Path, tmp_path: Path) -> None:
    made = saved(home, at="postgresql+psycopg://parley:sesame@db/parley", store=False)
    assert "sesame" not in made.manifest.model_dump_json()
    done = put_back(tmp_path / "new", made.file)
    assert done.store is None
    assert sorted(each.name for each in (tmp_path / "new").iterdir()) == ["config", "seeds", "state"]


def test_a_restored_store_knows_of_which_moment_it_is_and_a_second_time_of_the_earlier(
    home: Path, tmp_path: Path
) -> None:
    put_back(tmp_path / "one", saved(home).file)
    again = backup(tmp_path / "one", tmp_path / "c.tar.gz", What(url(tmp_path / "one")), version="1.0", now=LATER)
    put_back(tmp_path / "two", again.file)
    store = open_store(url(tmp_path / "two"))
    with store.read() as tx:
        assert doubt.restored(tx) == doubt.Restored(NOW, LATER)
    store.close()


# --- refusals ---------------------------------------------------------------------------------------------------------


def _taken(home: Path) -> None:
    (home.parent / "b.tar.gz").write_text("mine")


def _linked(home: Path) -> None:
    (home.parent / "b.tar.gz").symlink_to("nowhere")


def _damaged(home: Path) -> None:
    rubbish(home / "state/parley.db")


def _no_store(home: Path) -> None:
    (home / "state/parley.db").unlink()


def _of_something_else(home: Path) -> None:
    (home / "state/parley.db").unlink()
    with closing(sqlite3.connect(home / "state/parley.db")) as other:
        other.execute("CREATE TABLE birds (name TEXT)")


def _no_seeds(home: Path) -> None:
    shutil.rmtree(home / "seeds")


def _odd_name(home: Path) -> None:
    (home / "seeds/a\\b.yaml").write_text("")


def rubbish(store: Path) -> None:
    """Tear pages of a store that holds enough to have some."""
    opened = open_store(f"sqlite:///{store}")
    with opened.write() as tx:
        for number in range(200):
            meta.put(tx, f"filler {number:03}", "x" * 1000)
    opened.checkpoint()
    opened.close()
    whole = bytearray(store.read_bytes())
    noise = random.Random(6)
    pages = len(whole) // 4096
    for page in range(pages // 2, pages, 3):
        whole[page * 4096 : page * 4096 + 2048] = noise.randbytes(2048)
    store.write_bytes(whole)


@pytest.mark.parametrize(
    ("before", "name", "said"),
    [
        (_taken, "b.tar.gz", r"b\.tar\.gz is there already, and no backup is overwritten"),
        (_linked, "b.tar.gz", r"b\.tar\.gz is there already"),
        (None, "nowhere/b.tar.gz", r"no folder .*nowhere: make it"),
        (None, "home/config/b.tar.gz", r"would lie in config/, and be in the next backup"),
        (_damaged, "b.tar.gz", r"parley\.db is damaged \(.+\): keep the backups that you have"),
        (_no_store, "b.tar.gz", r"no store at .*parley\.db.*PARLEY_STORE__URL"),
        (_of_something_else, "b.tar.gz", "is no store of Parley"),
        (_no_seeds, "b.tar.gz", "has no seeds/"),
        (_odd_name, "b.tar.gz", r"a\\\\b\.yaml' has a name"),
    ],
)
def test_a_backup_that_would_be_none_is_not_made(home: Path, before: object, name: str, said: str) -> None:
    if callable(before):
        before(home)
    there = sorted(path for path in home.parent.rglob("*") if not path.name.endswith(("-wal", "-shm")))
    with pytest.raises(MonitorError, match=said):
        saved(home, name)
    assert sorted(path for path in home.parent.rglob("*") if not path.name.endswith(("-wal", "-shm"))) == there


def test_a_store_on_a_server_is_backed_up_by_its_own_tool(home: Path) -> None:
    at = "postgresql+psycopg://parley:sesame@db.example:5433/news?password=sesame"
    with pytest.raises(MonitorError, match="pg_dump --format=custom") as refused:
        saved(home, at=at)
    assert "sesame" not in str(refused.value)
    assert dump_command(at) == (
        "pg_dump --format=custom --file=parley.dump --host=db.example --port=5433 --username=parley news"
    )


def test_a_backup_that_finds_no_room_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(MonitorError, match=r"could not be copied .*it needs 16 MB in .*, where 0 MB are free"):
        saved(home)
    assert [path.name for path in home.parent.iterdir()] == ["home"]


@pytest.mark.parametrize("name", ["config", "seeds", "state"])
def test_nothing_is_restored_over_what_is_there(home: Path, tmp_path: Path, name: str) -> None:
    made = saved(home)
    new = tmp_path / "new"
    (new / name).mkdir(parents=True)
    (new / name / "mine").write_text("mine")
    with pytest.raises(MonitorError, match=f"holds {name}/ already, and nothing is overwritten: move them away"):
        put_back(new, made.file)
    assert tree(new) == {f"{name}/mine": b"mine"}


def test_empty_folders_are_nothing_that_is_there(home: Path, tmp_path: Path) -> None:
    for name in ("config", "seeds", "state"):
        (tmp_path / "new" / name).mkdir(parents=True)
    put_back(tmp_path / "new", saved(home).file)
    assert value(tmp_path / "new/state/parley.db", "k") == "v"


def test_a_newer_schema_is_refused_and_both_versions_are_named(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "state/parley.db")) as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.commit()
    made = backup(home, tmp_path / "b.tar.gz", What(url(home)), version="9.1", now=NOW)
    said = rf"schema 9999, made by Parley 9\.1, newer than this Parley 1\.0 \({schema.HEAD}\): install the newer"
    with pytest.raises(MonitorError, match=said):
        put_back(tmp_path / "new", made.file)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("cut", [0.2, 0.7, 0.99])
def test_a_file_that_is_cut_short_restores_nothing(home: Path, tmp_path: Path, cut: float) -> None:
    file = saved(home).file
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * cut)])
    with pytest.raises(MonitorError, match=r"b\.tar\.gz cannot be restored: .*; nothing was put in place"):
        put_back(tmp_path / "new", file)
    assert not (tmp_path / "new").exists()


def test_a_home_whose_disk_is_too_small_is_told_so(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = saved(home)
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 1000))
    with pytest.raises(MonitorError, match=r"it needs 32 MB in .*, where 0 MB are free"):
        put_back(tmp_path / "new", made.file)


def test_a_store_that_a_service_holds_is_left_alone(home: Path) -> None:
    made = saved(home)
    store = open_store(url(home))
    with RunLock(store, now=NOW):
        store.close()
        for file in (home / "state").glob("parley.db*"):
            if file.name != "parley.db.lock":
                file.unlink()
        with pytest.raises(MonitorError, match=r"the service runs on .*: stop it first"):
            put_back(home, made.file, only_store=True)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda home: shutil.rmtree(home / "config"), "is no home to put a store in"),
        (Path.exists, r"parley\.db is there already"),
        (lambda home: (home / "state/parley.db").rename(home / "state/parley.db-wal"), r"parley\.db-wal is there"),
    ],
)
def test_the_store_alone_is_not_put_where_one_is(home: Path, prepare: object, said: str) -> None:
    made = saved(home)
    assert callable(prepare)
    prepare(home)
    with pytest.raises(MonitorError, match=said):
        put_back(home, made.file, only_store=True)


# --- crashes ----------------------------------------------------------------------------------------------------------

CRASH = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
import monitor.restore as restoring
from monitor.settings import store_of

rename, home, file, store = Path.rename, Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
for number in range(100):
    new = Path(f"{home}-{number}")
    pid = os.fork()
    if pid == 0:
        left = number
        def counted(self, target):
            global left
            if left == 0:
                os._exit(9)
            left -= 1
            return rename(self, target)
        Path.rename = counted
        env = {"PARLEY_STORE__URL": f"sqlite:///{store}-{number}/parley.db"}
        restoring.restore(new, file, env, version="1", now=datetime(2026, 2, 7, tzinfo=UTC))
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        print(number)
        break
"""


def homes(tmp_path: Path) -> Iterator[tuple[int, Path, Path]]:
    number = 0
    while (tmp_path / f"new-{number}").exists():
        yield number, tmp_path / f"new-{number}", tmp_path / f"var-{number}"
        number += 1


def test_a_restore_that_is_killed_anywhere_leaves_no_home_and_can_be_made_again(home: Path, tmp_path: Path) -> None:
    made = saved(home, archive=True)
    done = subprocess.run(
        [sys.executable, "-c", CRASH, tmp_path / "new", made.file, tmp_path / "var"],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    last = int(done.stdout)
    assert last >= 6, "it is killed before each of its steps"
    for number, new, var in homes(tmp_path):
        whole = number == last
        assert (new / "config/parley.yaml").exists() is whole, f"a home by half after step {number}"
        if not whole:
            there = f"sqlite:///{var}/parley.db"
            put_back(new, made.file, PARLEY_STORE__URL=there)
        assert value(var / "parley.db", "k") == "v"
        assert (var / "archive/parley-20260205-0001.warc.gz").is_file()
        assert sorted(each.name for each in new.iterdir()) == ["config", "seeds", "state"]


def test_what_a_backup_that_was_killed_left_is_swept_by_the_next_of_whatever_name(home: Path) -> None:
    for day in ("1", "2"):
        for end in ("", ".store", ".store.part"):
            (home.parent / f".parley-{day}.tar.gz.parley-part{end}").write_text("left by one that was killed")
    at_work = home.parent / ".parley-3.tar.gz.parley-part"
    foreign = home.parent / ".parley-4.tar.gz.parley-part"
    foreign.touch()
    os.chown(foreign, 12345, 12345)
    with at_work.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        at_work.with_name(at_work.name + ".store").touch()
        saved(home, "parley-2.tar.gz")
    assert sorted(path.name for path in home.parent.iterdir()) == [
        at_work.name, f"{at_work.name}.store", foreign.name, "home", "parley-2.tar.gz",
    ]  # fmt: skip


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_where_secrets_lie_is_told_by_their_keys(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/parley.yaml").write_text(
        "channels:\n"
        "  mail: {kind: email, host: h, sender: a@b.example, username: u, password: sesame}\n"
        "  room: {kind: slack, token_file: config/token}\n"
        "  away: {kind: slack, token_file: /etc/parley/token, ca_file: /etc/ssl/own.pem}\n"
        "  unit: {kind: slack}\n"
        "  odd: {kind: carrier-pigeon, token: x}\n"
        "heartbeat: {url_file: ../beat}\n"
    )
    found = whereabouts(read(tmp_path / "config/parley.yaml"), tmp_path, ("config", "seeds"))
    assert found.inside == ("channels.mail.password", "channels.room.token")
    assert dict(found.elsewhere) == {
        "channels.away.token": Path("/etc/parley/token"),
        "channels.away.ca_file": Path("/etc/ssl/own.pem"),
        "heartbeat.url": tmp_path.parent / "beat",
    }
    assert found.unnamed == ("channels.unit.token",)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("sqlite:////var/lib/parley/parley.db", False),
        ("postgresql+psycopg://parley@db.example/parley", False),
        ("postgresql+psycopg://parley:sesame@db.example/parley", True),
        ("postgresql+psycopg://db.example/parley?user=parley&password=sesame", True),
        ("no address", True),
    ],
)
def test_the_address_of_a_store_is_a_secret_only_with_a_password_in_it(tmp_path: Path, url: str, secret: bool) -> None:
    (tmp_path / "parley.yaml").write_text(f"store: {{url: '{url}'}}\n")
    assert bool(whereabouts(read(tmp_path / "parley.yaml"), tmp_path, ("config",)).inside) is secret


def test_a_store_with_torn_pages_is_seen_to_be_damaged(home: Path) -> None:
    assert damage(home / "state/parley.db") == ()
    rubbish(home / "state/parley.db")
    assert damage(home / "state/parley.db")
