"""`parley install-service`, and what systemd itself says of the unit that it writes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path, PurePath
from tempfile import mkdtemp

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from monitor.homes import shipped
from monitor.unitfile import Install, unit

USUAL = Install(("/opt/parley/bin/parley",), PurePath("/etc/parley"), PurePath("/var/lib/parley"))
CHANNELS = """\
channels:
  mail: {kind: email, host: smtp.example.org, username: u, password_file: mail.password, sender: p@example.org}
  hook: {kind: slack_webhook, url_file: config/hook.url}
heartbeat: {url_file: /srv/beat}
"""
Install_ = Callable[..., Result]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest, and that a service sees, unlike /tmp."""
    made = Path(mkdtemp(dir="/srv"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def home(home: Path, place: Path) -> Path:
    made = place / "home"
    shutil.copytree(home, made)
    with (made / "config" / "parley.yaml").open("a") as file:
        file.write("store:\n  url: sqlite:///state/parley.db   # mine\n")
    return made


@pytest.fixture
def install(home: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Install_:
    # The program lies somewhere in a home in which others may not look about; the service's lies in /opt.
    program = place / "python"
    shutil.copyfile("/bin/true", program)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    (place / "installing.py").touch(0o644)
    monkeypatch.setattr("monitor.installing.__file__", str(place / "installing.py"))

    def call(*words: str, env: dict[str, str] | None = None) -> Result:
        output = () if {"--print", "--output"} & set(words) else ("--output", str(place / "parley.service"))
        return CliRunner().invoke(main, ["--home", str(home), "install-service", *output, *words], env=env)

    return call


def settings(home: Path) -> str:
    return (home / "config" / "parley.yaml").read_text()


def analyze(*words: str) -> str:
    program = shutil.which("systemd-analyze")
    assert program is not None
    done = subprocess.run((program, *words), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_unit_is_written_for_this_home_and_the_store_goes_to_var_lib(home: Path, install: Install_) -> None:
    said = install()
    assert said.exit_code == 0, said.output
    written = (home.parent / "parley.service").read_text()
    assert f"ExecStart={home.parent}/python -m monitor --home {home} run\n" in written
    assert "\nDynamicUser=yes\nStateDirectory=parley\n" in written
    assert "\n  url: sqlite:////var/lib/parley/parley.db   # mine\n" in settings(home)
    assert "  systemctl daemon-reload\n  systemctl enable --now parley\n" in said.stderr
    again = install()
    assert again.exit_code == 0
    assert "is as it should be" in again.stderr


def test_a_home_without_a_store_setting_gets_one(home: Path, install: Install_) -> None:
    file = home / "config" / "parley.yaml"
    file.write_text(file.read_text().replace("store:\n  url: sqlite:///state/parley.db   # mine\n", ""))
    assert install().exit_code == 0
    assert settings(home).endswith("\nstore:\n  url: sqlite:////var/lib/parley/parley.db\n")
    assert install().exit_code == 0


def test_settings_that_are_written_anew_stay_with_whom_they_belong_to(home: Path, install: Install_) -> None:
    file, real = home / "config" / "parley.yaml", home / "config" / "real"
    file.rename(real)
    file.symlink_to("real")
    real.chmod(0o664)
    os.chown(real, 12345, 12345)
    assert install().exit_code == 0
    assert file.is_symlink()
    about = real.stat()
    assert (about.st_uid, about.st_gid, about.st_mode & 0o777) == (12345, 12345, 0o664)
    assert "/var/lib/parley" in real.read_text()


def test_printing_writes_nothing(home: Path, install: Install_) -> None:
    before = settings(home)
    for words in (("--print",), ("--output", "-")):
        said = install(*words)
        assert said.stdout.startswith(f"# The unit of Parley for the home {home}")
        assert "would get a store.url in /var/lib/parley" in said.stderr
    assert settings(home) == before
    assert not (home.parent / "parley.service").exists()


def test_a_unit_that_differs_is_shown_and_kept_unless_it_is_to_be_replaced(home: Path, install: Install_) -> None:
    install()
    file = home.parent / "parley.service"
    mine = file.read_text().replace("RestartSec=10", "RestartSec=99")
    file.write_text(mine)
    said = install()
    assert said.exit_code == 1
    assert "-RestartSec=99\n+RestartSec=10\n" in said.stderr
    assert file.read_text() == mine
    said = install("--force")
    assert said.exit_code == 0
    assert "systemctl restart parley" in said.stderr
    assert "RestartSec=10" in file.read_text()


def test_each_secret_in_a_file_is_handed_over(home: Path, install: Install_, place: Path) -> None:
    beat = place / "beat"
    for file in (home / "mail.password", home / "config" / "hook.url", beat):
        file.write_text("https://hooks.example.org/x\n")
        file.chmod(0o600)
    file = home / "config" / "parley.yaml"
    more = CHANNELS.replace("/srv/beat", str(beat))
    file.write_text(file.read_text().replace("channels: {console: {kind: console}}\n", more))
    file.write_text(file.read_text().replace("channel: console", "channel: mail, to: desk@example.org"))
    said = install()
    assert said.exit_code == 0, said.output
    assert re.findall(r"(?m)^LoadCredential=(.*)$", (place / "parley.service").read_text()) == [
        f"heartbeat.url:{beat}",
        f"hook.url:{home}/config/hook.url",
        f"mail.password:{home}/mail.password",
    ]


def test_every_fault_of_the_home_is_named_and_nothing_is_written(home: Path, install: Install_) -> None:
    file = home / "config" / "parley.yaml"
    file.write_text(file.read_text() + "keeep: {}\nlog: {level: loud}\n")
    said = install()
    assert said.exit_code == 2
    assert "keeep" in said.stderr
    assert "log.level" in said.stderr
    assert not (home.parent / "parley.service").exists()


def test_what_the_service_could_not_read_is_named(home: Path, install: Install_) -> None:
    (home / "config" / "parley.yaml").chmod(0o600)
    (home / "seeds" / "topics").chmod(0o700)
    said = install()
    assert said.exit_code == 2
    assert [line.partition(": ")[0] for line in said.stderr.splitlines()[:-1]] == [
        f"{home}/config/parley.yaml",
        f"{home}/seeds/topics",
    ]
    assert f"`chmod o+rX {home}/seeds/topics`" in said.stderr


def test_a_store_that_was_used_is_not_left_behind(home: Path, install: Install_) -> None:
    (home / "state" / "parley.db").touch()
    before = settings(home)
    said = install()
    assert said.exit_code == 2
    assert f"`mv {home}/state/* /var/lib/parley/`" in said.stderr
    assert settings(home) == before


def test_a_store_of_a_users_own_stays_where_it_is(home: Path, install: Install_) -> None:
    (home / "state" / "parley.db").touch()
    said = install("--user", "nobody")
    assert said.exit_code == 2
    assert f"`install -d -m 700 -o nobody {home}/state`" in said.stderr
    shutil.chown(home / "state", "nobody")
    said = install("--user", "nobody")
    assert said.exit_code == 0, said.output
    written = (home.parent / "parley.service").read_text()
    assert f"\nUser=nobody\nReadWritePaths={home}/state\n" in written
    assert "DynamicUser" not in written
    assert install("--user", "nobody-of-that-name").exit_code == 1


def test_variables_of_this_shell_are_no_settings_of_the_service(home: Path, install: Install_) -> None:
    said = install("--print", env={"PARLEY_LOG__LEVEL": "loud", "PARLEY_HOME": str(home)})
    assert said.exit_code == 0, said.output
    assert said.stderr.count("is set in this shell and not in the service") == 1


def test_the_unit_that_is_shipped_is_the_one_of_the_usual_layout() -> None:
    assert (shipped("config") / "parley.service").read_text() == unit(USUAL)


@pytest.mark.parametrize("user", [None, "daemon"])
def test_systemd_finds_no_fault_in_it_and_little_that_it_may_do(user: str | None, place: Path) -> None:
    file = place / "parley.service"
    paths = PurePath("/srv/a b/50% $x"), PurePath("/srv/s") if user else PurePath("/var/lib/parley/main")
    own = Install(("/bin/true",), *paths, user=user, credentials={"mail.password": PurePath("/etc/parley/mail")})
    file.write_text(unit(own))
    assert analyze("verify", str(file)) == ""
    said = analyze("security", "--offline=true", "--threshold=20", str(file))
    found = re.search(r"Overall exposure level for parley.service: ([\d.]+)", said)
    assert found is not None
    assert float(found[1]) <= 2.0
    paths = PurePath("/srv/a$b"), PurePath("/srv/s $x/;y")
    odd = Install(("/bin/true",), *paths, user="daemon", credentials={"mail.password": PurePath("/etc/$p;/50%")})
    file.write_text(unit(odd))
    assert analyze("verify", str(file)) == ""
    assert "\nLoadCredential=mail.password:/etc/$p;/50%%\n" in unit(odd)
    assert '\nReadWritePaths="/srv/s $x/;y"\n' in unit(odd)
    # The command comes out of the unit as it went in.
    assert 'ExecStart=/bin/true --home "/srv/a b/50%% $$x" run\n' in unit(own)


def test_what_goes_by_the_settings_does() -> None:
    bigger = Install(
        ("/opt/parley/bin/parley",), PurePath("/home/ann/parley"), None, workers=8 * 10**9, manager=254,
        grace=timedelta(minutes=2),
    )  # fmt: skip
    text = unit(bigger)
    for line in ("TimeoutStopSec=150", "MemoryMax=8704M", "ProtectHome=read-only", "RestartSteps=6"):
        assert f"\n{line}\n" in text
    assert "RestartSteps" not in unit(USUAL)
    assert "StateDirectory" not in text


@pytest.mark.parametrize(
    "own",
    [
        Install(USUAL.program, USUAL.home, PurePath("/home/ann/state"), user="ann"),
        Install(
            USUAL.program, USUAL.home, USUAL.state, reads=(PurePath("/root/.local/share/uv/python/bin/python3.11"),)
        ),
    ],
)
def test_nothing_that_the_service_needs_is_hidden_from_it(own: Install) -> None:
    assert "\nProtectHome=read-only\n" in unit(own)


def test_what_the_program_is_linked_to_is_looked_at_too(home: Path, install: Install_, place: Path) -> None:
    shutil.copy(place / "python", place / "parley")
    (place / "closed").mkdir(mode=0o700)
    (place / "python").rename(place / "closed/python")
    (place / "python").symlink_to(place / "closed/python")
    said = install()
    assert said.exit_code == 2
    assert f"{place}/closed: cannot be read by" in said.stderr


def test_what_lies_in_tmp_is_not_seen_by_the_service(home: Path, install: Install_, tmp_path: Path) -> None:
    moved = Path(mkdtemp())
    try:
        shutil.copytree(home, moved, dirs_exist_ok=True)
        moved.chmod(0o755)
        said = CliRunner().invoke(main, ["--home", str(moved), "install-service", "--print"])
        assert said.exit_code == 2
        assert f"{moved}: cannot be seen by the service, whose /tmp is its own; move it elsewhere" in said.stderr
    finally:
        shutil.rmtree(moved)


def test_a_program_whose_name_systemd_would_not_find_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the program of a unit"):
        unit(Install(("/opt/$x/parley",), PurePath("/srv/a"), None))


@pytest.mark.parametrize("path", ["/srv/a\nExecStartPre=/bin/evil", "/srv/a\tb"])
def test_a_path_that_no_unit_can_hold_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a unit"):
        unit(Install(("/bin/true",), PurePath(path), None))


def test_it_takes_root_to_write_where_root_writes(home: Path, install: Install_) -> None:
    said = install("--output", "/proc/parley.service")
    assert said.exit_code == 1
    assert "run it as root, or give --output with another place" in said.stderr
    assert os.geteuid() == 0  # the other tests hand folders to others
    assert "state/parley.db" in settings(home)
