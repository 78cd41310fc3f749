"""What made a file: its inputs, settings, version and seed, back to the raw frames.

Stores, packed files and runs carry their own record; a table is known by its place in results/.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merflow.arithmetic import together
from merflow.config.grid import NO_GRIDS, base_of, members
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.io.clip_store import KIND as STORE
from merflow.io.files import digest, file_digest
from merflow.io.hdf5 import get_json, open_hdf5
from merflow.io.packed import KIND as PACKED

TABLES = r"results/tables/(scores\.(csv|xlsx|md|tex|txt)|effects\.csv)"
COSTS = ("results/tables/cost.csv", "results/tables/cost.md")
SKIPPED = ("results/skipped.csv", "results/delivered.csv")
CONFIG = Path("results/config.yaml")
RUN = r"results/runs/[^/]+/[^/]+/seed\d+"


@dataclass(frozen=True)
class Made:
    """What is known of one file. inputs: file -> digest recorded when it was read."""

    path: str
    stage: str
    by: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def made(path: Path) -> Made:
    """Return what made one file."""
    if not path.exists():
        raise MerflowError(str(path), "no such file", "a file under results/")
    name = path.as_posix()
    if path.suffix == ".h5" and not name.endswith(".weights.h5"):
        return _of_hdf5(path)
    if (path.parent / "run.json").exists():
        return _of_fold(path)
    if re.fullmatch(r"results/oracle/.+\.csv", name):
        pooled = Path("results/runs", *path.parts[2:-1], "pooled.csv")
        return Made(name, "oracle", {}, _digests([pooled]))
    if "/nested/" in name and re.fullmatch(r"results/runs/.+/(pooled|scores|confusion)\.csv", name):
        return Made(name, "choose", {}, _digests(_chosen_between(path)))
    if re.fullmatch(rf"{RUN}/(pooled|scores|confusion)\.csv", name):
        experiment = path.parts[2]
        folds = sorted(path.parent.glob("*/predictions.csv"))
        return Made(name, "score", {}, _digests([*folds, Path(f"results/truth/{experiment}.csv")]))
    if re.fullmatch(TABLES, name):
        scores = sorted(Path("results/runs").glob("*/*/*/scores.csv"))
        return Made(name, "table", _version_of_run(scores), _digests([*scores, CONFIG]))
    if name in COSTS:
        facts = sorted(Path("results/runs").glob("*/x*/*/*/run.json"))
        return Made(name, "table", {}, _digests([*facts, CONFIG]))
    if name in SKIPPED:
        return Made(name, "skipped", {}, _digests(sorted(Path("results").glob("*/packed/*/*.h5"))))
    if name in ("results/report.html", "results/manifest.json"):
        pooled = sorted(Path("results/runs").glob("*/*/*/pooled.csv"))
        stage = "report" if path.suffix == ".html" else "record"
        return Made(name, stage, {}, _digests([Path("results/tables/scores.csv"), *pooled, CONFIG]))
    if re.match(r"results/(folds|truth)/", name):
        catalogues = sorted(Path("results/catalogue").glob("*.json"))
        return Made(name, "split", {}, _digests([CONFIG, *catalogues]))
    raise MerflowError(
        name, "nothing is known of this file", "a file that the workflow made, below results/",
        "run this in the folder that holds results/",
    )  # fmt: skip


def _chosen_between(path: Path) -> list[Path]:
    """Return the pooled predictions of the runs that a nested choice chooses between."""
    base, seed = path.parts[2], path.parent.name
    grids = members(load(CONFIG)) if CONFIG.exists() else NO_GRIDS
    found = Path("results/runs").glob(f"*/x*/{seed}/pooled.csv")
    return sorted(p for p in found if base_of(grids, p.parts[2]) == base)


def _version_of_run(scores: list[Path]) -> dict[str, Any]:
    """Return the package versions that the folds below some runs were made with."""
    found = {
        json.loads(path.read_text(encoding="utf-8"))["merflow"]
        for run in scores
        for path in sorted(run.parent.glob("*/run.json"))[:1]
    }
    return {"merflow": ", ".join(sorted(found))} if found else {}


def _digests(paths: list[Path]) -> dict[str, str]:
    return {path.as_posix(): file_digest(path)[:16] for path in paths if path.exists()}


def _of_hdf5(path: Path) -> Made:
    kind = PACKED if "/packed/" in path.as_posix() else STORE
    with open_hdf5(path, kind) as handle:
        record = get_json(handle, "made_by")
    by = {key: record[key] for key in ("merflow", "arithmetic", "libraries") if key in record}
    by["settings"] = record["recipe"]
    return Made(path.as_posix(), record["stage"], by, record["inputs"])


def _of_fold(path: Path) -> Made:
    facts = json.loads((path.parent / "run.json").read_text(encoding="utf-8"))
    kept = (
        "merflow",
        "arithmetic",
        "libraries",
        "experiment",
        "factor",
        "seed",
        "fold",
        "backend",
        "device",
        "weights",
    )
    by = {key: facts[key] for key in kept if key in facts} | {"settings": facts["recipe"]}
    return Made(path.as_posix(), "train", by, facts["inputs"])


def level_apart(one: Path, other: Path) -> str:
    """Say so when two runs' folders hold folds of the same settings at different arithmetic levels.

    Empty when they differ in settings too, or when either has no records.
    """
    seen = []
    for folder in (one, other):
        facts = [json.loads(p.read_text(encoding="utf-8")) for p in folder.glob("*/run.json")]
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
    """Return what made a file, and what made its inputs, as indented lines.

    Of many like inputs (the stores of a pack, the folds of a run) the first `most` are followed.
    """
    lines: list[str] = []
    seen: set[str] = set()

    def tell(name: str, digest: str, depth: int) -> None:
        pad = "  " * depth
        try:
            found = made(Path(name))
        except MerflowError:
            lines.append(f"{pad}{name} {digest}".rstrip())
            return
        lines.append(f"{pad}{name} {digest} by {found.stage}".replace("  by", " by"))
        if name in seen:
            lines.append(f"{pad}  (as above)")
            return
        seen.add(name)
        for key, value in found.by.items():
            lines.append(f"{pad}  {key}: {_short(value)}")
        for count, (source, known) in enumerate(sorted(found.inputs.items())):
            if count == most:
                lines.append(f"{pad}    and {len(found.inputs) - most} more")
                break
            tell(source, known, depth + 2)

    made(path)
    tell(path.as_posix(), "", 0)
    return lines


def _short(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
