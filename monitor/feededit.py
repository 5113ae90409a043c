"""config/feeds.yaml edited: feeds added and taken out, line by line, the other lines as they are.

A round trip through ruamel.yaml 0.19 would join the lines of a mapping that has a comment behind its first key. An edit
is checked before it is in force (`Edit.apply`), so that what has to happen beside it can come in between.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.documents import Document, parse
from monitor.faults import Faults, validate
from monitor.feeds import FeedsModel, built
from monitor.records import Feed, MonitorError

_DASH = re.compile(r"(\s*)- ")


@dataclass(frozen=True, slots=True)
class Edit:
    """The text that a file is to have in place of `before`: without faults, and not yet in force."""

    path: Path
    before: str
    text: str

    def apply(self) -> None:
        """Put it in force. Raises MonitorError, nothing done, when it cannot or the file is no longer `before`."""
        if _text(self.path) != self.before:
            raise MonitorError(f"{self.path} was edited by another meanwhile; nothing was changed, try again")
        beside = self.path.with_name(self.path.name + ".new")
        try:
            beside.write_text(self.text, encoding="utf-8")
            shutil.copymode(self.path, beside)
            # one rename: the service reads the file at its ticks and must never see half of it
            beside.replace(self.path)
        except OSError as error:
            raise MonitorError(f"{self.path} could not be written: {error.strerror}; nothing was changed") from error

    def undo(self) -> None:
        """Put `before` back, if the edit is in force."""
        with contextlib.suppress(MonitorError):
            Edit(self.path, self.text, self.before).apply()


def adding(
    path: Path,
    families_path: Path,
    feeds: Sequence[Feed],
    *,
    explicit: Collection[str] = frozenset(),
    watches: Sequence[str] | None = None,
) -> Edit:
    """The file with these feeds at its end. What equals the default is left out.

    The family is written of the addresses in `explicit`, of all others it is left to families.yaml. `watches` are those
    that may be named (None: any). Raises MonitorError when an address is there already, and with every fault when the
    file has any, or would.
    """
    before, lines, document = _lines(path)
    urls = _urls(document)
    for feed in feeds:
        if feed.url in urls:
            raise MonitorError(f"{path}: {feed.url} is there already; nothing was changed")
    rows = [f"- {_flow(feed, feed.url in explicit)}" for feed in feeds]
    if urls:
        indent = _DASH.match(lines[document.lines["feeds", len(urls) - 1] - 1])
        if indent is None:
            raise MonitorError(f"{path}: to have feeds added, write each on its own line behind a dash")
        lines += [indent[1] + row for row in rows]
    elif rows:
        head = document.lines.get(("feeds",))
        if head is not None:
            del lines[head - 1]
        at = len(lines) if head is None else head - 1
        lines[at:at] = ["feeds:", *("  " + row for row in rows)]
    return _checked(path, families_path, before, lines, [*urls, *(feed.url for feed in feeds)], watches)


def removing(path: Path, families_path: Path, url: str) -> Edit:
    """The file without a feed; the other lines and the comments above feeds stay. Raises MonitorError as `adding`."""
    before, lines, document = _lines(path)
    urls = _urls(document)
    if url not in urls:
        raise MonitorError(f"{path}: there is no feed {url}; `parley feeds` lists what is there")
    i = urls.index(url)
    start = document.lines["feeds", i] - 1
    end = document.lines["feeds", i + 1] - 1 if i + 1 < len(urls) else len(lines)
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1  # comments in between belong to the next
    if _DASH.match(lines[start]) is None:
        raise MonitorError(f"{path}: to have feeds removed, write each on its own line behind a dash")
    del lines[start:end]
    return _checked(path, families_path, before, lines, [each for each in urls if each != url], None)


def _lines(path: Path) -> tuple[str, list[str], Document]:
    text = _text(path)
    document = parse(text, str(path))
    _, faults = validate(FeedsModel, document)
    if faults:
        raise MonitorError(f"{path} has faults and was not changed:\n{Faults(tuple(faults))}")
    return text, text.splitlines(), document


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        advice = "`parley init FOLDER` writes a home" if isinstance(error, FileNotFoundError) else "nothing was changed"
        raise MonitorError(f"{path} cannot be read: {error.strerror}; {advice}") from error
    except UnicodeDecodeError as error:
        raise MonitorError(f"{path} is not UTF-8; save it as UTF-8") from error


def _urls(document: Document) -> list[str]:
    return [each["url"] for each in document.data.get("feeds") or []]


def _flow(feed: Feed, explicit_family: bool) -> str:
    parts = {"url": _quoted(feed.url), "outlet": _quoted(feed.outlet)}
    if explicit_family:
        parts["family"] = _quoted(feed.family)
    if feed.language:
        parts["language"] = feed.language
    if feed.zone != "UTC":
        parts["zone"] = feed.zone
    if feed.interval:
        parts["interval"] = f"{int(feed.interval.total_seconds())}s"
    if feed.watches:
        parts["watches"] = f"[{', '.join(map(_quoted, feed.watches))}]"
    if feed.sitemap:
        parts["sitemap"] = _quoted(feed.sitemap)
    if not feed.pages:
        parts["pages"] = "false"
    return "{" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"


def _quoted(text: str) -> str:
    # A JSON string is a YAML string, but for the pairs of escapes that JSON writes for what is beyond U+FFFF.
    return json.dumps(text, ensure_ascii=False)


def _checked(
    path: Path, families_path: Path, before: str, lines: list[str], urls: list[str], watches: Sequence[str] | None
) -> Edit:
    """The lines as an edit, if they hold exactly these feeds."""
    text = "\n".join(lines) + "\n"
    loaded = built(parse(text, str(path)), families_path, watches)
    if isinstance(loaded, Faults):
        raise MonitorError(f"nothing was changed, since the file would have faults:\n{loaded}")
    if [each.url for each in loaded] != urls:
        raise MonitorError(f"{path} is laid out in a way that cannot be edited here; edit it by hand")
    return Edit(path, before, text)
