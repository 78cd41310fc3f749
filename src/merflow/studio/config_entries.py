"""Entries of the config as the page edits them: what a request asks for, and its effect.

An entry is an experiment, a preparation or a collection, by section and name.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from merflow.config.edit import Change, Put, Remove, Rename, edit_config
from merflow.config.loading import find_faults, merge, read_yaml, validate
from merflow.config.settings import Settings
from merflow.config.yaml_nodes import Tree, pair_of
from merflow.errors import MerflowError
from merflow.io.files import safe_join
from merflow.studio.config_file import config_text
from merflow.studio.project import Project
from merflow.studio.routing import Missing
from merflow.workflow.preflight import check_experiment, check_names

SECTIONS = ("experiments", "preparations", "collections")
KEYS = ("section", "name", "was", "values", "before")
DEPTH_LIMIT, VALUES_LIMIT = 8, 500
"""Most levels and most values of an entry that a request may have."""
NEAR = 1
"""Unchanged lines shown around a changed one outside of the entry."""
REFERENCES = {
    "preparations": (("experiments", "preparation"), ("pretrainings", "preparation")),
    "collections": (("experiments", "collection"), ("pretrainings", "collection")),
}
"""Where entries of a section are named."""


class NameFault(MerflowError):
    """A name that an entry cannot have because it is empty or taken."""


def raw_config(project: Project) -> dict[str, Any]:
    """Return the values of the project's config file, without `config/local.yaml`."""
    return read_yaml(project.config)


def changes_of(raw: Mapping[str, Any], body: Mapping[str, Any]) -> list[Change]:
    """Return the changes that a request asks for.

    was: the entry's present name, None for a new one. values: of the whole entry; None removes it.
    """
    section, name, was, values = (body.get(key) for key in KEYS[:4])
    if section not in SECTIONS:
        raise MerflowError("request: section", f"{str(section)[:40]!r}", ", ".join(SECTIONS))
    known = section_of(raw, section)
    for key, value in (("name", name), ("was", was)):
        if not isinstance(value, str | None) or len(value or "") > 200:
            raise MerflowError(f"request: {key}", f"{str(value)[:40]!r}", "a name")
    if was is not None and was not in known:
        raise Missing("request: was", f"no {was[:80]!r} in {section}")
    if values is None:
        return _removal(raw, section, was)
    if not isinstance(values, list if section == "collections" else dict):
        raise MerflowError("request: values", f"a JSON {type(values).__name__}", "an entry")
    _refuse_large(values)
    if not name:
        raise NameFault(f"{section}: name", "empty", fix="give it a name")
    if name != was and name in known:
        raise NameFault(f"{section}: name", f"'{name}' exists already", fix="choose another name")
    changes: list[Change] = []
    if was is not None and name != was:
        changes = [Rename((section, was), name), *_renamed_references(raw, section, was, name)]
    return [*changes, Put((section, name), values)]


def section_of(raw: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """Return the entries of a section by name; refuse a section that has another form."""
    found = raw.get(section)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        fix = "correct the config by hand; it cannot be edited here"
        raise MerflowError(section, f"a {type(found).__name__}", "names and entries", fix)
    return found


def _refuse_large(values: Any) -> None:  # noqa: ANN401
    """Refuse nesting and numbers of values that no entry needs, before anything works on them."""
    waiting, seen = [(values, 1)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEPTH_LIMIT or seen > VALUES_LIMIT:
            expected = f"at most {VALUES_LIMIT} values in {DEPTH_LIMIT} levels"
            raise MerflowError("request: values", "too large", expected)
        inner = value.values() if isinstance(value, Mapping) else value
        if isinstance(value, Mapping | list):
            waiting += [(one, depth + 1) for one in inner]


def _removal(raw: Mapping[str, Any], section: str, was: str | None) -> list[Change]:
    if was is None:
        raise MerflowError("request: was", "nothing to remove", "the name of an entry")
    users = [f"{part} {name}" for part, name, _ in _users(raw, section, was)]
    if users:
        raise MerflowError(
            f"{section}.{was}", f"is used by {', '.join(users)}", "an entry that nothing uses",
            "remove these first, or give them another one",
        )  # fmt: skip
    return [Remove((section, was))]


def _users(raw: Mapping[str, Any], section: str, name: str) -> list[tuple[str, str, str]]:
    """Return section, name and key of the entries that use another one."""
    return [
        (part.removesuffix("s"), user, key)
        for part, key in REFERENCES.get(section, ())
        for user, entry in section_of(raw, part).items()
        if isinstance(entry, Mapping) and entry.get(key) == name
    ]


def _renamed_references(raw: Mapping[str, Any], section: str, was: str, name: str) -> list[Change]:
    return [Put((f"{part}s", user, key), name) for part, user, key in _users(raw, section, was)]


def preview(project: Project, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a save would do: the lines of the file, its faults, other entries it changes."""
    before = config_text(project)
    raw = raw_config(project)
    try:
        changes = changes_of(raw, body)
    except NameFault as error:
        fault = {"path": "name", "text": _text(error)}
        return {"lines": [], "changed": True, "faults": [fault], "others": []}
    after = edit_config(before, changes)
    new = yaml.safe_load(after) or {}
    section, name = body["section"], body.get("name")
    shown = (section, name) if body.get("values") is not None else None
    others = [
        f"{part.removesuffix('s')} {one}"
        for part in SECTIONS
        for one, entry in section_of(new, part).items()
        if (part, one) != shown and section_of(raw, part).get(one, entry) != entry
    ]
    return {
        "lines": shown_lines(before, after, shown),
        "changed": before != after,
        "faults": [{"path": path, "text": text} for path, text in entry_faults(project, new)],
        "others": others,
    }


def entry_faults(project: Project, new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return path and text of every fault of a config, names of networks and schemes included."""
    local = project.root / "config/local.yaml"
    merged = merge(new, read_yaml(local) if local.is_file() else {})
    if found := find_faults(merged):
        # Their entries are left out, so that the names of the others are checked all the same.
        merged = _without(merged, {tuple(path.split(".")[:2]) for path, _ in found})
        if find_faults(merged):
            return found
    settings = validate(merged)
    alone = [{"experiments": {}}]
    alone += [{"experiments": {k: v}, "pretrainings": {}} for k, v in settings.experiments.items()]
    for part in alone:
        try:
            check_names(settings.model_copy(update=part))
            for name in part["experiments"]:
                check_experiment(settings, name)
        except MerflowError as error:
            found.append((error.where, _text(error)))
    return found


def _without(raw: Mapping[str, Any], entries: Collection[tuple[str, ...]]) -> dict[str, Any]:
    """Return a config without some entries of its sections."""
    return {
        section: {key: one for key, one in held.items() if (section, key) not in entries}
        if isinstance(held, Mapping)
        else held
        for section, held in raw.items()
    }


def _text(error: MerflowError) -> str:
    parts = [error.found, error.expected and f"expected: {error.expected}", error.fix]
    return "; ".join(part for part in parts if part)


def refuse_new_faults(project: Project, text: str) -> None:
    """Refuse a config's text with a fault that the file does not have already."""
    old = entry_faults(project, raw_config(project))
    for path, fault in entry_faults(project, yaml.safe_load(text) or {}):
        if (path, fault) not in old:
            fix = "correct this field; nothing was saved"
            raise MerflowError(path or project.config.name, fault, fix=fix)


def refuse_new_programs(project: Project, text: str) -> None:
    """Refuse a program that the config does not run already, and folds outside of the project.

    For pages on other machines: whoever has the token could otherwise run any program here, and
    read the start of any file in the error that it is no table of folds.
    """
    local = project.root / "config/local.yaml"
    merged = merge(yaml.safe_load(text) or {}, read_yaml(local) if local.is_file() else {})
    settings, known = validate(merged), programs(project.settings())
    for name, entry in settings.experiments.items():
        if entry.folds_file:
            safe_join(project.root, *entry.folds_file.split("/"), where=f"{name}.folds_file")
    for name, program in programs(settings).items():
        if program not in known.values():
            raise MerflowError(
                f"experiments.{name}.command",
                "a program cannot be set from another machine",
                fix="run `merflow studio` without --host, or edit the config on this machine",
            )


def programs(settings: Settings) -> dict[str, tuple[str, str]]:
    """Return command and sandbox of every experiment that runs a program."""
    return {
        name: (entry.command, entry.sandbox)
        for name, entry in settings.experiments.items()
        if entry.method == "command"
    }


def shown_lines(before: str, after: str, entry: tuple[str, str] | None) -> list[dict[str, str]]:
    """Return the lines of an entry and all changed lines: mark (new, gone, gap or none), text."""
    old, new = before.split("\n"), after.split("\n")
    rows: list[tuple[str, str, int]] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            rows += [("", new[j], j) for j in range(j1, j2)]
        else:
            rows += [("gone", line, -1) for line in old[i1:i2]]
            rows += [("new", new[j], j) for j in range(j1, j2)]
    kept = _entry_lines(after, entry)
    near = {i + d for i, row in enumerate(rows) if row[0] for d in range(-NEAR, NEAR + 1)}
    found: list[dict[str, str]] = []
    for place, (mark, text, line) in enumerate(rows):
        if line in kept or place in near:
            found.append({"mark": mark, "text": text})
        elif not found or found[-1]["mark"] != "gap":
            found.append({"mark": "gap", "text": ""})
    return found


def _entry_lines(text: str, entry: Sequence[str] | None) -> range:
    if entry is None:
        return range(0)
    tree = Tree.of(text)
    section = pair_of(tree.root, entry[0])
    pair = pair_of(section[1], entry[1]) if section else None
    if pair is None:
        return range(0)
    return range(tree.first_line(pair[0]), tree.last_line(pair[1]) + 1)
