"""Changes of a config's text that keep everything else of it: comments, order, quotes, blank lines.

Only the characters of the changed values are replaced. The result is read again, and an edit that
would change anything else is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from merflow.config import yaml_text
from merflow.config.yaml_nodes import MERGE, Tree, Where, anchors_in, node_at
from merflow.errors import MerflowError


@dataclass(frozen=True)
class Put:
    """Set the value at a path, as `Put(("experiments", "demo", "factors"), [1, 10])`.

    A mapping replaces the whole section; only its keys that differ are written.
    """

    where: Where
    value: Any


@dataclass(frozen=True)
class Remove:
    """Remove the key at a path, with the comment lines right above it."""

    where: Where


@dataclass(frozen=True)
class Rename:
    """Give the last key of a path another name; its place stays."""

    where: Where
    name: str


Change = Put | Remove | Rename


def edit_config(text: str, changes: Sequence[Change]) -> str:
    """Return the text of a config after some changes.

    Where another entry takes values from a changed one (`<<: *name`), it takes the new ones. The
    settings are not validated here.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    for change in changes:
        text = _edited(text, change)
    return text.replace("\n", newline)


def _edited(text: str, change: Change) -> str:
    where = ".".join(change.where)
    try:
        before = Tree.of(text)
        if isinstance(change, Rename) and before.has((*change.where[:-1], change.name)):
            raise MerflowError(where, f"'{change.name}' is there already", "a name that is free")
        if isinstance(change, Put):
            edited = yaml_text.put(before, change.where, yaml_text.plain(change.value))
        elif isinstance(change, Rename):
            edited = yaml_text.rename(before, change.where, change.name)
        else:
            edited = yaml_text.remove(before, change.where)
        after = Tree.of(edited)
    except yaml.YAMLError as error:
        raise MerflowError(where, f"cannot be written into this YAML ({error})") from None
    free = _may_change(before, change)
    if not _is_done(before, after, change) or _rest(before, free) != _rest(after, free):
        raise MerflowError(
            where,
            "cannot be changed without changing other parts of the file",
            fix="edit the file by hand: anchors and aliases in it may be the reason",
        )
    return edited


def _is_done(before: Tree, after: Tree, change: Change) -> bool:
    if isinstance(change, Put):
        return after.has(change.where) and after.value(change.where) == yaml_text.plain(
            change.value
        )
    if after.has(change.where):
        return False
    renamed = (*change.where[:-1], getattr(change, "name", ""))
    return isinstance(change, Remove) or after.value(renamed) == before.value(change.where)


def _may_change(tree: Tree, change: Change) -> set[Where]:
    """Return the changed section or entry of one, and the entries that take values from it."""
    free = {change.where[:2]}
    if isinstance(change, Rename):
        return free | {(*change.where[:-1], change.name)[:2]}
    if isinstance(change, Remove) and len(change.where) <= 2:
        return free  # What is removed leaves its values to those that refer to it.
    waiting = [*free]
    section = node_at(tree, change.where[:1])
    outer = {section.anchor} if section is not None and section.anchor else set()
    while waiting:
        node = node_at(tree, waiting.pop())
        for place, _ in tree.aliases((anchors_in(node) if node else set()) | outer):
            # A merge into a section itself may change all of its entries.
            one = place[:1] if place[1:2] == (MERGE,) else place[:2]
            if one not in free:
                free.add(one)
                waiting.append(one)
    return free


def _rest(tree: Tree, free: set[Where]) -> dict[str, Any]:
    """Return all values but those of some sections and entries of sections."""
    rest = {}
    for section, held in (tree.values or {}).items():
        if (section,) in free:
            continue
        if isinstance(held, dict):
            held = {key: value for key, value in held.items() if (section, key) not in free}
        if held not in (None, {}):
            rest[section] = held
    return rest
