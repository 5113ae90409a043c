"""`parley check` and the commands that need a home without faults."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from click.testing import Result

Parley = Callable[..., Result]

BAD = Path(__file__).parents[1] / "bad"
PLACES = {
    "settings": "config/parley.yaml",
    "feeds": "config/feeds.yaml",
    "watch": "seeds/watches/small.yaml",
}
# Three configurations and two watches that operators and rule-writers get wrong first.
WRONG = {
    "settings-unknown-key": "config/parley.yaml:7: channels.mail.prot: unknown key; known here: kind, host, port",
    "settings-no-token": "config/parley.yaml:4: channels.newsroom: its token is missing; give token, token_file,",
    "feeds-bad-url": "config/feeds.yaml:3: feeds[0].url: should be a whole address that begins with https:// or http://",
    "watch-unknown-topic": "seeds/watches/small.yaml:13: topics[1]: ",
    "watch-two-people-one-form": "seeds/watches/small.yaml:9: people[1].forms.en[1]: ",
}


def spoil(home: Path, name: str) -> None:
    text = (BAD / f"{name}.yaml").read_text(encoding="utf-8").replace("watches: [ru-ua]", "watches: [small]")
    (home / PLACES[name.partition("-")[0]]).write_text(text, encoding="utf-8")


def test_a_home_without_faults_is_counted_on_stdout(parley: Parley) -> None:
    result = parley("check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "all good: 0 feeds, 1 watch, 3 topics, 1 recipient\n"


@pytest.mark.parametrize(("name", "told"), WRONG.items(), ids=list(WRONG))
def test_each_wrong_file_is_named_with_its_line(parley: Parley, home: Path, name: str, told: str) -> None:
    spoil(home, name)
    result = parley("check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)
    assert result.stderr.endswith("\n1 fault\n")


def test_every_fault_of_every_file_is_told_at_once(parley: Parley, home: Path) -> None:
    for name in ("settings-no-token", "feeds-bad-url", "watch-two-people-one-form"):
        spoil(home, name)
    result = parley("check")
    assert result.exit_code == 2
    told = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in told[:-1]] == [
        "config/parley.yaml",
        "config/feeds.yaml",
        "seeds/watches/small.yaml",
    ]
    assert told[-1] == "3 faults"


@pytest.mark.parametrize(
    "command", [("run",), ("run", "--once"), ("replay", "."), ("explain", "."), ("events",), ("test-alert",)]
)
def test_a_faulty_home_stops_every_command_that_needs_it(parley: Parley, home: Path, command: tuple[str, ...]) -> None:
    spoil(home, "settings-no-token")
    result = parley(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "config/parley.yaml:4: channels.newsroom: its token is missing" in result.stderr
    assert not (home / "state" / "parley.db").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("replay",), ("explain",), ("save", "https://a.example"), ("feeds", "add"),
        ("events", "--limit", "0"), ("run", "--twice"), ("dance",), ("replay", "--watch", "nowhere.yaml", "."),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_exits_with_2_and_says_so_on_stderr(parley: Parley, command: tuple[str, ...]) -> None:
    result = parley(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize("form", ["json", "journald"])
def test_faults_at_the_start_of_the_service_have_the_form_that_its_log_is_read_in(
    form: str, parley: Parley, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config/parley.yaml").write_text("watches: [none]\nchannles: {}\nlog: {level: loud}\n")
    checked = parley("check").stderr.splitlines()[:-1]
    monkeypatch.setenv("PARLEY_LOG__FORMAT", form)
    done = parley("run")
    structlog.reset_defaults()
    assert done.exit_code == 2
    *faults, last = done.stderr.splitlines()
    assert len(faults) == len(checked) >= 2
    if form == "json":
        assert [json.loads(line)["what"] for line in faults] == checked
        assert json.loads(last)["event"] == "service not started"
    else:
        assert all(line.startswith('<3>level=error event=fault what="') for line in faults)


def test_every_command_has_help(parley: Parley) -> None:
    commands = [line.split()[0] for line in parley("--help").stdout.partition("Commands:\n")[2].splitlines()]
    assert len(commands) == 22
    for command in commands:
        result = parley(command, "--help")
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage: ")
