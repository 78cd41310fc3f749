"""Changes of one value in a YAML text, by the places of its nodes."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from merflow.config.yaml_nodes import (
    MERGE,
    Alias,
    Pair,
    Tree,
    Where,
    anchors_in,
    is_block,
    node_at,
    pair_of,
)
from merflow.errors import MerflowError
from merflow.text import is_text

WIDTH = 100
"""Longest line of a section that is written in braces."""


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value as YAML gives it back: lists for tuples, text as keys."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def flow(value: Any) -> str:  # noqa: ANN401
    """Return a value on one line, quoted where YAML would read something else."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        if not is_text(value):
            raise MerflowError("text", f"half a UTF-16 pair in {value[:40]!r}", "Unicode text")
        if not value.isprintable():
            return json.dumps(value)
    # In a list, so that signs that only end a value in brackets are quoted too.
    text = yaml.safe_dump([value], default_flow_style=True, width=10**6, allow_unicode=True)
    return text.strip()[1:-1]


def put(tree: Tree, where: Where, value: Any) -> str:  # noqa: ANN401
    """Return the text with the value at a path, which may be new."""
    if tree.has(where) and tree.value(where) == value:
        return tree.text
    own = _own_depth(tree, where)
    pair = _pair(tree, where[:own]) if own else None
    if own < len(where):
        # Below here nothing is written: all of it is, with what it inherited.
        new = _with(tree.value(where[: own + 1]), where[own + 1 :], value)
        return _add(tree, where[:own], where[own], new)
    held = pair[1]
    if isinstance(value, Mapping) and value and isinstance(held, yaml.MappingNode) and held.value:
        return _put_section(tree, where, value)
    return _replace(tree, pair, value)


def _put_section(tree: Tree, where: Where, value: Mapping[str, Any]) -> str:
    """Change only the keys of a section that differ."""
    old = tree.value(where)
    gone = [key for key in old if key not in value]
    if any(pair_of(node_at(tree, where), key) is None for key in gone):
        tree = Tree.of(_expand(tree, where))
    for key, inner in value.items():
        tree = Tree.of(put(tree, (*where, key), inner))
    for key in gone:
        tree = Tree.of(remove(tree, (*where, key)))
    return tree.text


def _own_depth(tree: Tree, where: Where) -> int:
    """Return how many keys of a path are written there, each in a mapping."""
    node = tree.root
    for depth, part in enumerate(where):
        pair = pair_of(node, part)
        if pair is None:
            return depth
        node = pair[1]
        if depth < len(where) - 1 and not isinstance(node, yaml.MappingNode):
            # An alias, or nothing: its place takes a section of its own.
            return depth if isinstance(node, Alias) else depth + 1
    return len(where)


def _with(base: Any, rest: Where, value: Any) -> Any:  # noqa: ANN401
    """Return a copy of a value with another one at a path in it."""
    if not rest:
        return value
    base = plain(base) if isinstance(base, Mapping) else {}
    return {**base, rest[0]: _with(base.get(rest[0]), rest[1:], value)}


def _pair(tree: Tree, where: Where) -> Pair:
    pair = pair_of(node_at(tree, where[:-1]), where[-1])
    if pair is None:
        raise MerflowError(".".join(where), "is not in the config")
    return pair


def _replace(tree: Tree, pair: Pair, value: Any) -> str:  # noqa: ANN401
    key, held = pair
    anchor = f"&{name} " if (name := getattr(held, "anchor", None)) else ""
    start = tree.text.index(":", key.end_mark.index) + 1
    if not is_block(held) or not held.value:
        start = max(start, held.start_mark.index)
        gap = "" if tree.text[start - 1] in " \n" else " "
        return _spliced(
            tree.text, start, max(start, held.end_mark.index), gap + anchor + flow(value)
        )
    end = _line_end(tree.text, tree.last_line(held))
    if isinstance(held, yaml.SequenceNode) and isinstance(value, list) and value and not anchor:
        pad = " " * held.start_mark.column
        lines = "\n".join(f"{pad}- {flow(item)}" for item in value)
        return _spliced(tree.text, tree.text.rindex("\n", 0, held.start_mark.index) + 1, end, lines)
    return _spliced(tree.text, start, end, f" {anchor}{flow(value)}")


def _add(tree: Tree, where: Where, key: str, value: Any) -> str:  # noqa: ANN401
    """Add a key at the end of the mapping at a path."""
    held = node_at(tree, where)
    if pair := pair_of(held, key):  # An alias: what it stands for is written in its place.
        return _replace(tree, pair, value)
    text = tree.text
    if isinstance(held, yaml.MappingNode) and held.value and not is_block(held):
        end = _pair_end(held.value[-1])
        return _spliced(text, end, end, f", {flow(key)}: {flow(value)}")
    if isinstance(held, yaml.MappingNode) and held.value:
        column = held.value[0][0].start_mark.column
        line = _with_comments(text, tree.last_line(held), column)
        apart = _is_apart(tree, held) and isinstance(value, Mapping)
        place = _line_end(text, line)
        return _spliced(text, place, place, ("\n" if apart else "") + _lines(key, value, column))
    if not where:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{_lines(key, value, 0).lstrip(chr(10))}\n"
    owner = _pair(tree, where)
    if _inside_braces(tree, where):
        return _replace(tree, owner, {key: value})
    start = text.index(":", owner[0].end_mark.index) + 1
    emptied = _spliced(text, start, max(start, owner[1].end_mark.index), "")
    line_end = _line_end(emptied, tree.first_line(owner[0]))
    column = owner[0].start_mark.column + 2
    return _spliced(emptied, line_end, line_end, _lines(key, value, column))


def _lines(key: str, value: Any, column: int) -> str:  # noqa: ANN401
    """Return a key and its value as whole lines, each after a line end."""
    pad = " " * column
    one = f"{pad}{flow(key)}: {flow(value)}"
    if not isinstance(value, Mapping) or not value or (column > 2 and len(one) <= WIDTH):
        return f"\n{one}"
    inner = "".join(_lines(name, item, column + 2) for name, item in value.items())
    return f"\n{pad}{flow(key)}:{inner}"


def _is_apart(tree: Tree, held: yaml.MappingNode) -> bool:
    """Return whether an empty line, or a comment after one, stands before the last entry."""
    if len(held.value) < 2:
        return False
    before = tree.text.split("\n")[
        tree.last_line(held.value[-2][1]) + 1 : tree.first_line(held.value[-1][0])
    ]
    return any(not line.strip() for line in before)


def _inside_braces(tree: Tree, where: Where) -> bool:
    return any(
        isinstance(node, yaml.CollectionNode) and bool(node.flow_style) and bool(node.value)
        for node in (node_at(tree, where[:depth]) for depth in range(len(where)))
    )


def rename(tree: Tree, where: Where, name: str) -> str:
    """Return the text with another name for the last key of a path."""
    key, _ = _pair(tree, where)
    return _spliced(tree.text, key.start_mark.index, key.end_mark.index, flow(name))


def remove(tree: Tree, where: Where) -> str:
    """Return the text without the key at a path; entries that refer to it get its values."""
    parent = node_at(tree, where[:-1])
    if pair_of(parent, where[-1]) is None and tree.has(where):
        if not isinstance(parent, yaml.MappingNode):
            # The whole section is inherited: it is written here, without the key.
            kept = {k: v for k, v in tree.value(where[:-1]).items() if k != where[-1]}
            return put(tree, where[:-1], plain(kept))
        tree = Tree.of(_expand(tree, where[:-1]))
    _, held = _pair(tree, where)
    anchors = anchors_in(held)
    for place, _ in tree.aliases(anchors):
        if place[: len(where)] == where:
            continue
        merged = place[-1] == MERGE
        place = place[:-1] if merged else place
        edited = (
            _expand(tree, place)
            if merged
            else _replace(tree, _pair(tree, place), plain(tree.value(place)))
        )
        return remove(Tree.of(edited), where)
    parent = node_at(tree, where[:-1])
    if len(parent.value) == 1:
        return _remove_only(tree, where)
    place = next(i for i, (key, _) in enumerate(parent.value) if key.value == where[-1])
    if is_block(parent):
        return _remove_lines(tree, parent, place)
    if place:
        start = _pair_end(parent.value[place - 1])
        return _spliced(tree.text, start, _pair_end(parent.value[place]), "")
    start, end = (parent.value[i][0].start_mark.index for i in (0, 1))
    return _spliced(tree.text, start, end, "")


def _remove_only(tree: Tree, where: Where) -> str:
    if len(where) == 1:
        key, held = tree.root.value[0]
        return _spliced(
            tree.text, key.start_mark.index, _line_end(tree.text, tree.last_line(held)), ""
        )
    return _replace(tree, _pair(tree, where[:-1]), {})


def _remove_lines(tree: Tree, parent: yaml.MappingNode, place: int) -> str:
    """Remove an entry's lines, the comment right above it, and one of two empty lines around it."""
    lines = tree.text.split("\n")
    key, held = parent.value[place]
    first = tree.first_line(key)
    last = _with_comments(tree.text, tree.last_line(held), key.start_mark.column)
    if place:
        pad = " " * key.start_mark.column + "#"
        while lines[first - 1].startswith(pad):
            first -= 1
    after = lines[last + 1] if last + 1 < len(lines) else ""
    if first and not lines[first - 1].strip() and not after.strip():
        first -= 1
    return "\n".join(lines[:first] + lines[last + 1 :])


def _expand(tree: Tree, where: Where) -> str:
    """Return the text with what a mapping inherits by `<<` written into it."""
    held = node_at(tree, where)
    own = {key.value for key, _ in held.value}
    values = tree.value(where)
    inherited = {key: plain(value) for key, value in values.items() if key not in own}
    pair = pair_of(held, MERGE)
    if pair is None:
        raise MerflowError(".".join(where), "inherits values in a way that cannot be edited here")
    key, reference = pair
    if is_block(held):
        start = (
            tree.text.rindex("\n", 0, key.start_mark.index)
            if "\n" in tree.text[: key.start_mark.index]
            else 0
        )
        column = key.start_mark.column
        new = "".join(_lines(name, value, column) for name, value in inherited.items())
        return _spliced(tree.text, start, _line_end(tree.text, tree.last_line(reference)), new)
    new = ", ".join(f"{flow(name)}: {flow(value)}" for name, value in inherited.items())
    return _spliced(tree.text, key.start_mark.index, reference.end_mark.index, new)


def _pair_end(pair: Pair) -> int:
    return max(pair[0].end_mark.index, pair[1].end_mark.index)


def _with_comments(text: str, line: int, column: int) -> int:
    """Return the last of the comment lines right below an entry that are indented deeper."""
    lines = text.split("\n")
    while line + 1 < len(lines):
        comment = lines[line + 1].lstrip(" ")
        if not comment.startswith("#") or len(lines[line + 1]) - len(comment) <= column:
            break
        line += 1
    return line


def _line_end(text: str, line: int) -> int:
    """Return the place of the end of a line; lines count from 0."""
    place = -1
    for _ in range(line + 1):
        place = text.find("\n", place + 1)
        if place < 0:
            return len(text)
    return place


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
