"""`merflow region-oracle`: system C's leak, the region chosen by annotated action units."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merflow import paths
from merflow.commands.options import Config
from merflow.config.fingerprints import preparation_named
from merflow.config.loading import load
from merflow.datasets.subject_ids import canonical_names
from merflow.errors import MerflowError
from merflow.evaluation.audit.test_set_selection import render_oracle, write_oracle
from merflow.evaluation.audit.unit_regions import cut, guess_by_region, region_of
from merflow.evaluation.fold_files import FoldFile, read_fold
from merflow.evaluation.metrics import uar, uf1
from merflow.evaluation.predictions import Pooled, read_pooled
from merflow.evaluation.run_id import Run, run_of
from merflow.evaluation.score_table import parts_of
from merflow.io import records
from merflow.io.files import digest
from merflow.io.packed import read_packed
from merflow.workflow.plan import Plan
from merflow.workflow.train_fold import RunClips, method_of, training_data

if TYPE_CHECKING:
    from merflow.clip import ClipKey

HONEST = "whole face as in the run"
LEAK = "region by annotated units"
NO_PIXELS = "region alone without pixels"


def region_oracle(run: Path, *, out: Path | None = None, config: Config) -> None:
    """Train the folds of RUN on regions that the clips' annotated action units choose.

    The annotation of the tested clips nearly names their class, so these scores are no results:
    they show how much such an input gives away. System C's extended network used it. The trained
    folds stay as they are, and no table reads what this writes.

    Examples:
        merflow region-oracle results/runs/demo/x10/seed0 --config results/config.yaml
        merflow region-oracle results/runs/demo/x1/seed0 --out leak --config results/config.yaml

    Args:
        run: Folder of a scored run on frames of the whole face.
        out: Folder for region_oracle.csv. Default: results/oracle/<run>/regions.
    """
    plan = Plan.read(load(config), fresh=False)
    named = run_of(run)
    margin = _margin(plan, named, run)
    table = read_pooled(run / "pooled.csv", classes=plan.data.classes(named.experiment))
    labelled = plan.data.labelled(named.experiment)
    region = {clip.key: region_of(clip.action_units) for clip in labelled.clips}
    if {*region.values()} == {"whole"}:
        raise MerflowError(
            str(run),
            "no clip of it has annotated action units that choose a region",
            "a dataset with action units, such as CASME II or SAMM",
            "SMIC has none",
        )
    packs = [read_packed(path) for path in plan.packed(named.experiment, named.factor)]
    packs = [
        replace(pack, x=cut(pack.x, [region.get(k, "whole") for k in pack.keys], margin))
        for pack in packs
    ]
    control = plan.experiment(named.experiment).control
    clips = RunClips(
        [replace(pack, place=None) for pack in packs], named.factor.split("+"), control
    )
    place = {key: row for row, key in enumerate(table.keys)}
    found = {LEAK: table.predicted.copy(), NO_PIXELS: table.predicted.copy()}
    folder = out or Path(paths.ORACLE_REGIONS.format(**vars(named)))
    with records.job("region oracle", folder / "region_oracle.csv") as job:
        for name in plan.fold_names(named.experiment):
            fold = read_fold(Path(paths.FOLD.format(experiment=named.experiment, fold=name)))
            _predict(plan, named, clips, fold, region, place, found)
            print(f"{name}: trained", flush=True)
        rows = [
            (rule, part, float(uf1(one.part(part).matrix)), float(uar(one.part(part).matrix)))
            for rule, one in _tables(table, found)
            for part in parts_of(table)
        ]
        write_oracle(folder / "region_oracle.csv", rows)
        made = {"scores": digest(records.made_of(f"{named.folder}/scores.csv"))}
        job.done(made, [folder / "region_oracle.csv"])
    print(_counts(region, labelled.labels, list(region)))
    print(render_oracle(rows))


def _margin(plan: Plan, named: Run, run: Path) -> float:
    """Return the margin of the whole-face crop; refuse a run on something else."""
    experiment = plan.experiment(named.experiment)
    preparation = preparation_named(plan.settings, experiment.preparation)
    crop = preparation.crop
    if preparation.kind != "frames" or crop.region != "whole":
        raise MerflowError(
            str(run),
            f"a run on kind {preparation.kind}, region {crop.region}",
            "frames of the whole face, from which regions can be cut",
        )
    return crop.margin


def _predict(
    plan: Plan,
    named: Run,
    clips: RunClips,
    fold: FoldFile,
    region: "dict[ClipKey, str]",
    place: "dict[ClipKey, int]",
    found: dict[str, np.ndarray],
) -> None:
    """Train one fold on the regions, and put the predictions of its test clips into `found`."""
    classes = plan.data.classes(named.experiment)
    data = training_data(clips, fold, classes, canonical_names(plan.settings))
    test = [fold.test[i] for i in clips.usable(fold.test, f"fold {fold.name}")]
    if not test:
        return
    fitted = method_of(plan, named, fold.name).fit(data)
    p = np.mean([fitted.predict(x, test) for x in clips.take(test)], axis=0)
    rows = [place[key] for key in test]
    found[LEAK][rows] = p.argmax(1)
    known, asked = ([region[key] for key in keys] for keys in (data.keys, test))
    found[NO_PIXELS][rows] = guess_by_region(known, data.y, asked, len(classes))


def _tables(table: Pooled, found: dict[str, np.ndarray]) -> list[tuple[str, Pooled]]:
    leaks = [(n, table.changed(predicted=p, probabilities=None)) for n, p in found.items()]
    return [(HONEST, table), *leaks]


def _counts(region: "dict[ClipKey, str]", labels: list[str], keys: "list[ClipKey]") -> str:
    """Return how many clips of each class each region has."""
    names = sorted(set(labels))
    lines = [f"clips by region ({', '.join(names)}):"]
    for one in sorted({*region.values()}):
        count = [
            sum(region[k] == one and label == name for k, label in zip(keys, labels, strict=True))
            for name in names
        ]
        lines.append(f"  {one:7} {', '.join(map(str, count))}")
    return "\n".join(lines)
