"""Provenance: inputs, settings, version and seed of a file, back to the raw frames.

Files below results/ have a record (`io.records`); stores and packed files carry one inside as well.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merflow.arithmetic import together
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.clip_store import KIND as STORE
from merflow.io.files import digest
from merflow.io.hdf5 import get_json, open_hdf5
from merflow.io.packed import KIND as PACKED
from merflow.workflow.training_log import read_facts

FOLD_FACTS = (
    *("merflow", "arithmetic", "libraries", "experiment", "factor", "seed", "fold"),
    *("backend", "device", "weights"),
)
"""Keys of a fold's run.json that are shown."""


@dataclass(frozen=True)
class Origin:
    """The origin of one file. inputs: file -> digest recorded when it was read."""

    path: str
    stage: str
    by: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def origin_of(path: Path) -> Origin:
    """Return the stage, settings and inputs of one file."""
    if not path.exists():
        raise MerflowError(str(path), "no such file", "a file under results/")
    record = records.record_of(path)
    if record and records.named(path) in record.wrote:
        changed = not records.same_file(path, record.wrote)
        now = {"now": "changed since it was written, see `merflow verify`"} if changed else {}
        beside = _of_hdf5(path).by if _is_store(path) else _facts_beside(path)
        by = {**now, "merflow": record.merflow, **beside, "settings": record.made}
        packed = record.facts.get("clips", {}) if record.step == "train" else {}
        inputs = {name: found[:16] for name, found in {**packed, **record.read}.items()}
        return Origin(records.named(path), record.step, by, inputs)
    if _is_store(path):
        return _of_hdf5(path)
    raise MerflowError(
        str(path), "nothing is known of this file", "a file that the workflow made, below results/",
        "run this in the folder that holds results/",
    )  # fmt: skip


def _is_store(path: Path) -> bool:
    """Return whether a file is a clip store or a packed file, which carry a record inside."""
    return path.suffix == ".h5" and not path.name.endswith(".weights.h5")


def _facts_beside(path: Path) -> dict[str, Any]:
    """Return facts of the training that wrote a file, from the run.json beside it."""
    try:
        facts = read_facts(path.parent / "run.json")
    except MerflowError:
        return {}
    return {key: facts[key] for key in FOLD_FACTS if key in facts}


def _of_hdf5(path: Path) -> Origin:
    kind = PACKED if "/packed/" in path.as_posix() else STORE
    with open_hdf5(path, kind) as handle:
        record = get_json(handle, "made_by")
    by = {key: record[key] for key in ("merflow", "arithmetic", "libraries") if key in record}
    by["settings"] = record["recipe"]
    return Origin(path.as_posix(), record["stage"], by, record["inputs"])


def level_apart(one: Path, other: Path) -> str:
    """Return a note when two runs have the same settings and different arithmetic levels.

    Empty when their settings differ as well, or when either has no records.
    """
    seen = []
    for folder in (one, other):
        facts = [read_facts(path) for path in folder.glob("*/run.json")]
        levels = together(*(f.get("arithmetic", "not recorded") for f in facts))
        same = {digest([f.get(key) for key in ("recipe", "factor", "seed")]) for f in facts}
        seen.append((levels, same))
    (first, settings), (second, others) = seen
    if not settings or settings != others or first == second:
        return ""
    return (
        f"same settings, other arithmetic: {one} is {first}, {other} is {second}; rounding alone "
        "can make them differ (docs/reproducibility.md)"
    )


def explain(path: Path, most: int = 12) -> list[str]:
    """Return the origin of a file and of its inputs, as indented lines.

    Of many similar inputs (the stores of a pack, the folds of a run) the first `most` are followed.
    """
    lines: list[str] = []
    seen: set[str] = set()

    def add(name: str, digest: str, depth: int) -> None:
        pad = "  " * depth
        try:
            found = origin_of(Path(name))
        except MerflowError:
            lines.append(f"{pad}{name} {digest}".rstrip())
            return
        lines.append(f"{pad}{name} {digest} by {found.stage}".replace("  by", " by"))
        if name in seen:
            lines.append(f"{pad}  (see above)")
            return
        seen.add(name)
        for key, value in found.by.items():
            lines.append(f"{pad}  {key}: {_short(value)}")
        for count, (source, known) in enumerate(sorted(found.inputs.items(), key=_near_first)):
            if count == most:
                lines.append(f"{pad}    and {len(found.inputs) - most} more")
                break
            add(source, known, depth + 2)

    origin_of(path)
    add(path.as_posix(), "", 0)
    return lines


def _near_first(item: tuple[str, str]) -> tuple[int, str]:
    """Sort key of inputs: tables before runs, runs before folds, then by name."""
    return item[0].count("/"), item[0]


def _short(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
