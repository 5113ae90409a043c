"""What the documents say is there is there, and what is there is in the documents."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from alerts import channels
from alerts.kinds import KINDS
from monitor.cli import main
from monitor.settingsfile import (
    CapModel,
    DigestModel,
    EscalationModel,
    QuietModel,
    RecipientModel,
    RouteModel,
    SettingsModel,
    SeverityModel,
)

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
SETTINGS = (TOP / "config" / "parley.yaml").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?P<kind>\w*)\n(?P<lines>.*?)```", re.DOTALL)


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, those of groups included."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))


COMMANDS = dict(commands(main))
OPTIONS = [
    (" ".join(words), option)
    for words, command in [((), main), *COMMANDS.items()]
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in parameter.opts
]


def settings_of(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting by its path; what is keyed by names that operators choose is one setting."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings_of(inner, (*before, name))
        else:
            yield (*before, name)


PATHS = list(settings_of(SettingsModel))
CHANNEL_KEYS = sorted({key for kind in KINDS for key in channels.settings_of(kind).model_fields})
PEOPLE_KEYS = sorted(
    {
        field.alias or name
        for model in (RecipientModel, QuietModel, CapModel, RouteModel, DigestModel, EscalationModel, SeverityModel)
        for name, field in model.model_fields.items()
    }
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_in_the_readme(words: tuple[str, ...]) -> None:
    assert re.search(rf"^\| `parley {' '.join(words)}\b", README, re.MULTILINE)


@pytest.mark.parametrize(("words", "option"), OPTIONS, ids=" ".join)
def test_every_option_is_in_the_readme(words: str, option: str) -> None:
    assert re.search(rf"{re.escape(option)}\b", README)


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_every_setting_is_in_the_readme_with_its_variable_and_in_the_shipped_file(path: tuple[str, ...]) -> None:
    assert f"`{'.'.join(path)}`" in README
    assert f"`PARLEY_{'__'.join(path).upper()}" in README
    assert re.search(rf"\b{path[-1]}\b", SETTINGS)


@pytest.mark.parametrize("key", [*CHANNEL_KEYS, *PEOPLE_KEYS])
def test_every_key_of_a_channel_recipient_or_route_is_in_both(key: str) -> None:
    assert re.search(rf"\b{key}\b", README)
    assert re.search(rf"\b{key}\b", SETTINGS) or key == "api_url"  # for servers that speak Slack's interface: README


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_channel_is_shown_in_both(kind: str) -> None:
    assert f"kind: {kind}" in README
    assert f"kind: {kind}" in SETTINGS


def shown() -> list[list[str]]:
    """The command lines in blocks and tables of all documents, as words from `parley` or `make` on."""
    found = []
    for text in (README, CONTRIBUTING):
        lines = [line for block in BLOCK.finditer(text) if not block["kind"] for line in block["lines"].splitlines()]
        lines += re.findall(r"`((?:parley|make) [^`]+)`", text)
        for line in lines:
            words = shlex.split(line.partition(" #")[0].replace("\\|", "|").partition(" > ")[0])
            if words and (words[0] in ("parley", "make") or words[0].endswith("/parley")):
                found.append(words)
    return found


def test_there_are_command_lines_to_check() -> None:
    assert len(shown()) > 25


@pytest.mark.parametrize("words", shown(), ids=" ".join)
def test_command_lines_shown_exist(words: list[str]) -> None:
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets
        return
    rest = words[3:] if words[1] == "--home" else words[1:]
    if rest == ["--version"] or rest[0] == "COMMAND":
        return
    command = COMMANDS.get(tuple(rest[:2])) or COMMANDS[rest[0],]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    (example,) = (block["lines"] for block in BLOCK.finditer(README) if block["kind"] == "python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own example
    assert "new Second round of talks between Russia and Ukraine" in capsys.readouterr().out


def test_pictures_and_links_lead_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("https://") or (TOP / target).exists(), target


PACKAGES = ("monitor", "extractors", "alerts")
INSIDE = [
    f"{package}/{path.name}"
    for package in PACKAGES
    for path in sorted((TOP / package).iterdir())
    if (path.is_dir() and (path / "__init__.py").exists()) or (path.suffix == ".py" and path.stem.strip("_") != "init")
]


@pytest.mark.parametrize("place", INSIDE)
def test_the_map_names_every_module_and_folder(place: str) -> None:
    package, _, name = place.partition("/")
    chapter = re.search(rf"^### `{package}/`\n(.*?)(?=^##)", CONTRIBUTING, re.DOTALL | re.MULTILINE)
    assert chapter is not None
    stem = name.removesuffix(".py")
    wanted = rf"`{re.escape(stem)}`" if name.endswith(".py") else rf"`{re.escape(name)}/`"
    assert re.search(wanted, chapter[1]), f"CONTRIBUTING.md says nothing of {place}"


def test_the_map_names_nothing_that_is_not_there() -> None:
    named = re.findall(r"`((?:monitor|extractors|alerts|config|seeds|tests|docs)/[\w./*-]*)`", CONTRIBUTING)
    assert len(named) > 20
    for path in named:
        assert list(TOP.glob(path)) if "*" in path else (TOP / path).exists(), path
    for package in PACKAGES:
        chapter = re.search(rf"^### `{package}/`\n(.*?)(?=^##)", CONTRIBUTING, re.DOTALL | re.MULTILINE)
        assert chapter is not None
        for row in re.findall(r"^\| (.*?) \|", chapter[1], re.MULTILINE):
            for name in re.findall(r"`([\w/]+)`", row):
                assert (
                    (TOP / package / name).is_dir() if name.endswith("/") else (TOP / package / f"{name}.py").exists()
                )


def test_the_changelog_says_what_is_not_released_yet() -> None:
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert unreleased is not None
    assert "\n- " in unreleased[1]
