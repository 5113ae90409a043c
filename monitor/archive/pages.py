"""Readers of files that people write: JSON Lines, HTML, and text with its title on the first line."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from extractors.decode import decode
from extractors.records import Article
from monitor.archive.found import Found, Unreadable, from_page, moment, outlet_of

_FRONT = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def read_lines(path: Path, name: str) -> Iterator[Found | Unreadable]:
    """JSON Lines, one article a line; blank lines are nothing. A bad line is named, the others go on."""
    for number, line in enumerate(decode(path.read_bytes()).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Unreadable(where, f"not JSON: {error}")
            continue
        yield _article(value, where, name)


def read_json(path: Path, name: str) -> Iterator[Found | Unreadable]:
    """One object, an array of them, or lines as in .jsonl."""
    try:
        value = json.loads(decode(path.read_bytes()))
    except (ValueError, RecursionError):
        yield from read_lines(path, name)
        return
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield _article(item, f"{name}: item {number}", name)
    else:
        yield _article(value, name, name)


def read_html(path: Path, name: str) -> Iterator[Found | Unreadable]:
    """A saved page. Its address is what it calls its own (canonical link), else the path."""
    yield from_page(path.read_bytes(), None, name, url=None, name=name)


def read_text(path: Path, name: str) -> Iterator[Found | Unreadable]:
    """Title on the first line, or in the front matter. The text is all that follows the front matter, as it stands:

    a title on its first line stays in it, so that offsets are those of the file.
    """
    whole = decode(path.read_bytes())
    about: Mapping[str, object] = {}
    front = _FRONT.match(whole)
    if front:
        try:
            loaded = YAML(typ="safe", pure=True).load(io.StringIO(front["yaml"]))
        except YAMLError as error:
            yield Unreadable(name, f"its front matter is no YAML: {' '.join(str(error).split())}")
            return
        if loaded is not None and not isinstance(loaded, dict):
            yield Unreadable(name, "its front matter must be `key: value` lines between two `---`")
            return
        about, whole = loaded or {}, whole[front.end() :]
    first = next((line.strip() for line in whole.splitlines() if line.strip()), "")
    title = about.get("title") or first.lstrip("#").strip() or None
    yield _article({**about, "title": title, "text": whole, "html": None}, name, name)


def _article(value: object, where: str, name: str) -> Found | Unreadable:
    if not isinstance(value, dict):
        return Unreadable(where, "an article is a JSON object with url and text or html")
    fields = {key: value.get(key) for key in ("url", "title", "text", "html", "outlet", "lang")}
    wrong = [key for key, content in fields.items() if content is not None and not isinstance(content, str)]
    if wrong:
        return Unreadable(where, f"{', '.join(wrong)} must be text")
    stated = {key: content for key, content in fields.items() if isinstance(content, str) and content.strip()}
    try:
        published = moment(value["published"]) if value.get("published") else None
    except (ValueError, OverflowError) as error:
        return Unreadable(where, f"published: {error}")
    about = {key: content for key, content in value.items() if key not in ("text", "html")}
    url = stated.get("url")
    given = Article(
        url=url or name,
        outlet=stated.get("outlet") or outlet_of(url or name),
        title=stated.get("title"),
        text=stated.get("text", ""),
        language=stated.get("lang"),
        published=published,
    )
    if given.text:
        return Found(given, where, about)
    if "html" in stated:
        page = stated["html"].encode(errors="replace")
        found = from_page(page, "utf-8", where, url=given.url, name=name, given=given)
        return replace(found, about=about) if isinstance(found, Found) else found
    return Unreadable(where, "it has neither text nor html")
