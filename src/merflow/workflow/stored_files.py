"""What jobs read and write besides the inputs and outputs of their rules.

In a folder that all jobs share they find these files by themselves. Where results lie in a storage
every rule declares them as well (`every_rule.smk`), and Snakemake carries them to the job and back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from merflow import paths, stage_table
from merflow.clip import ClipKey
from merflow.config.fingerprints import preparation_named
from merflow.config.key_frame_noise import KeyFrameNoise
from merflow.datasets.publishable import may_show
from merflow.evaluation.run_id import NESTED, Run
from merflow.workflow.plan import Plan

INNER = "inner.csv"
FACTS = tuple(name for name in paths.FOLD_FILES if name != paths.WEIGHTS)
DRAWN = ("ranking.svg", "ranking.pdf")
"""Figures of a run that are not drawn where no class can be ranked."""


class Written(NamedTuple):
    """Files beside a rule's outputs. perhaps: of some jobs only; folders: of any files."""

    files: tuple[str, ...]
    perhaps: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def written(plan: Plan, rule: str, outputs: Sequence[str]) -> Written:
    """Return the patterns of what the jobs of a rule write besides its outputs.

    Every job writes a record of its outputs.
    """
    kept = [place for place in map(paths.record_pattern, outputs) if place]
    folder = outputs[0].rpartition("/")[0]
    if rule == "train":
        return Written(_each(kept), (f"{folder}/{INNER}",) if _any_inner(plan) else ())
    if rule == "spot":
        return Written(_each(kept), (f"{folder}/{paths.WEIGHTS}", f"{folder}/history.csv"))
    if rule == "score":
        beside = {*paths.PDF_FIGURES, *paths.RANKING_FILES} - {*DRAWN}
        more = [f"{folder}/{name}" for name in sorted(beside)]
        return Written(_each([*more, *kept]), tuple(f"{folder}/{name}" for name in DRAWN))
    if rule == "jitter":
        names = {one.file for name in plan.experiments for one in _noise(plan, name).variants}
        perhaps = tuple(f"{folder}/{name}" for name in sorted(names))
        return Written(_each([f"{folder}/jitter.pdf", *kept]), perhaps)
    if rule == "table":
        noise = [paths.NOISE_TABLE] if plan.jitter_runs() else []
        forms = (f"{paths.TABLES}/{name}" for name in paths.LATEX_FORMS)
        return Written(_each([*forms, *noise, *kept]))
    if rule == "report":
        beside = [f"{paths.RESULTS}/{name}" for name in (*paths.METHODS, *paths.CARDS)]
        figures = paths.record(f"{paths.PAPER_FIGURES}/any")
        made = _each([*beside, *map(paths.record, beside), figures, *kept])
        return Written(made, folders=(paths.PAPER_FIGURES,))
    return Written(_each(kept))


def leaves_out(plan: Plan, rule: str) -> bool:
    """Return whether some jobs of a rule leave out a file: an empty one then takes its place."""
    return rule in ("score", "spot", "jitter") or (rule == "train" and _any_inner(plan))


def plan_files(plan: Plan, here: bool) -> list[str]:
    """Return the files of the plan that a job declares.

    here: the job runs where Snakemake does, and needs all files to compare them with its run's
    plan. The process of another job fetches the catalogues when it starts: if they were inputs,
    another dataset would make every job run again.
    """
    catalogues = [paths.CATALOGUE.format(dataset=name) for name in plan.data.datasets()]
    own = [paths.CONFIG, paths.SHEETS, paths.STAGES, *(catalogues if here else ())]
    return [*own, paths.record(paths.CONFIG)]


def read_files(plan: Plan, rule: str, wildcards: Mapping[str, str]) -> list[str]:
    """Return the files that a job reads besides the inputs of its rule."""
    if rule == "report":
        return list(_each([*_behind_tables(plan), *plan.jitter_files(), *_shown(plan)]))
    if rule in ("table", "manifest"):
        return list(_each([*_truths(plan), *_facts(plan, plan.runs())]))
    if rule == "choose":
        runs = [*plan.candidates(wildcards["experiment"], wildcards["seed"]).values()]
        inner = (f"{folder}/{INNER}" for run in runs for folder in _folds(plan, run))
        truth = plan.truth_file(plan.lead(Run(wildcards["experiment"], NESTED, 0)))
        return list(_each([truth, *_split(plan, runs), *_facts(plan, runs), *inner]))
    if rule in ("score", "oracle", "jitter"):
        run = Run(wildcards["experiment"], wildcards["factor"], int(wildcards["seed"]))
        truth = plan.truth_file(run.experiment)
        return list(_each([truth, *_split(plan, [run]), *_facts(plan, [run])]))
    return []


def read_records(
    plan: Plan, rule: str, wildcards: Mapping[str, str], files: Iterable[str]
) -> list[str]:
    """Return the records that a job reads: of the files it reads, and of others behind them."""
    behind: list[str] = []
    if rule == "report":
        behind = [*plan.every_packed(), *_stores(plan)]
    elif rule in ("score", "jitter"):
        behind = plan.packed(wildcards["experiment"], wildcards["factor"])
    found = _each(map(paths.record, (*files, *behind)))
    return [place for place in found if place and place != paths.record(paths.CONFIG)]


def _each(files: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(files))


def _noise(plan: Plan, experiment: str) -> KeyFrameNoise:
    return plan.experiment(experiment).key_frame_noise


def _any_inner(plan: Plan) -> bool:
    return any(plan.experiment(name).chooses_inside for name in plan.experiments)


def _folds(plan: Plan, run: Run) -> list[str]:
    """Return the folders of a run's folds."""
    return [f"{run.folder}/{fold}" for fold in plan.fold_names(run.experiment)]


def _facts(plan: Plan, runs: Iterable[Run]) -> Iterator[str]:
    """Yield the files of trained folds that tell how they were trained, and what they predict."""
    for run in runs:
        for folder in _folds(plan, run):
            yield from (f"{folder}/{name}" for name in FACTS)


def _split(plan: Plan, runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        yield from plan.fold_files(run.experiment)


def _truths(plan: Plan) -> list[str]:
    return [plan.truth_file(name) for name in plan.experiments]


def _behind_tables(plan: Plan) -> Iterator[str]:
    """Yield every file but stores that the tables were made from: the report verifies them."""
    yield from _truths(plan)
    yield from _split(plan, plan.runs())
    yield from _facts(plan, plan.runs())
    for run in plan.runs():
        inner = plan.experiment(run.experiment).chooses_inside
        for folder in _folds(plan, run):
            yield from (f"{folder}/{name}" for name in (paths.WEIGHTS, *[INNER] * inner))
    for run in plan.scored_runs():
        more = (*paths.FIGURES, *paths.PDF_FIGURES, *paths.RANKING_FILES)
        names = (*paths.SCORE_FILES, *more) if run.factor != NESTED else paths.SCORE_FILES
        yield from (f"{run.folder}/{name}" for name in names)
    for name in plan.data.pretrainings():
        folder = paths.PRETRAINED.format(pretraining=name)
        yield from (f"{folder}/{file}" for file in paths.FINAL_FILES)
    yield from (f"{paths.TABLES}/{name}" for name in paths.LATEX_FORMS)
    for dataset, subject in _subjects(plan):
        yield paths.FRAMES.format(dataset=dataset, subject=subject)


def _subjects(plan: Plan) -> list[tuple[str, str]]:
    """Return the subjects that have stores."""
    collections = {collection for _, _, collection in plan.packs()}
    return sorted({owner for one in collections for owner in plan.data.with_stores(one)})


def _stores(plan: Plan) -> Iterator[str]:
    """Yield every store of every subject."""
    for preparation, factor, collection in plan.packs():
        kind = preparation_named(plan.settings, preparation).kind
        names = {"preparation": preparation, "factor": factor}
        for stage in stage_table.pipeline(kind, factor)[:-1]:
            if stage.folder:
                yield from plan.stores(collection, paths.store(stage.name), **names)


def _shown(plan: Plan) -> Iterator[str]:
    """Yield the cropped stores of subjects who may be shown: the report shows an example clip."""
    for preparation, _, collection in plan.packs():
        if preparation_named(plan.settings, preparation).kind == "frames":
            for dataset, subject in plan.data.with_stores(collection):
                if may_show(ClipKey(dataset, subject, ""), plan.settings.datasets[dataset]):
                    yield paths.cropped(preparation, dataset, subject)
