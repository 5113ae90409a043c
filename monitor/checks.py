"""Everything of a home validated at once: settings, feeds, families, and every watch and topic, enabled or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor import feeds, settings, watches
from monitor.faults import Fault, Faults, relative
from monitor.records import Feed, Watch
from monitor.settings import Settings


@dataclass(frozen=True, slots=True)
class Checked:
    """A home without faults. `watches` are those enabled; `topics` the files there are."""

    settings: Settings
    feeds: tuple[Feed, ...]
    watches: tuple[Watch, ...]
    topics: tuple[str, ...]


def check(home: Path, env: Mapping[str, str]) -> Checked | Faults:
    """Read all of it and send nothing. Faults come file by file, each once, with files named from `home`."""
    if (none := settings.absent(home)) is not None:
        return none
    found: dict[Fault, None] = {}
    topics_dir = home / "seeds" / "topics"
    known = tuple(sorted(file.stem for file in (home / "seeds" / "watches").glob("*.yaml")))
    own = settings.load(home, env)
    polled = feeds.load(home / feeds.FEEDS, home / feeds.FAMILIES, known)
    tracked = watches.load_watches(home, known)
    for loaded in (own, polled, tracked):
        if isinstance(loaded, Faults):
            found |= dict.fromkeys(loaded)
    topics = tuple(sorted(topics_dir.glob("*.yaml")))
    for topic in topics:
        found |= dict.fromkeys(watches.load_topic(topic)[1])
    if found or isinstance(own, Faults) or isinstance(polled, Faults) or isinstance(tracked, Faults):
        return relative(Faults(tuple(found)), home)
    by_id = {watch.id: watch for watch in tracked}
    return Checked(own, polled, tuple(by_id[each] for each in own.watches), tuple(topic.stem for topic in topics))
