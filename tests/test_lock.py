"""The lock file against pyproject.toml: a fresh clone installs from the one what the other promises."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKED = {
    canonicalize_name(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE)
}
SERVICE = (ROOT / "requirements.run.lock").read_text(encoding="utf-8")  # what an operator installs


EXTRAS = PROJECT["optional-dependencies"]


@pytest.mark.parametrize("asked", [*PROJECT["dependencies"], *EXTRAS["dev"], *EXTRAS["bench"]])
def test_every_dependency_is_locked_within_its_bounds(asked: str) -> None:
    requirement = Requirement(asked)
    assert LOCKED[canonicalize_name(requirement.name)] in requirement.specifier, "run make lock"


def test_every_locked_version_has_a_hash() -> None:
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCK)[1:]
    assert len(entries) == len(LOCKED)
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", [LOCK, SERVICE], ids=["all", "the service"])
def test_the_lock_names_no_host_and_no_place_of_one_machine(lock: str) -> None:
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url.*|--find-links.*|--trusted-host.*| @ .*", lock) == []


def pinned(lock: str) -> dict[str, frozenset[str]]:
    """Name and version of each entry, with its hashes."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock)[1:]
    return {entry.split()[0]: frozenset(re.findall(r"sha256:(\w+)", entry)) for entry in entries}


def test_an_operator_installs_what_the_tests_ran_with() -> None:
    service, everything = pinned(SERVICE), pinned(LOCK)
    assert {name: everything.get(name) for name in service} == service, "run make lock"
    names = {canonicalize_name(name.partition("==")[0]) for name in service}
    asked = [*PROJECT["dependencies"], *EXTRAS["postgres"], *EXTRAS["apprise"]]
    assert {canonicalize_name(Requirement(each).name) for each in asked} <= names
    assert not {"pytest", "mypy", "hatchling"} & names
