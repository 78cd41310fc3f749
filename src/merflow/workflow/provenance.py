"""Provenance: inputs, settings, version and seed of a file, back to the raw frames.

Stores, packed files and folds carry their own record; other files are known by their place in
results/.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merflow import paths
from merflow.arithmetic import together
from merflow.config.grid import NO_GRIDS, base_of, members
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.run_id import NESTED
from merflow.io.clip_store import KIND as STORE
from merflow.io.files import digest, file_digest
from merflow.io.hdf5 import get_json, open_hdf5
from merflow.io.json_file import read_json
from merflow.io.packed import KIND as PACKED

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
    if path.suffix == ".h5" and not path.name.endswith(".weights.h5"):
        return _of_hdf5(path)
    if (path.parent / "run.json").exists():
        return _of_fold(path)
    name = path.as_posix()
    for pattern, stage, inputs in KNOWN:
        if (parts := paths.parts(pattern, name)) is not None:
            files = inputs(**parts)
            by = _version_of_run(files) if stage == "table" else {}
            return Origin(name, stage, by, _digests(files))
    raise MerflowError(
        name, "nothing is known of this file", "a file that the workflow made, below results/",
        "run this in the folder that holds results/",
    )  # fmt: skip


def _pooled_of(file: str, **run: str) -> list[Path]:
    return [Path(paths.RUN.format(**run)) / "pooled.csv"]


def _candidates(file: str, experiment: str, seed: str) -> list[Path]:
    """Return the pooled predictions that a nested choice chooses between."""
    found = paths.found(f"{paths.RUN}/pooled.csv", factor="x*", seed=seed)
    config = Path(paths.CONFIG)
    grids = members(load(config)) if config.exists() else NO_GRIDS
    return [p for p in found if base_of(grids, p.parts[2]) == experiment]


def _folds_of(file: str, **run: str) -> list[Path]:
    folds = sorted(Path(paths.RUN.format(**run)).glob("*/predictions.csv"))
    return [*folds, Path(paths.TRUTH.format(experiment=run["experiment"]))]


def _found(*patterns: str, **known: str) -> Callable[..., list[Path]]:
    """Return the function to the files on disk that fit some patterns."""
    return lambda **_: [path for pattern in patterns for path in paths.found(pattern, **known)]


REPORTED = (paths.SCORES, f"{paths.RUN}/pooled.csv", paths.CONFIG)
KNOWN: tuple[tuple[str, str, Callable[..., list[Path]]], ...] = (
    (f"{paths.ORACLE}/{{file}}.csv", "oracle", _pooled_of),
    (f"{paths.RUN.replace('{factor}', NESTED)}/{{file}}", "choose", _candidates),
    (f"{paths.RUN}/{{file}}", "score", _folds_of),
    (
        f"{paths.TABLES}/cost.{{file}}",
        "table",
        _found(f"{paths.RUN}/{{fold}}/run.json", paths.CONFIG, factor="x*"),
    ),
    (f"{paths.TABLES}/{{file}}", "table", _found(f"{paths.RUN}/scores.csv", paths.CONFIG)),
    (paths.SKIPPED, "skipped", _found(paths.store("pack"))),
    (paths.DELIVERED, "skipped", _found(paths.store("pack"))),
    (paths.REPORT, "report", _found(*REPORTED)),
    (paths.MANIFEST, "provenance", _found(*REPORTED)),
    (paths.FOLD, "split", _found(paths.CONFIG, paths.CATALOGUE)),
    (paths.TRUTH, "split", _found(paths.CONFIG, paths.CATALOGUE)),
)
"""Pattern of a path, its stage, and the function from its wildcards to the stage's inputs."""


def _version_of_run(files: list[Path]) -> dict[str, Any]:
    """Return the merflow versions of the folds below some runs, of one fold each."""
    found = {
        read_json(path, needed=("merflow",))["merflow"]
        for scores in files
        if scores.name == "scores.csv"
        for path in sorted(scores.parent.glob("*/run.json"))[:1]
    }
    return {"merflow": ", ".join(sorted(found))} if found else {}


def _digests(paths: list[Path]) -> dict[str, str]:
    return {path.as_posix(): file_digest(path)[:16] for path in paths if path.exists()}


def _of_hdf5(path: Path) -> Origin:
    kind = PACKED if "/packed/" in path.as_posix() else STORE
    with open_hdf5(path, kind) as handle:
        record = get_json(handle, "made_by")
    by = {key: record[key] for key in ("merflow", "arithmetic", "libraries") if key in record}
    by["settings"] = record["recipe"]
    return Origin(path.as_posix(), record["stage"], by, record["inputs"])


def _of_fold(path: Path) -> Origin:
    facts = read_json(path.parent / "run.json", needed=("recipe", "inputs"))
    by = {key: facts[key] for key in FOLD_FACTS if key in facts} | {"settings": facts["recipe"]}
    return Origin(path.as_posix(), "train", by, facts["inputs"])


def level_apart(one: Path, other: Path) -> str:
    """Return a note when two runs have the same settings and different arithmetic levels.

    Empty when their settings differ as well, or when either has no records.
    """
    seen = []
    for folder in (one, other):
        facts = [read_json(path) for path in folder.glob("*/run.json")]
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
        for count, (source, known) in enumerate(sorted(found.inputs.items())):
            if count == most:
                lines.append(f"{pad}    and {len(found.inputs) - most} more")
                break
            add(source, known, depth + 2)

    origin_of(path)
    add(path.as_posix(), "", 0)
    return lines


def _short(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
