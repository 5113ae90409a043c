"""What an image is built from and how it is tried, where no container engine runs: hadolint's rules, the schema of
compose files, and whether the settings that they give are settings."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import compose_spec
import pytest
from dockerfile_parse import DockerfileParser
from ruamel.yaml import YAML

from alerts.channels.email import Settings as Email
from monitor.checks import Checked, check
from monitor.homes import initialise

TOP = Path(__file__).parents[1]
CONTAINERFILE = TOP / "config" / "Containerfile"
COMPOSE = (TOP / "config" / "compose.yaml").read_text(encoding="utf-8")


def hadolint(file: Path) -> str:
    """What it finds, one fault a line."""
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "--no-color", "--failure-threshold", "style", file], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_containerfile_keeps_every_rule_of_hadolint() -> None:
    assert hadolint(CONTAINERFILE) == ""


def test_hadolint_would_have_found_something(tmp_path: Path) -> None:
    worse = re.sub(r'\["run"\]', "run", CONTAINERFILE.read_text().replace(":3.11-slim-bookworm AS", ":latest AS"))
    (tmp_path / "Containerfile").write_text(worse)
    found = hadolint(tmp_path / "Containerfile")
    assert "DL3007" in found
    assert "DL3025" in found


def instructions() -> dict[str, list[str]]:
    with CONTAINERFILE.open("rb") as source:
        steps = DockerfileParser(fileobj=source).structure
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(step["instruction"], []).append(step["value"])
    return found


def test_the_image_says_which_version_it_is() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    labels = instructions()["LABEL"][0]
    assert f'image.version="{project["version"]}"' in labels
    assert f'image.description="{project["description"]}"' in labels
    assert f'image.licenses="{project["license"]}"' in labels
    assert f'base.name="{instructions()["FROM"][-1]}"' in labels


def test_nothing_is_copied_into_the_image_by_a_pattern() -> None:
    for copied in instructions()["COPY"]:
        *sources, _ = [word for word in copied.split() if not word.startswith("--")]
        assert not {"*", ".", "./"} & set(sources)
        assert all((TOP / source).exists() for source in sources if not source.startswith("/"))


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe").load(COMPOSE)


def test_the_compose_file_is_one() -> None:
    compose_spec.PyCompose.from_yaml(COMPOSE).validate()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("read_only: true", "readonly: true", "readonly"),
        ("60s", "60 parsecs", "not a valid duration"),
        ("secrets: [mail.password]", "secrets: [other]", "not defined"),
        ("restart: unless-stopped", "restart: sometimes", "unknown variant"),
    ],
)
def test_a_compose_file_with_a_fault_is_refused(right: str, wrong: str, said: str) -> None:
    assert right in COMPOSE
    with pytest.raises(ValueError, match=said):
        compose_spec.PyCompose.from_yaml(COMPOSE.replace(right, wrong, 1)).validate()


def test_the_container_of_the_compose_file_may_do_nothing_that_it_need_not(compose: Any) -> None:
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert re.search(r":v?\d", service["image"]) or "build" in service
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["parley"]["ports"])


def test_the_compose_file_and_the_image_ask_the_same_about_its_health(compose: Any) -> None:
    service = compose["services"]["parley"]
    flags, _, words = instructions()["HEALTHCHECK"][0].partition(" CMD ")
    assert service["healthcheck"].pop("test") == ["CMD", *YAML(typ="safe").load(words)]
    assert flags.split() == [f"--{name.replace('_', '-')}={value}" for name, value in service["healthcheck"].items()]
    assert service["volumes"] == [f"home:{instructions()['VOLUME'][0]}"]


def test_the_settings_of_the_compose_file_make_a_home_that_sends_to_the_catcher(compose: Any, tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail.password").write_text("secret\n")
    env = compose["services"]["parley"]["environment"] | {"CREDENTIALS_DIRECTORY": str(tmp_path / "secrets")}
    found = check(tmp_path / "home", env)
    assert isinstance(found, Checked), found
    mail = found.settings.channels["mail"]
    assert isinstance(mail, Email)
    assert (mail.host, mail.port, mail.security) == ("127.0.0.1", 1025, "none")
    assert mail.password is not None
    assert mail.password.get_secret_value() == "secret"
    assert compose["services"]["mail"]["network_mode"] == "service:parley"
    assert [route.to for route in found.settings.mailing.routes] == [("desk",)]


def test_files_for_engines_are_not_written_into_a_home(tmp_path: Path) -> None:
    written = {path.name for path in initialise(tmp_path / "home")}
    assert not {"Containerfile", "compose.yaml"} & written
    shutil.rmtree(tmp_path / "home")
