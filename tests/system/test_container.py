"""config/Containerfile, step by step in a bare Debian, and its image as a container: any user, nothing to write to but
the volume, no rights, the program as first process."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from farends.image import Container, Image

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first test builds

Newsroom = Any  # the record of conftest.py, which tests cannot import


@pytest.fixture
def started() -> Iterator[list[Container]]:
    """The containers of a test; they end with it."""
    running: list[Container] = []
    yield running
    for container in running:
        container.kill()


def size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def test_the_image_is_small_and_has_one_compiled_form_of_each_module(image: Image) -> None:
    venv = image.root.upper / "opt" / "parley"
    names = [file.relative_to(venv) for file in venv.rglob("*")]
    compiled = [name for name in names if name.suffix == ".pyc"]
    assert len(compiled) > 500
    assert all(re.search(r"\.cpython-3\d+\.pyc$", str(name)) for name in compiled)
    packages = {name.parts[3] for name in names if len(name.parts) > 3}
    assert {"monitor", "alerts", "extractors", "psycopg", "apprise"} <= packages
    assert not {"pip", "setuptools", "hatchling", "pytest", "mypy"} & packages
    print(f"the environment is {size(venv) / 1e6:.0f} MB, of which compiled "
          f"{sum((venv / name).stat().st_size for name in compiled) / 1e6:.0f} MB")  # fmt: skip
    assert size(venv) < 200e6


def test_nothing_of_who_built_it_gets_into_the_image(image: Image) -> None:
    written = [path for path in image.root.upper.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(written) > 1000
    assert [path for path in written if path.stat().st_size < 100 and path.read_bytes() == b"SECRET"] == []
    assert {path.relative_to(image.root.upper).parts[0] for path in written} == {"opt"}
    assert {path.stat().st_uid for path in written} == {0}


def test_an_empty_volume_is_told_how_to_get_a_home(image: Image, tmp_path: Path, started: list[Container]) -> None:
    container = image.start(image.volume(tmp_path / "volume"), output=tmp_path / "log")
    started.append(container)
    assert container.process.wait(60) == 2
    assert "parley init /var/lib/parley" in container.log
    assert list((tmp_path / "volume").iterdir()) == []


def settled(volume: Path, newsroom: Newsroom) -> None:
    """What an operator edits: whom to ask, and here that this machine may be asked."""
    (volume / "config" / "feeds.yaml").write_text(
        f"feeds: [{{url: '{newsroom.base}/feed', outlet: Test Courier, language: en, interval: 1s}}]\n"
    )
    settings = volume / "config" / "parley.yaml"
    text = settings.read_text().replace("  host_gap: 2s", "  host_gap: 0s\n  open_to: [127.0.0.0/8]")
    settings.write_text(text)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until(container: Container, done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert container.process.poll() is None, f"exit {container.process.returncode}\n{container.log}"
        assert time.monotonic() < deadline, container.log
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("user", "own"),
    [(None, False), ("12345:0", False), ("12345:12345", True)],
    ids=["the image's own user", "any user in group 0", "a user with a folder of its own"],
)
async def test_it_serves_on_a_read_only_tree_and_ends_when_it_is_told_to(
    image: Image, tmp_path: Path, newsroom: Newsroom, started: list[Container], user: str | None, own: bool
) -> None:
    volume = image.volume(tmp_path / "volume")
    if own:
        volume.chmod(0o700)
        os.chown(volume, 12345, 12345)
    init = image.start(volume, "init", "/var/lib/parley", user=user, output=tmp_path / "init")
    started.append(init)
    assert await asyncio.to_thread(init.process.wait, 60) == 0, init.log
    settled(volume, newsroom)
    env = {"PARLEY_HTTP__LISTEN": f"127.0.0.1:{free_port()}"}
    container = image.start(volume, user=user, env=env, output=tmp_path / "log")
    started.append(container)
    await until(container, lambda: newsroom.polls() > 0)
    newsroom.publish_round()
    await until(container, lambda: "Fifth round of talks between Russia and Ukraine" in container.log)

    inside = container.inside()
    number, group = (user or "10001:0").split(":")
    assert {status["Uid"].split()[0] for status in inside.values()} == {number}
    assert {status["Gid"].split()[0] for status in inside.values()} == {group}
    assert {status["CapEff"].strip("0") for status in inside.values()} == {""}
    assert container.words()[1:] == ["/opt/parley/bin/parley", "run"]
    assert len(inside) >= 3  # the workers and what starts them
    assert container.call(["touch", "/var/lib/parley/written"]).returncode == 0
    assert "Read-only file system" in container.call(["touch", "/opt/parley/written"]).stderr

    assert container.call(image.health).returncode == 0
    os.kill(container.first(), signal.SIGSTOP)  # it hangs
    assert container.call(image.health).returncode == 1
    os.kill(container.first(), signal.SIGCONT)

    worker = max(inside)
    os.kill(int(inside[worker]["Pid"]), signal.SIGKILL)
    await until(container, lambda: worker not in container.inside())
    newsroom.publish_plan("Geneva", ahead=timedelta(days=3))
    await until(container, lambda: "Geneva" in container.log)
    await until(container, lambda: container.zombies() == [], 10)

    before = time.monotonic()
    container.stop()
    assert await asyncio.to_thread(container.process.wait, 40) == 0, container.log
    assert time.monotonic() - before < 20
    assert "Traceback" not in container.log
    assert "Read-only file system" not in container.log


async def test_a_root_that_could_be_written_to_is_left_as_it_was(
    image: Image, tmp_path: Path, newsroom: Newsroom, started: list[Container]
) -> None:
    volume = image.volume(tmp_path / "volume")
    container = image.start(volume, "init", "/var/lib/parley", output=tmp_path / "init")
    started.append(container)
    assert await asyncio.to_thread(container.process.wait, 60) == 0, container.log
    settled(volume, newsroom)
    newsroom.publish_round()
    above = image.root.above()
    open_image = replace(image, root=above)
    os.chown(above.upper, 10001, 0)
    once = open_image.start(volume, "run", "--once", readonly=False, output=tmp_path / "once")
    started.append(once)
    assert await asyncio.to_thread(once.process.wait, 60) == 0, once.log
    assert "1 feeds polled, 0 failing" in once.log
    assert [path for path in above.upper.rglob("*") if path.is_file()] == []
