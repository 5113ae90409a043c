"""The plain part of YAML, read by libyaml: 10,000 feeds in 0.3 s instead of 4 (measured).

libyaml parses YAML 1.1. What 1.2 reads differently, what has an anchor or a tag, and everything with a fault in it is
left to ruamel.yaml, whose words the faults are told in; plain values get their meaning from ruamel.yaml here too.
"""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError as RuamelError
from ruamel.yaml.nodes import ScalarNode as RuamelScalar
from yaml import YAMLError
from yaml.nodes import Node, ScalarNode, SequenceNode

try:
    from yaml.cyaml import CParser
except ImportError:  # PyYAML built without libyaml
    CParser = None

Where = tuple[str | int, ...]

# Tabs, line breaks of YAML 1.1 alone, directives, ends of documents, lines of nothing but blanks (ruamel.yaml minds
# them before a block of text); anchors, aliases and tags, which begin a value.
_UNSURE = re.compile(
    r"[\t\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|^%|^\.\.\.|^ +$|(?:^|[\s\[{,])(?:!|[&*]\S)",
    re.MULTILINE,
)
# libyaml builds its nodes by recursion in C, where Python's limit does not hold.
_DEEPEST = 100
_PLAIN = "plain"


class UnsureError(Exception):
    """Not read here; the full parser decides. No fault, and never seen by a caller of `documents`."""


class _Quick:
    """Nodes into data and lines."""

    def __init__(self) -> None:
        self._yaml = YAML(typ="safe", pure=True)
        self._meant: dict[str, Any] = {}
        self.lines: dict[Where, int] = {}

    def build(self, node: Node, where: Where) -> Any:
        """The data of a node whose own line is noted already."""
        if type(node) is ScalarNode:
            return self._scalar(node)
        if len(where) > _DEEPEST:
            raise UnsureError
        if type(node) is SequenceNode:
            values = []
            for i, each in enumerate(node.value):
                if each.value == "":  # the two place a missing value differently
                    raise UnsureError
                path: Where = (*where, i)
                self.lines[path] = each.start_mark.line + 1
                values.append(self.build(each, path))
            return values
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if type(key_node) is not ScalarNode:
                raise UnsureError
            key = self._scalar(key_node)
            path = (*where, key if isinstance(key, (str, int)) else str(key))
            if path in self.lines or key in out:
                raise UnsureError
            self.lines[path] = key_node.start_mark.line + 1
            out[key] = self._scalar(value_node) if type(value_node) is ScalarNode else self.build(value_node, path)
        return out

    def _scalar(self, node: Any) -> Any:
        text = node.value
        if node.tag is not _PLAIN:
            return text
        try:
            return self._meant[text]
        except KeyError:
            meaning = self._meant[text] = self._meaning(text)
            return meaning

    def _meaning(self, text: str) -> Any:
        tag = self._yaml.resolver.resolve(RuamelScalar, text, (True, False))
        if str(tag) == "tag:yaml.org,2002:str":
            return text
        if not str(tag).startswith("tag:yaml.org,2002:") or str(tag).endswith((":merge", ":value")):
            raise UnsureError
        return self._yaml.constructor.construct_object(RuamelScalar(tag, text), deep=True)


class _Parser(CParser or object):  # type: ignore[misc]
    """libyaml's, which asks here what a value without a tag is."""

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:  # noqa: ARG002 -- PyYAML's
        return _PLAIN if kind is ScalarNode and implicit[0] else "str"

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        """There are no rules that depend on the path."""

    def ascend_resolver(self) -> None:
        """As above."""


def read(text: str) -> tuple[Any, dict[Where, int]]:
    """The data of a text, and the line of every path, from 1. Raises UnsureError for what the full parser must read."""
    if CParser is None or _UNSURE.search(text):
        raise UnsureError
    quick = _Quick()
    try:
        node = _Parser(text).get_single_node()
        if node is None or type(node) is ScalarNode:
            raise UnsureError
        quick.lines[()] = node.start_mark.line + 1
        return quick.build(node, ()), quick.lines
    except (YAMLError, RuamelError, ValueError, TypeError) as error:
        raise UnsureError from error
