"""A kind is one line and one file: the two fit, and nobody pays for kinds that they do not use."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from alerts import channels
from alerts.channels.shape import ChannelSettings
from alerts.compose import render
from alerts.dispatch import PACES
from alerts.kinds import KINDS
from alerts.records import Alert, AlertsError, Target
from alerts.retry import RetryPolicy
from monitor.homes import initialise

LIBRARIES = ("aiohttp", "slack_sdk", "aiosmtplib", "apprise", "requests")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_file_has_settings_that_say_so(kind: str) -> None:
    settings = channels.settings_of(kind)
    assert issubclass(settings, ChannelSettings)
    assert get_args(settings.model_fields["kind"].annotation) == (kind,)
    assert set(settings.needed) <= set(settings.secrets())
    assert all(f"{key}_file" in settings.model_fields for key in settings.secrets())


def test_every_file_of_a_kind_has_its_line() -> None:
    folder = Path(channels.__file__).parent
    files = {file.stem for file in folder.glob("[!_]*.py")} - {"shape"}
    assert files == set(KINDS)


def test_pace_and_longest_wait_of_a_kind_are_those_of_its_line() -> None:
    assert {name for name, kind in KINDS.items() if kind.pace} == set(PACES)
    assert all(PACES[name].every.total_seconds() == 1 for name in ("slack", "slack_webhook"))
    assert {name: RetryPolicy().of(name).cap.total_seconds() / 60 for name in KINDS} == {
        "console": 30, "email": 30, "slack": 15, "slack_webhook": 15, "webhook": 15, "apprise": 30,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_message_with_what_happened_in_it(kind: str, alert: Alert) -> None:
    target = Target("ops", "way", kind, "ops@example.org")
    payload = render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=False)
    assert alert.title in payload.decode()


def test_a_kind_that_nobody_knows_is_refused_and_the_known_ones_are_named(alert: Alert) -> None:
    target = Target("ops", "loft", "pigeon", "ops")
    with pytest.raises(AlertsError, match=r"'loft' is of kind 'pigeon'.* known: console, email, slack"):
        render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=False)


def loads(program: str, *arguments: str) -> list[str]:
    """The libraries of channels that a program has loaded at its end."""
    shown = f"{program}\nimport sys\nprint([name for name in {LIBRARIES!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", shown, *arguments], capture_output=True, text=True, check=True)
    return [name for name in LIBRARIES if repr(name) in ran.stdout.splitlines()[-1]]


LOAD = """
import sys, pathlib
from monitor import settings
import monitor.app.assembly
loaded = settings.load(pathlib.Path(sys.argv[1]), {})
assert isinstance(loaded, settings.Settings), loaded
for name, each in loaded.channels.items():
    each.channel(name, lambda: None)
"""


def test_a_service_with_a_console_alone_loads_no_library_of_other_channels(tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    assert loads(LOAD, str(tmp_path / "home")) == []


def test_a_service_loads_what_its_channels_need_before_it_begins(tmp_path: Path) -> None:
    initialise(tmp_path / "home")
    file = tmp_path / "home" / "config" / "parley.yaml"
    mail = "  mail: {kind: email, host: localhost, sender: a@example.org}\n"
    file.write_text(file.read_text().replace("  console: {kind: console}\n", f"  console: {{kind: console}}\n{mail}"))
    assert loads(LOAD, str(tmp_path / "home")) == ["aiosmtplib"]
