"""`merflow recognise`: emotions of spotted intervals, by models that never saw their subject."""

from dataclasses import replace
from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.interval_files.output import as_json, export, write_scores
from merflow.evaluation.intervals.floor import DRAWS
from merflow.evaluation.intervals.summary import summary
from merflow.inference.recognise_spotted import recognised, true_emotions
from merflow.io import records
from merflow.workflow import spotting_scores
from merflow.workflow.plan import Plan
from merflow.workflow.spotting_plan import Pair, SpotRun, recognition_run
from merflow.workflow.spotting_scores import recognised_made


def recognise(out: Path, *, config: Config) -> None:
    """Recognise what a spotting run spotted, and score both steps together, into the folder OUT.

    Examples:
        merflow recognise results/str/both/seed0 --config results/config.yaml
        merflow recognise results/str/mine/seed1 --config config/str.yaml

    Args:
        out: results/str/<entry of spot_then_recognise>/seed<k>.
    """
    parts = paths.parts(paths.STR, out, anywhere=True)
    settings = load(config)
    if not parts or parts["pair"] not in settings.spot_then_recognise:
        found = "not the folder of an entry of spot_then_recognise"
        raise MerflowError(str(out), found, "results/str/<entry>/seed<k>")
    plan, pair = Plan.read(settings, fresh=False), Pair(parts["pair"], int(parts["seed"]))
    entry = settings.spot_then_recognise[pair.name]
    run, spotter = recognition_run(plan, pair.name, pair.seed), SpotRun(entry.spotting, pair.seed)
    with records.job("recognise", out / paths.STR_FILES[0]) as job:
        spotted = spotting_scores.read_spotted(plan, spotter)
        named = recognised(plan, run, spotted.predictions)
        truths = true_emotions(plan, entry.spotting, entry.recognition)
        both = replace(spotted, predictions=tuple(named), truths=tuple(truths))
        matched, classes = both.matched(), plan.data.classes(entry.recognition)
        rows = summary(
            matched,
            lengths=both.lengths,
            emotions=classes,
            resamples=settings.bootstrap,
            draws=DRAWS,
        )
        export(out / "predictions.csv", "merflow", matched, named)
        export(out / "challenge.csv", "megc-str", matched, named)
        spotting_scores.write_inputs(out, both)
        document = as_json(matched, rows, (), classes) | {"floor_range": [*both.floor_range()]}
        write_scores(out, matched, rows, (), document)
        made = recognised_made(plan, pair.name, run, f"{spotter.folder}/scores.json")
        job.done(made, [out / name for name in paths.STR_FILES])
    full = rows[0]
    print(
        f"{pair.name} seed {pair.seed}: spotting F1 {full.counts.f1:.4f}, analysis F1 "
        f"{full.analysis.f1:.4f}, STRS {full.strs:.4f}"
    )
