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
from alerts.kinds import KINDS, Kind
from alerts.records import Alert, AlertsError, Delivery, Target
from alerts.retry import RetryPolicy
from monitor import settings
from monitor.homes import initialise

LIBRARIES = ("aiohttp", "slack_sdk", "aiosmtplib", "apprise", "requests")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_file_has_settings_that_say_so(kind: str) -> None:
    shape = channels.settings_of(kind)
    assert issubclass(shape, ChannelSettings)
    assert get_args(shape.model_fields["kind"].annotation) == (kind,)
    assert set(shape.needed) <= set(shape.secrets())
    assert all(f"{key}_file" in shape.model_fields for key in shape.secrets())


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


PIGEON = """
from typing import ClassVar, Literal
from pydantic import SecretStr
from alerts.channels.shape import ChannelSettings
from alerts.records import Outcome


class Settings(ChannelSettings):
    needed: ClassVar = ("ring",)
    kind: Literal["pigeon"]
    ring: SecretStr | None = None
    ring_file: str | None = None
    loft: str

    def channel(self, name, clock, /):
        return Pigeon(name, self.loft)


class Pigeon:
    def __init__(self, name, loft):
        self.name, self.loft = name, loft

    async def send(self, delivery):
        return Outcome("sent", reference=f"{self.loft}: {delivery.payload.decode()[:9]}")

    async def close(self): ...
"""


async def test_a_new_kind_is_one_file_and_one_line(
    tmp_path: Path, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pigeon.py").write_text(PIGEON)
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    assert isinstance(KINDS, dict)
    monkeypatch.setitem(KINDS, "pigeon", Kind("text"))
    home = tmp_path / "home"
    initialise(home)
    file = home / "config" / "parley.yaml"
    text = "watches: [ru-ua]\nchannels: {coo: {kind: pigeon%s}}\nrecipients: {me: {channel: coo}}\n"
    file.write_text(text % ", lofty: x")
    told = str(settings.load(home, {"PARLEY_CHANNELS__COO__RING": "hunter2"}))
    assert "channels.coo.lofty: unknown key; known here: kind, ring, ring_file, loft" in told
    assert "channels.coo.loft: this key is missing" in told
    file.write_text(text % ", loft: Ghent")
    assert "channels.coo: its ring is missing; give ring, ring_file, the variable" in str(settings.load(home, {}))
    loaded = settings.load(home, {"PARLEY_CHANNELS__COO__RING": "hunter2"})
    assert isinstance(loaded, settings.Settings)
    assert "hunter2" not in repr(loaded)
    target = loaded.mailing.recipients["me"].target
    payload = render(alert, target, delivery_id="d1", domain="parley.example", sender=None, earlier=False)
    pigeon = loaded.channels["coo"].channel("coo", lambda: alert.decided)
    outcome = await pigeon.send(Delivery("d1", alert.id, alert.event_id, target, payload, alert.decided))
    assert outcome.reference == f"Ghent: {payload.decode()[:9]}"


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
