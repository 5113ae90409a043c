"""A home for the demo: the shipped watches, topics and stories, with feeds and channels of its own."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from monitor.demo.receivers import CHANNEL, TOKEN
from monitor.demo.script import Outlet, Script
from monitor.homes import initialise

ADDRESS = "desk@demo.example"
CAP = {"hour": 100, "day": 100}  # the news of hours pass in half a minute here


def write_home(home: Path, script: Script, feeds: Mapping[str, str], smtp_port: int, slack_url: str) -> None:
    """Make `home` a working home whose feeds are the newsroom's and whose messages go to the receivers.

    `feeds` maps outlet ids to addresses. Feeds are polled every second, and nothing is gathered or held back: a demo
    has seconds where a newsroom has days.
    """
    initialise(home)
    outlets: dict[str, list[Outlet]] = {}
    for outlet in script.outlets:
        outlets.setdefault(outlet.family, []).append(outlet)
    families = {
        family: {"name": members[0].name, "hosts": [f"{outlet.id}.demo.example" for outlet in members]}
        for family, members in outlets.items()
    }
    entries = [
        {
            "url": feeds[outlet.id],
            "outlet": outlet.name,
            "family": outlet.family,
            "language": outlet.language,
            "interval": "1s",
        }
        for outlet in script.outlets
    ]
    _write(home, "parley.yaml", _settings(smtp_port, slack_url))
    _write(home, "families.yaml", {"families": families})
    _write(home, "feeds.yaml", {"feeds": entries})


def _settings(smtp_port: int, slack_url: str) -> dict[str, object]:
    return {
        "watches": ["ru-ua"],
        "polling": {"interval": "1s", "host_gap": "0s", "open_to": ["127.0.0.0/8"]},
        "channels": {
            "mail": {
                "kind": "email",
                "host": "127.0.0.1",
                "port": smtp_port,
                "security": "none",
                "sender": "Parley <parley@demo.example>",
            },
            "room": {"kind": "slack", "token": TOKEN, "api_url": slack_url},
        },
        "recipients": {
            "desk": {"channel": "mail", "to": ADDRESS, "cap": CAP},
            "room": {"channel": "room", "to": CHANNEL, "cap": CAP},
        },
        "routes": [{"to": ["desk", "room"]}],
        # The news of hours pass in half a minute here, and so does what updates wait for each other.
        "delivery": {"gather": "2s"},
        # The port is the real service's, which may run beside.
        "http": {"listen": "off"},
    }


def _write(home: Path, name: str, data: object) -> None:
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.dump(data, text)
    (home / "config" / name).write_text(text.getvalue(), encoding="utf-8")
