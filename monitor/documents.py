"""YAML 1.2 as data that remembers its lines.

ruamel.yaml's own constructor stops at the first duplicate key and forgets the line of plain values, so the data are
built here from the nodes: every duplicate is found, and each path knows where it stands.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

Where = tuple[str | int, ...]
# Tags, anchors, blocks, tabs, odd line ends, marks and directives, of which the two parsers think differently;
# and dashes without end on one line.
_DIFFERS = re.compile(
    r"(?:[-?] +){50}|[!\t\r\x85\u2028\u2029\ufeff]|^(?:%|---|\.\.\.)|(?:^|[\s\[{,:?-])[&*]\S|(?:^|[:?-])\s*[|>]",
    re.MULTILINE,
)


_TEXT = "tag:yaml.org,2002:str"
_BRACKETS = re.compile(r"[\[\]{}]")
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the YAML itself, before anyone asks what it means."""

    line: int
    where: str
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file. `lines`: path → line, from 1. `given`: paths that were set from elsewhere, and where.

    `unread`: there are no data, the flaws say why. A document with other flaws has the data all the same.
    """

    file: str
    data: Any
    lines: Mapping[Where, int] = field(default_factory=dict)
    flaws: tuple[Flaw, ...] = ()
    unread: bool = False
    given: Mapping[Where, str] = field(default_factory=dict)

    def place(self, where: Where) -> tuple[str, int]:
        """File and line of a path, or of the nearest one around it."""
        for length in range(len(where), -1, -1):
            if where[:length] in self.given:
                return self.given[where[:length]], 0
            if where[:length] in self.lines:
                return self.file, self.lines[where[:length]]
        return self.file, 1


def dotted(where: Where) -> str:
    """`routes[0].to` for ("routes", 0, "to")."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).removeprefix(".")


def read(path: Path) -> Document:
    """The document of a file. A file that is missing or cannot be read is a flaw of the document."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _unread(path, 0, "there is no such file")
    except UnicodeDecodeError as error:
        return _unread(path, error.object[: error.start].count(b"\n") + 1, "this is not UTF-8", "save it as UTF-8")
    except OSError as error:
        return _unread(path, 0, f"cannot be read: {error.strerror}")
    return parse(text, str(path))


def parse(text: str, file: str) -> Document:
    """The document of a text; `file` is what faults call it. An empty text is an empty mapping."""
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():
            # An anchor given twice is a warning to a terminal that nobody watches; the later one counts, as YAML says.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            node = _composed(text) or yaml.compose(StringIO(text))
        if node is None:
            return Document(file, {}, {(): 1})
        builder = _Builder(yaml)
        data = builder.build(node, (), frozenset())
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = _unquoted(str(error.problem or error.context).split("\n", 1)[0])
        return _unread(Path(file), line, f"not YAML: {problem}", "check indentation, quotes and brackets here")
    except RecursionError:
        return _unread(Path(file), 0, "not YAML: nested too deep", "check brackets and dashes")
    except (YAMLError, ValueError) as error:
        return _unread(Path(file), 0, f"not YAML: {str(error).splitlines()[0]}")
    return Document(file, data, builder.lines, tuple(builder.flaws))


def _deep(text: str) -> bool:
    """Whether brackets stand in brackets so often that the parser in C runs out of stack and ends the process."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > _DEEPEST:
            return True
    return False


def _composed(text: str) -> Node | None:
    """The root node by the parser in C, which is four times as fast (10,000 feeds in 0.8 s instead of 3.3); None where
    the other one has to look: it takes tabs and directives as YAML 1.2 does, and its words on mistakes are better."""
    if _DIFFERS.search(text) or _deep(text):
        return None
    try:
        yaml = YAML(typ="safe", pure=False)
        yaml.Resolver = _Resolver
        node: Node | None = yaml.compose(StringIO(text))
    except (YAMLError, ValueError, AttributeError, TypeError):
        return None
    return node


class _Resolver(VersionedResolver):
    """What a plain word is, by the rules of YAML 1.2, for the parser in C, which is given nothing else.

    The library's own asks anew for each word which version the document is in: a quarter of what a long list took.
    """

    _rules: Mapping[str | None, list[tuple[str, re.Pattern[str]]]] | None = None

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is not ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)
        if self._rules is None:
            self._rules = self.versioned_resolver
        for first in (value[:1], None):
            for tag, shape in self._rules.get(first, ()):
                if shape.match(value):
                    return Tag(suffix=tag)
        return self.DEFAULT_SCALAR_TAG


def _unquoted(problem: str) -> str:
    """The parser's words up to the first quote from the file, which may be a secret: "undefined alias 'hunter2'"."""
    problem = problem.replace(r"'\t'", "a tab")
    for quote in re.finditer(r"""'[^']*'|"[^"]*"|['"]""", problem):
        if not re.fullmatch(r"'(\W{1,3}|<[a-z ]+>)'", quote.group()):
            return problem[: quote.start()].rstrip(" ,")
    return problem


def _unread(path: Path, line: int, message: str, advice: str = "") -> Document:
    return Document(str(path), None, {}, (Flaw(line, "", message, advice),), unread=True)


class _Builder:
    """Nodes into data, noting lines and flaws on the way."""

    def __init__(self, yaml: YAML) -> None:
        self._construct = yaml.constructor
        self.lines: dict[Where, int] = {}
        self.flaws: list[Flaw] = []

    def build(self, node: Node, where: Where, above: frozenset[int]) -> Any:
        """`above` are the nodes that this one stands in: an alias to one of them would never end."""
        self.lines.setdefault(where, node.start_mark.line + 1)
        if id(node) in above:
            self._flaw(node, where, "an alias that stands inside its own anchor", "write the value out")
            return None
        match node:
            case MappingNode():
                return self._mapping(node, where, above | {id(node)})
            case SequenceNode():
                inside = above | {id(node)}
                return [self.build(each, (*where, i), inside) for i, each in enumerate(node.value)]
            case _:
                return self._scalar(node, where)

    def _mapping(self, node: MappingNode, where: Where, above: frozenset[int]) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._flaw(key_node, where, "a key should be a plain word")
                continue
            # `=` and `<<` have tags of their own in YAML; here they are words like any other
            key = key_node.value if str(key_node.tag).endswith((":merge", ":value")) else self._scalar(key_node, where)
            path = (*where, key if isinstance(key, (str, int)) else str(key))
            if key in out:
                self._flaw(key_node, path, f"given twice; first in line {first[key]}", "keep one")
                continue
            # By key: 1 and 1.0 are one key under two paths.
            self.lines[path] = first[key] = key_node.start_mark.line + 1
            out[key] = self.build(value_node, path, above)
        return out

    def _scalar(self, node: Node, where: Where) -> Any:
        tag = str(node.tag)
        if tag == _TEXT:
            return node.value
        if not tag.startswith("tag:yaml.org,2002:"):
            self._flaw(node, where, "begins with !, which YAML takes for a tag", "put the value in quotes")
            return None
        try:
            return self._construct.construct_object(node, deep=True)
        except (ValueError, YAMLError):
            self._flaw(node, where, "looks like a date or a number and is none", "correct it, or put it in quotes")
            return None

    def _flaw(self, node: Node, where: Where, message: str, advice: str = "") -> None:
        self.flaws.append(Flaw(node.start_mark.line + 1, dotted(where), message, advice))
