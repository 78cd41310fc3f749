"""The nodes of a YAML text with the place of each in the text; aliases stay aliases."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MERGE = "<<"
Pair = tuple[yaml.ScalarNode, yaml.Node]
Where = tuple[str, ...]
"""Keys from the top of the config to a value."""


class Alias(yaml.Node):
    """A reference such as `*demo`."""

    id = "alias"


class _Loader(yaml.SafeLoader):
    """Loader that keeps aliases as nodes, and the anchor of each node as its `anchor`."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:  # noqa: ANN401
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
            return Alias("alias", event.anchor, event.start_mark, event.end_mark)
        anchor = self.peek_event().anchor
        node = super().compose_node(parent, index)
        node.anchor = anchor
        return node


@dataclass(frozen=True)
class Tree:
    """A YAML text, its nodes and its plain values."""

    text: str
    root: yaml.Node | None
    values: Any

    @classmethod
    def of(cls, text: str) -> "Tree":
        """Parse a text; errors of YAML are passed on."""
        return cls(text, yaml.compose(text, _Loader), yaml.safe_load(text))

    def value(self, where: Where) -> Any:  # noqa: ANN401
        """Return the plain value at a path, inherited ones included; None where there is none."""
        found = self.values
        for part in where:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def has(self, where: Where) -> bool:
        """Return whether there is a value at a path, inherited or not."""
        parent = self.value(where[:-1])
        return isinstance(parent, dict) and where[-1] in parent

    def first_line(self, node: yaml.Node) -> int:
        """Return the number, from 0, of a node's first line; only \\n ends a line."""
        return self.text.count("\n", 0, node.start_mark.index)

    def last_line(self, node: yaml.Node) -> int:
        """Return the number, from 0, of the last line of a node's content, comments apart."""
        if is_block(node) and node.value:
            last = node.value[-1]
            return self.last_line(last[1] if isinstance(last, tuple) else last)
        end = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            end = len(self.text[:end].rstrip())
        return self.text.count("\n", 0, end)

    def aliases(self, anchors: set[str]) -> list[tuple[Where, str]]:
        """Return the path of every reference to one of the anchors; a merge ends in `<<`."""
        return [
            (where, node.value)
            for where, node in walk(self.root)
            if isinstance(node, Alias) and node.value in anchors
        ]


def node_at(tree: Tree, where: Where) -> yaml.Node | None:
    """Return the value that is written at a path; None where nothing is, or it is inherited."""
    node = tree.root
    for part in where:
        pair = pair_of(node, part)
        node = pair[1] if pair else None
    return node


def pair_of(node: yaml.Node | None, key: str) -> Pair | None:
    """Return the key and the value of a mapping that are written there, not inherited."""
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            if isinstance(pair[0], yaml.ScalarNode) and pair[0].value == key:
                return pair
    return None


def is_block(node: yaml.Node) -> bool:
    """Return whether a node is a mapping or a list that is written on lines of its own."""
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def walk(node: yaml.Node | None, where: Where = ()) -> Iterator[tuple[Where, yaml.Node]]:
    """Yield every node below mappings with its path; items of lists have the path of the list."""
    if node is None:
        return
    yield where, node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from walk(value, (*where, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from walk(value, where)


def anchors_in(node: yaml.Node) -> set[str]:
    """Return the anchors in a node, itself included."""
    return {name for _, one in walk(node) if (name := getattr(one, "anchor", None))}
