from datetime import timedelta
from pathlib import Path

import pytest

from alerts.channels import email, slack
from monitor import feeds, settings
from monitor.demo.home import ADDRESS, write_home
from monitor.demo.receivers import CHANNEL, TOKEN
from monitor.demo.script import Script
from monitor.watches import load_watches


@pytest.fixture
def home(script: Script, tmp_path: Path) -> Path:
    urls = {outlet.id: f"http://127.0.0.1:4711/{outlet.id}/feed" for outlet in script.outlets}
    write_home(tmp_path, script, urls, 4712, "http://127.0.0.1:4713/api/")
    return tmp_path


def test_the_settings_lead_to_the_receivers(home: Path) -> None:
    loaded = settings.load(home, {})
    assert isinstance(loaded, settings.Settings), str(loaded)
    mail, room = loaded.channels["mail"], loaded.channels["room"]
    assert isinstance(mail, email.Settings)
    assert (mail.host, mail.port, mail.security) == ("127.0.0.1", 4712, "none")
    assert isinstance(room, slack.Settings)
    assert room.token is not None
    assert (room.token.get_secret_value(), room.api_url) == (TOKEN, "http://127.0.0.1:4713/api/")
    assert {name: each.target.address for name, each in loaded.mailing.recipients.items()} == {
        "desk": ADDRESS,
        "room": CHANNEL,
    }


def test_every_outlet_has_one_feed_polled_each_second(home: Path, script: Script) -> None:
    loaded = feeds.load(home / feeds.FEEDS, home / feeds.FAMILIES, ["ru-ua"])
    assert isinstance(loaded, tuple), str(loaded)
    assert [(feed.outlet, feed.family, feed.language) for feed in loaded] == [
        (outlet.name, outlet.family, outlet.language) for outlet in script.outlets
    ]
    assert {feed.interval for feed in loaded} == {timedelta(seconds=1)}


def test_the_watch_is_the_one_that_is_shipped(home: Path) -> None:
    watches = load_watches(home, settings.load(home, {}).watches)
    assert isinstance(watches, tuple), str(watches)
    assert [watch.id for watch in watches] == ["ru-ua"]
