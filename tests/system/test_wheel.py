"""The wheel in an environment of its own, outside the checkout: what a person gets who installs Parley."""

import json
import os
import socket
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # an index may be slow to answer


def _clean() -> dict[str, str]:
    """The environment without what leads Python or Parley back to the checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PARLEY_", "VIRTUAL_ENV"))}


def _call(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=cwd, env=_clean(), capture_output=True, text=True)


@dataclass(frozen=True, slots=True)
class Installed:
    """A clean environment with the wheel and what it needs, and a home that its `parley init` wrote."""

    bin: Path
    home: Path

    def parley(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return _call(self.bin / "parley", *words, cwd=self.home)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    # A test must not change the checkout, and the backend is in this environment already: no isolation, another folder.
    done = _call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, CHECKOUT, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    bin_ = folder / "venv" / "bin"
    # The same versions as here: what a later release of a dependency breaks is not the wheel's fault.
    versions = sorted({f"{each.name}=={each.version}" for each in distributions() if each.name != "parley"})
    (folder / "versions.txt").write_text("\n".join(versions), encoding="utf-8")
    done = _call(bin_ / "python", "-m", "pip", "install", "--quiet", "-c", folder / "versions.txt", wheel, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    done = _call(bin_ / "parley", "init", "there", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return Installed(bin_, folder / "there")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheel` makes, unpacked: it goes by way of the source archive, and leaves the checkout as it was."""
    out = tmp_path_factory.mktemp("compiled")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(CHECKOUT)],
        cwd=out,
        env=_clean() | {"HATCH_BUILD_HOOKS_ENABLE": "true"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.glob("*.whl")
    zipfile.ZipFile(made).extractall(out / "site")
    return out / "site"


def test_the_compiled_reading_says_the_same_of_every_article(compiled: Path, tmp_path: Path) -> None:
    def explained(*environment: tuple[str, str]) -> str:
        words = [sys.executable, "-P", "-m", "monitor", "--home", str(CHECKOUT), "explain", "--json", *corpora]
        done = subprocess.run(words, cwd=tmp_path, env=_clean() | dict(environment), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    corpora = [str(each) for each in sorted((CHECKOUT / "tests" / "corpus").glob("*.jsonl"))]
    where = "import extractors.claims as it; print(it.__file__)"
    path = ("PYTHONPATH", str(compiled))
    done = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=_clean() | dict([path]), capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).suffix == ".so"
    assert explained(path) == explained()


def test_the_wheel_holds_the_packages_and_the_data_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"monitor", "extractors", "alerts"}
    for data in ("config", "seeds"):
        files = {file.relative_to(CHECKOUT) for file in (CHECKOUT / data).rglob("*") if file.is_file()}
        assert files
        assert {f"monitor/home/{file.as_posix()}" for file in files} <= names
    beside = {
        file.relative_to(CHECKOUT).as_posix()
        for package in sorted(packages)
        for file in (CHECKOUT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {"monitor/py.typed", "alerts/compose/templates/alert.html.j2"} <= beside
    assert beside <= names
    assert not [name for name in sorted(names) if "test" in Path(name).stem.split("_") or "__pycache__" in name]


def test_the_environment_is_clean_and_the_program_comes_from_the_wheel(installed: Installed) -> None:
    where = installed.bin / "python"
    done = _call(where, "-c", "import monitor, sys; print(monitor.__file__); print(sys.path)", cwd=installed.home)
    assert done.returncode == 0, done.stderr
    assert str(installed.bin.parent) in done.stdout.splitlines()[0]
    assert str(CHECKOUT) not in done.stdout
    for tool in ("pytest", "mypy", "hatchling"):
        assert _call(where, "-c", f"import {tool}", cwd=installed.home).returncode == 1


def test_what_is_installed_fits_together(installed: Installed) -> None:
    done = _call(installed.bin / "python", "-m", "pip", "check", cwd=installed.home)
    assert done.returncode == 0, done.stdout


def test_a_home_just_written_is_without_faults(installed: Installed) -> None:
    done = installed.parley("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all good" in done.stdout


def test_the_stories_that_come_along_ring_three_times(installed: Installed) -> None:
    done = installed.parley("replay", "--json", "seeds/stories")
    assert done.returncode == 0, done.stderr
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    rings = sorted(alert["kind"] for alert in alerts if alert["reason"] in ("new", "advanced", "reversed"))
    assert rings == ["prisoner_exchange", "remains_repatriation", "talks_round"]
    again = installed.parley("replay", "--json", "seeds/stories")
    assert again.stdout == done.stdout


def test_one_turn_over_feeds_that_are_out_of_reach_is_no_failure(installed: Installed) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused, and nobody else gets the port
        feeds = installed.home / "config" / "feeds.yaml"
        shipped = feeds.read_text(encoding="utf-8")
        feeds.write_text(f"feeds:\n  - {{url: 'http://127.0.0.1:{taken.getsockname()[1]}/rss', outlet: Nobody}}\n")
        try:
            done = installed.parley("run", "--once")
        finally:
            feeds.write_text(shipped, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "polled, 1 failing" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_installed_keeps_the_etiquette_and_shows_its_score_card(installed: Installed) -> None:
    done = installed.parley("feeds", "self-test", "--json")
    card = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each for each in card if not each["passed"]] == []
    assert [each["line"] for each in card] == list(range(1, 32))
    assert done.returncode == 0, done.stderr


def test_the_demo_delivers_its_messages(installed: Installed) -> None:
    done = installed.parley("demo")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    out = installed.home / "demo-out"
    mails = sorted(out.glob("*-mail.eml"))
    assert mails
    assert [file.with_suffix(".html").name for file in mails] == sorted(file.name for file in out.glob("*-mail.html"))
    assert len(list(out.glob("*-slack.json"))) == len(mails)
