"""Channels asked about themselves, as `parley check --online` does."""

from pathlib import Path

from monitor import app, settings
from monitor.homes import initialise


async def test_every_channel_of_the_settings_is_asked_at_once(tmp_path: Path, unused_tcp_port: int) -> None:
    home = tmp_path / "home"
    initialise(home)
    (home / "config" / "parley.yaml").write_text(
        f"""
watches: [ru-ua]
channels:
  desk: {{kind: webhook, url: "http://127.0.0.1:{unused_tcp_port}/in"}}
  here: {{kind: console}}
recipients: {{me: {{channel: here}}}}
"""
    )
    loaded = settings.load(home, {})
    assert isinstance(loaded, settings.Settings)
    found = await app.probe(loaded)
    assert list(found) == ["desk", "here"]
    assert [each.fine for each in found["desk"]] == [False, True]
    assert [each.fine for each in found["here"]] == [True]
