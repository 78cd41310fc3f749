"""What the files of spotting would be made from today: as `expected`, for recordings."""

import functools
from collections.abc import Iterator

from merflow import paths
from merflow.config.fingerprints import STAGE_VERSION
from merflow.evaluation.run_id import FINAL, Run
from merflow.io.files import digest
from merflow.io.records import Made
from merflow.workflow import run_fingerprints as prints
from merflow.workflow import spotting_fingerprints, spotting_plan
from merflow.workflow.expected import Expected, Step
from merflow.workflow.spotting_plan import Pair, SpotRun, entry_of


def spotting_steps(expected: Expected) -> Iterator[Step]:
    """Yield every job of spotting after cropping, those before others first."""
    plan = expected.plan
    for path, (preparation, window, *owner) in spotting_plan.every_store(plan).items():
        made = expected.store("windows", preparation, "x1", *owner, window=window)
        yield Step("windows", (path,), made, kept=False)
    for name in plan.settings.spotting:
        files = (*spotting_plan.fold_files(plan, name), spotting_plan.truth_file(name))
        yield Step("split", files, split(expected, name))
    for run in spotting_plan.runs(plan):
        for fold in spotting_plan.windows(plan, run.spotting):
            outputs = tuple(f"{run.folder}/{fold}/{file}" for file in paths.SPOT_FILES)
            yield Step("spot", outputs, fold_made(expected, run, fold), kept=fold != FINAL)
        outputs = tuple(f"{run.folder}/{file}" for file in paths.SPOTTING_SCORES)
        yield Step("score-spotting", outputs, scored(expected, run))
    for pair in spotting_plan.pairs(plan):
        outputs = tuple(f"{pair.folder}/{file}" for file in paths.STR_FILES)
        yield Step("recognise", outputs, recognised(expected, pair))
    if plan.settings.spotting:
        outputs = tuple(f"{paths.TABLES}/{file}" for file in paths.SPOTTING_TABLES)
        made = {run.folder: scored(expected, run) for run in spotting_plan.runs(plan)}
        made |= {pair.folder: recognised(expected, pair) for pair in spotting_plan.pairs(plan)}
        yield Step("spotting-table", outputs, spotting_fingerprints.tables(plan, made))


@functools.cache
def rows(expected: Expected, name: str) -> dict[str, str]:
    """Return the digest of every fold of a spotting method, as of its file."""
    clips, labels = spotting_plan.recordings(expected.plan, name)
    order = sorted(range(len(clips)), key=lambda i: clips[i].key)
    train = {i: prints.token(clips[i].key, labels[i]) for i in order}
    test = {i: prints.token(clips[i].key) for i in order}
    sides = {
        fold.name: (fold.train, fold.test) for fold in spotting_plan.folds(expected.plan, name)
    }
    sides[FINAL] = (order, [])
    found = {}
    for fold, (trained, tested) in sides.items():
        inside = [
            b"".join(tokens[i] for i in sorted(some, key=lambda i: clips[i].key))
            for tokens, some in ((train, trained), (test, tested))
        ]
        found[fold] = prints.rows_digest(*inside)
    return found


def split(expected: Expected, name: str) -> Made:
    """Return what fold files and truth of a spotting method are made from."""
    clips, labels = spotting_plan.recordings(expected.plan, name)
    truth = sorted([*clip.key, label] for clip, label in zip(clips, labels, strict=True))
    folds = {fold: one for fold, one in rows(expected, name).items() if fold != FINAL}
    return {"version": STAGE_VERSION["split"], "folds": folds, "truth": digest(truth)}


def fold_made(expected: Expected, run: SpotRun, fold: str) -> Made:
    """Return what a fold of a spotter is made from."""
    entry = entry_of(expected.plan, run.spotting)
    one = spotting_plan.windows(expected.plan, run.spotting)[fold]
    stores = {
        "/".join(owner): expected.store(
            "windows", entry.preparation, "x1", *owner, window=one.window
        )
        for owner in one.subjects
    }
    contents = {name: prints.subject_content(made) for name, made in stores.items()}
    prepared = next(iter(stores.values()))["recipe"]
    digest_of = rows(expected, run.spotting)[fold]
    return spotting_fingerprints.fold(entry, run.seed, digest_of, prepared, contents, contents)


def scored(expected: Expected, run: SpotRun) -> Made:
    """Return what the scores of a spotting run are made from."""
    plan = expected.plan
    folds = spotting_plan.folds(plan, run.spotting)
    made = {fold.name: fold_made(expected, run, fold.name) for fold in folds}
    return spotting_fingerprints.scored(plan, made, split(expected, run.spotting)["truth"])


def recognised(expected: Expected, pair: Pair) -> Made:
    """Return what a pair of a spotting method and an experiment is made from."""
    plan = expected.plan
    entry = plan.settings.spot_then_recognise[pair.name]
    factor = spotting_plan.factor_of(plan, entry)
    trained = expected.folds(Run(entry.recognition, factor, pair.seed))
    preparation = plan.experiment(entry.recognition).preparation
    collection = entry_of(plan, entry.spotting).collection
    clips = {
        "/".join(owner): prints.subject_content(expected.store("crop", preparation, "x1", *owner))
        for owner in plan.data.subjects_of(collection)
    }
    spotted = scored(expected, SpotRun(entry.spotting, pair.seed))
    return spotting_fingerprints.recognised(plan, pair.name, spotted, trained, clips)
