"""What the service tells of itself, and what an operator finds about it in the README."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from monitor.trouble import Kind, Matter, Tell
from monitor.troublewords import title

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
SHOWN = {
    "channel": Matter("channel:mail", "channel", "mail", NOW, "refused"),
    "queue": Matter("queue:mail", "queue", "mail", NOW, "", count=3),
    "dead-letter": Matter("dead-letter:mail:desk:x", "dead-letter", "desk", NOW, "", count=2),
    "loop": Matter("loop:poll", "loop", "poll", NOW, ""),
    "disk": Matter("disk", "disk", "disk", NOW, "100 MB are left"),
    "store": Matter("store", "store", "store", NOW - timedelta(minutes=12), "full", oldest=NOW),
    "clock": Matter("clock", "clock", "clock", NOW, "went back by …"),
}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_operator_finds_every_self_alert_as_it_is_worded(kind: Kind) -> None:
    chapter = re.search(r"^### When Parley tells of itself\n(.*?)(?=^##)", README, re.DOTALL | re.MULTILINE)
    assert chapter is not None
    assert f"| `{title(Tell('bad', (SHOWN[kind],)))}`" in chapter[1]
