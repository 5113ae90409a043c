"""The far ends of a service under test, each on loopback: a newsroom, a mail server with TLS, a Slack.

They keep what they accepted as a real one would, and tell a test at each step of a conversation, so that it can end
the service there and nowhere else.
"""

import re
from dataclasses import dataclass
from pathlib import Path

STORY = re.compile(r"/story-(\d+)/")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that a far end took. `id` is the Message-ID, or the delivery id in Slack's metadata.

    `story` is the number of the newsroom's story that it links first, None for a message that is about none (a notice).
    `life` says which run of the service opened the connection, as the test counts them.
    """

    id: str
    story: int | None
    life: int


def story_of(text: str) -> int | None:
    """The number of the first story that a text links."""
    found = STORY.search(text)
    return int(found[1]) if found else None


def without_stories(home: Path) -> None:
    """Have the shipped watch begin without its stories, whose reading is most of a first start: 4 of 7 s, measured."""
    watch = home / "seeds" / "watches" / "ru-ua.yaml"
    text, done = re.subn(r"(?m)^baseline: \[.+\]$", "baseline: []", watch.read_text(encoding="utf-8"))
    assert done == 1
    watch.write_text(text, encoding="utf-8")
