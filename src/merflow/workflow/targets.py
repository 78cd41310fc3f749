"""Targets of `merflow run`: words and paths a user types, as files and rules of the workflow."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from merflow import paths, stage_table
from merflow.config.grid import base_of, members
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError, nearest
from merflow.evaluation.run_id import FINAL
from merflow.workflow.plan import Plan
from merflow.workflow.spotting_plan import spotting_runs

RULES = {
    "all": "everything: tables, report, run manifest",
    "aligned": "the aligned faces of every subject",
    "packed": "the packed clips of every preparation and factor",
    "tables": "the tables, without the report",
    "report": f"{paths.REPORT}, and what it needs",
    "spotters": "the spotter of all recordings of every spotting run, for `merflow predict`",
    "finals": "the final model of every run, for `merflow predict`",
}
"""Targets that are rules, each with what it makes."""
WRITTEN_WITH = {
    paths.TABLES: "tables",
    **{f"{paths.TABLES}/{name}": "tables" for name in paths.LATEX_FORMS},
    paths.NOISE_TABLE: "tables",
    **{f"{paths.RESULTS}/{name}": "report" for name in (*paths.METHODS, *paths.CARDS)},
}
"""Folders and files that are no outputs of a rule, each with the rule that writes them."""
WITH_TABLE = {"all", "report", "tables"}
"""Targets after which the table is up to date."""


def targets_of(words: list[str], plan: Plan) -> list[str]:
    """Return the targets for Snakemake; refuse words that name nothing the config makes.

    A word is a rule of RULES, an experiment, the folder of a run, or a file below results/.
    """
    return [target for word in words for target in _target(word, plan)]


def _target(word: str, plan: Plan) -> list[str]:
    if word in RULES:
        return [word]
    if found := _scores_of(word, plan):
        return found
    path = _below(word)
    runs = {run.folder for run in plan.scored_runs()}
    if path in runs:
        return [f"{path}/scores.csv"]
    if (folder := path.removesuffix(f"/{FINAL}")) != path and folder in runs:
        return [f"{path}/run.json"]
    if path in WRITTEN_WITH:
        return [WRITTEN_WITH[path]]
    if _is_made(path, plan):
        return [path]
    raise _unknown(word, path, plan)


def _scores_of(name: str, plan: Plan) -> list[str]:
    """Return the scores of an experiment, of all that a grid made, or of a spotting method."""
    grids = members(plan.settings)
    runs = [r for r in plan.scored_runs() if name in (r.experiment, base_of(grids, r.experiment))]
    spotted = [run for run in spotting_runs(plan.settings) if run.spotting == name]
    scores = [f"{run.folder}/scores.csv" for run in runs]
    return scores + [f"{run.folder}/scores.json" for run in spotted]


def _below(word: str) -> str:
    """Return a path as rules write it: relative to the project, without `./` and a last slash."""
    path = os.path.relpath(word) if os.path.isabs(word) else os.path.normpath(word)
    return PurePosixPath(path).as_posix()


def _is_made(path: str, plan: Plan) -> bool:
    """Return whether a rule makes a file of this name for the plan's config."""
    settings = plan.settings
    known = {
        "experiment": {*settings.experiments, *plan.choices()},
        "preparation": settings.preparations,
        "collection": settings.collections,
        "dataset": settings.datasets,
        "pretraining": settings.pretrainings,
        "spotting": settings.spotting,
        "pair": settings.spot_then_recognise,
    }
    for pattern in _patterns():
        if (found := paths.parts(pattern, path)) is not None:
            run = f"{paths.RUN}/".format(**found) if {"seed", "experiment"} <= {*found} else ""
            folders = [f"{one.folder}/" for one in plan.scored_runs()]
            named = all(found[key] in names for key, names in known.items() if key in found)
            if named and (not run or run in folders):
                return "subject" not in found or _has_subject(plan, **found)
    return False


def _has_subject(plan: Plan, dataset: str, subject: str, **_: str) -> bool:
    """Return whether a dataset has a subject; True where the dataset cannot be read."""
    try:
        clips = (
            plan.data.clips.get(dataset)
            or read_dataset(dataset, plan.settings.datasets[dataset]).required().clips
        )
    except MerflowError:  # The run says what is wrong with it.
        return True
    return any(clip.key.subject == subject for clip in clips)


def _patterns() -> Iterator[str]:
    """Yield the pattern of every file that a rule makes."""
    yield from (paths.CONFIG, paths.SHEETS, paths.STAGES, paths.CATALOGUE, paths.FRAMES)
    yield from (paths.store(stage.name) for stage in stage_table.WITH_FILES)
    yield from (paths.FOLD, paths.TRUTH, paths.SKIPPED, paths.DELIVERED)
    yield from (paths.REPORT, paths.MANIFEST)
    for name in (*paths.SCORE_FILES, *paths.FIGURES):
        yield f"{paths.RUN}/{name}"
    for name in paths.FOLD_FILES:
        yield f"{paths.RUN}/{{fold}}/{name}"
    for name in paths.FINAL_FILES:
        yield from (f"{paths.RUN}/{FINAL}/{name}", f"{paths.PRETRAINED}/{name}")
    yield from (f"{paths.ORACLE}/{name}.csv" for name in ("epochs", "oracle"))
    yield from (f"{paths.JITTER}/{name}" for name in paths.JITTER_FILES)
    yield from (f"{paths.TABLES}/{name}" for name in (*paths.TABLE_FILES, *paths.SPOTTING_TABLES))
    yield from (f"{paths.SPOTTING}/{name}" for name in paths.SPOTTING_SCORES)
    yield from (f"{paths.SPOTTING}/{{fold}}/{name}" for name in paths.SPOT_FILES)
    yield from (f"{paths.STR}/{name}" for name in paths.STR_FILES)


def _is_by_product(path: str) -> bool:
    """Return whether a job also writes a file of this name, which is no output of its rule."""
    also = {*paths.PDF_FIGURES, *paths.RANKING_FILES}
    return Path(path).is_file() or PurePosixPath(path).name in also


def _unknown(word: str, path: str, plan: Plan) -> MerflowError:
    """Return the error for a word that is no target, with the nearest one and a list of all."""
    runs = [run.folder for run in plan.scored_runs()]
    scores = (f"{run}/{name}" for run in runs for name in (*paths.SCORE_FILES, *paths.FIGURES))
    models = (f"{run}/{FINAL}/{name}" for run in runs for name in paths.FINAL_FILES)
    tables = (f"{paths.TABLES}/{name}" for name in paths.TABLE_FILES)
    files = [*runs, *scores, *models, *tables, paths.REPORT, paths.MANIFEST, paths.SKIPPED]
    known = files if "/" in path else [*RULES, *plan.experiments]
    found = f"the config makes nothing of this name{nearest(path, known)}"
    record = paths.record(path) if _is_by_product(path) else ""
    if record and (one := next((f for f in files if paths.record(f) == record), "")):
        found = f"no target of its own: it is made together with {one}"
    elif Path(word).is_file() and not path.startswith(f"{paths.RESULTS}/"):
        found = "a file of yours, which merflow does not make"
    lines = [f"  {name:<10} {about}" for name, about in RULES.items()]
    example = f", such as {runs[0]}" if runs else ""
    return MerflowError(
        f"target '{word}'",
        found,
        "one of these, or a file below results/\n"
        + "\n".join([f"  {line}" for line in lines])
        + f"\n    an experiment: {', '.join(plan.experiments)}"
        + f"\n    a run's folder{example}",
    )
