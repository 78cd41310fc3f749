"""How the results were made: settings, versions, cost, timings, and digests of inputs."""

import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from platform import python_version
from typing import NamedTuple

import numpy as np
import pandas as pd

from merflow import __version__, paths, stage_table
from merflow.config.flatten import flat_settings, settings_digest
from merflow.config.settings import Settings
from merflow.io import records
from merflow.io.files import digest, file_digest
from merflow.reporting.cost import run_cost
from merflow.reporting.html.run_data import Job, Results, RunResults
from merflow.text import plural
from merflow.versions import WORKFLOW, version_of
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines
from merflow.workflow.verify import verify

GENERAL = "general"
TRAINED_WITH = ("merflow", "backend", "keras", "device", "arithmetic")


class Digests(NamedTuple):
    """Digests of a run: settings of its training, packed clips, folds, weights, predictions."""

    settings: list[str]
    packed: list[str]
    folds: str
    weights: str
    predictions: str


def reproduction_context(results: Results) -> dict[str, object]:
    """Return the facts of the sections settings, versions, cost and provenance."""
    return {
        "settings": settings_by_section(results.plan.settings),
        "protocol_lines": list(protocol_lines(results.plan).values()),
        **version_context(results),
        "costs": [
            (run, run_cost(run.run, "", run.training), total_seconds(run)) for run in results.runs
        ],
        "stage_times": stage_times(results.jobs, fold_peaks(results.runs)),
        "input_digests": input_digests(results),
        "verified": verified(results.plan),
        "run_digests": [(run, digests(run)) for run in results.runs],
    }


def settings_by_section(settings: Settings) -> dict[str, list[tuple[str, str]]]:
    """Return (key, value) of every setting by section; each named entry is its own section."""
    sections: dict[str, list[tuple[str, str]]] = {GENERAL: []}
    for key, value in flat_settings(settings).items():
        words = key.split(".")
        named = words[0] in ("experiments", "preparations", "datasets") and len(words) > 2
        section = ".".join(words[:2]) if named else words[0] if len(words) > 1 else GENERAL
        sections.setdefault(section, []).append((key.removeprefix(f"{section}."), value))
    return sections


def version_context(results: Results) -> dict[str, object]:
    """Return the versions that wrote the page and those that trained the folds."""
    trained = {
        name: sorted({word for run in results.runs for word in run.training.words(name)})
        for name in TRAINED_WITH
    }
    levels = [(run.name, run.training.words("arithmetic")) for run in results.runs]
    differ = len({word for _, words in levels for word in words}) > 1
    here = [(name, version_of(name)) for name in WORKFLOW]
    return {
        "versions": [("python", python_version()), ("merflow", __version__), *here],
        "trained_with": [(name, found) for name, found in trained.items() if found],
        "arithmetic_levels": levels if differ else [],
    }


def total_seconds(run: RunResults) -> float:
    """Return the seconds of training of all folds of a run; NaN: unknown."""
    return float(run.training.numbers("seconds").sum()) if run.training.facts else np.nan


def fold_peaks(runs: Iterable[RunResults]) -> float:
    """Return the largest peak memory that a fold noted (MiB); NaN: unknown.

    Benchmark files do not see the processes of folds that share a start.
    """
    found = [peak for run in runs for peak in run.training.numbers("peak_mb")]
    return max(found, default=math.nan)


def stage_times(jobs: Iterable[Job], trained: float = math.nan) -> pd.DataFrame:
    """Return a row per stage: jobs, seconds (total, median, longest and its job), peak MiB.

    trained: peak of training (`fold_peaks`), which counts if it is the larger one.
    """
    table = pd.DataFrame(jobs, columns=["stage", "name", "seconds", "memory"])
    stages = table.groupby("stage")
    longest = table.loc[stages.seconds.idxmax()].set_index("stage")
    found = pd.DataFrame({
        "jobs": stages.size(),
        "total": stages.seconds.sum(),
        "median": stages.seconds.median(),
        "longest": longest.seconds,
        "longest_name": longest["name"],
        "memory": stages.memory.max(),
    })  # fmt: skip
    if "train" in found.index:
        found.loc["train", "memory"] = np.fmax(found.loc["train", "memory"], trained)
    known = [name for name in stage_table.NAMES if name in found.index]
    return found.loc[[*known, *found.index.difference(known)]]


def input_digests(results: Results) -> list[tuple[str, str]]:
    """Return (name, digest) of the tables and settings the page was made from."""
    files = [
        (name, file_digest(name)) for name in (paths.SCORES, paths.SKIPPED) if Path(name).exists()
    ]
    return [*files, ("settings", settings_digest(results.plan.settings))]


def verified(plan: Plan) -> str:
    """Return what `merflow verify` finds of the tables and what they were made from, as a line.

    Of stores and weights it compares the checksum at their end only.
    """
    if not Path(paths.record(paths.SCORES)).is_file():
        return "cannot tell whether files changed since they were made: no record of the tables"
    scores = [f"{run.folder}/scores.csv" for run in plan.scored_runs()]
    start = [paths.SCORES, paths.SKIPPED, *scores]
    found = verify(paths.RESULTS, start, contents=False, frames=False)
    bad = {state: len(found.of(state)) for state in ("changed", "missing")}
    counts = ", ".join(f"{count} {state}" for state, count in bad.items())
    first = f", first {found.bad[0].path}" if found.bad else ""
    return f"{plural(found.right.total(), 'file')} as recorded, {counts}{first}"


def digests(run: RunResults) -> Digests:
    """Return the digests of a run, from its folds' run.json and its pooled.csv."""
    facts = run.training.facts
    kept = [records.record_of(f"{run.run.folder}/{fold}/run.json") for fold in run.folds]
    packed: dict[str, set[str]] = defaultdict(set)
    for record in filter(None, kept):
        for name, value in record.facts.get("clips", {}).items():
            packed[str(name)].add(str(value))
    splits = [record.made.get("rows") for record in filter(None, kept)]
    pooled = Path(run.run.folder) / "pooled.csv"
    return Digests(
        sorted({digest(fold["recipe"]) for fold in facts if "recipe" in fold}),
        [f"{name} {value}" for name, found in packed.items() for value in sorted(found)],
        digest(splits) if splits else "",
        digest([fold.get("weights") for fold in facts]) if facts else "",
        file_digest(pooled)[:16] if pooled.exists() else "",
    )
