"""`parley healthcheck`: quick, of this home's service and no other, and of use where there is no endpoint."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from monitor.app import utcnow
from monitor.cli import main
from monitor.holder import Holder, holder, lock_of, parsed
from monitor.store import Store, meta, open_store
from monitor.store.lock import RunLock

Seen = Any  # the record of conftest.py, which tests cannot import
SETTINGS = "watches: [small]\nchannels: {c: {kind: console}}\nrecipients: {me: {channel: c}}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("config", "state", "seeds/watches"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    (tmp_path / "home/seeds/watches/small.yaml").touch()
    (tmp_path / "home/config/parley.yaml").write_text(SETTINGS)
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{home / 'state/parley.db'}")
    yield opened
    opened.close()


@pytest.fixture
def check(home: Path) -> Callable[..., Result]:
    return lambda *args, env=None: CliRunner().invoke(main, ["--home", str(home), "healthcheck", *args], env=env)


def alive(store: Store, ago: timedelta) -> None:
    with store.write() as tx:
        meta.put(tx, meta.ALIVE, (utcnow() - ago).isoformat())


async def answering(text: str, status: int = 200) -> tuple[web.AppRunner, str]:
    """Something on a port that answers so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, status=status)

    app = web.Application()
    app.router.add_get("/readyz", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


def test_without_a_service_it_says_so_and_exits_1(check: Callable[..., Result], home: Path) -> None:
    result = check()
    assert result.exit_code == 1
    assert result.stdout == (
        f"not ready\nNOT service: none holds the store {home / 'state/parley.db'}: start it with parley run\n"
    )


async def test_a_ready_service_is_asked_and_every_check_told(
    seen: Seen, home: Path, store: Store, check: Callable[..., Result]
) -> None:
    with RunLock(store, now=utcnow()) as lock:
        lock.listens(seen.base.removeprefix("http://"))
        seen.work()
        result = await asyncio.to_thread(check)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert lines[0] == "ready"
        assert lines[1].startswith(f"ok  service: pid {os.getpid()} on ")
        assert [line.split(":")[0] for line in lines[2:]] == [
            "ok  configuration", "ok  store", "ok  first cycle", "ok  poller", "ok  reader", "ok  sender",
        ]  # fmt: skip
        seen.goes(timedelta(minutes=5), "poll", "deliver")
        result = await asyncio.to_thread(check, "--json")
        value = json.loads(result.stdout)
        assert (result.exit_code, value["ready"], value["pid"]) == (1, False, os.getpid())
        (hung,) = [each for each in value["checks"] if not each["ok"]]
        assert hung["name"] == "reader"
        assert hung["detail"].endswith(", since 2026-03-01T12:00:01+00:00")


async def test_settings_that_are_just_being_edited_make_no_running_service_unhealthy(
    seen: Seen, home: Path, store: Store, check: Callable[..., Result]
) -> None:
    (home / "config/parley.yaml").write_text("watches: [\n")
    with RunLock(store, now=utcnow()) as lock:
        lock.listens(seen.base.removeprefix("http://"))
        seen.work()
        assert (await asyncio.to_thread(check)).exit_code == 0
    result = await asyncio.to_thread(check)
    assert result.exit_code == 1
    assert "NOT configuration: config/parley.yaml" in result.stdout


async def test_another_parley_on_the_port_is_not_taken_for_this_one(store: Store, check: Callable[..., Result]) -> None:
    other, where = await answering(json.dumps({"ready": True, "pid": 1, "version": "1", "checks": []}))
    with RunLock(store, now=utcnow()) as lock:
        lock.listens(where)
        result = await asyncio.to_thread(check)
    await other.cleanup()
    assert result.exit_code == 1
    why = f"NOT endpoint: another Parley (pid 1) answers at {where}, not the one that holds this home's store\n"
    assert result.stdout.endswith(why)


@pytest.mark.parametrize("text", ["<html>", "[]", '{"ready": true}', '{"checks": [1], "pid": 1, "ready": true}', ""])
async def test_what_is_no_parley_at_all_is_told(store: Store, check: Callable[..., Result], text: str) -> None:
    other, where = await answering(text)
    with RunLock(store, now=utcnow()) as lock:
        lock.listens(where)
        result = await asyncio.to_thread(check)
    await other.cleanup()
    assert result.exit_code == 1
    assert f"NOT endpoint: {where} gives no answer that can be read: " in result.stdout


def test_nobody_behind_the_address_is_told(store: Store, check: Callable[..., Result]) -> None:
    with RunLock(store, now=utcnow()) as lock:
        lock.listens("127.0.0.1:1")
        result = check()
    assert result.exit_code == 1
    assert "NOT endpoint: 127.0.0.1:1 gives no answer that can be read: ConnectionRefusedError" in result.stdout


@pytest.mark.parametrize(("ago", "code"), [(timedelta(seconds=20), 0), (timedelta(minutes=3), 1)])
def test_without_an_endpoint_the_last_sign_of_life_has_to_do(
    store: Store, check: Callable[..., Result], ago: timedelta, code: int
) -> None:
    alive(store, ago)
    with RunLock(store, now=utcnow()):
        result = check()
    assert result.exit_code == code
    assert f"sign of life: {round(ago.total_seconds())} s ago; its endpoint is off" in result.stdout


def test_a_store_elsewhere_is_found_by_the_settings(tmp_path: Path, home: Path, check: Callable[..., Result]) -> None:
    elsewhere = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    alive(elsewhere, timedelta(0))
    (home / "config/parley.yaml").write_text(f"{SETTINGS}store: {{url: 'sqlite:///{tmp_path / 'other.db'}'}}\n")
    with RunLock(elsewhere, now=utcnow()):
        assert check().exit_code == 0
        with (home / "config/parley.yaml").open("a") as file:
            file.write("heartbeat: {url_file: /nowhere}\nrecipents: {}\n")
        assert check().exit_code == 0, "a fault in the settings is none of the service that runs"
    assert check().exit_code == 1
    elsewhere.close()


def test_it_is_quick_because_it_imports_next_to_nothing(store: Store, home: Path) -> None:
    alive(store, timedelta(0))
    program = (
        "import sys; from monitor.cli import main\n"
        f"try: main(['--home', {str(home)!r}, 'healthcheck'])\n"
        "except SystemExit: print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    with RunLock(store, now=utcnow()) as lock:
        lock.listens("127.0.0.1:1")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "monitor" in loaded
    assert not loaded & {"sqlalchemy", "pydantic", "aiohttp", "httpx", "asyncio", "ruamel", "alerts", "extractors"}


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"pid": "x", "host": "h", "started": "s"}', '{"pid": 1}'])
def test_a_line_that_names_nobody_is_nobody(line: str) -> None:
    assert parsed(line) is None


def test_what_a_later_version_adds_to_the_line_is_passed_over() -> None:
    assert parsed('{"pid": 1, "host": "h", "started": "s", "more": [1]}') == Holder(1, "h", "s")


def test_a_file_that_is_not_there_is_held_by_nobody(tmp_path: Path) -> None:
    assert holder(lock_of(tmp_path / "parley.db")) is None
