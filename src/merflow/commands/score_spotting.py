"""`merflow score-spotting`: score what the folds of a spotting run spotted."""

from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.evaluation.interval_files.output import as_json, export, write_scores
from merflow.io import records
from merflow.reporting.figures.spotting import draw_spotting
from merflow.workflow import spotting_scores
from merflow.workflow.plan import Plan
from merflow.workflow.spotting_plan import run_of


def score_spotting(run: Path, *, config: Config) -> None:
    """Pool the folds of the spotting run RUN and score them, one interval to one.

    Examples:
        merflow score-spotting results/spotting/softnet/seed0 --config results/config.yaml
        merflow score-spotting results/spotting/rule/seed0 --config config/spotting.yaml

    Args:
        run: results/spotting/<name>/seed<k>.
    """
    plan, named = Plan(load(config)), run_of(run)
    with records.job("score-spotting", run / paths.SPOTTING_SCORES[0]) as job:
        spotted = spotting_scores.read_spotted(plan, named)
        rows = spotting_scores.score_rows(plan, spotted)
        matched, points = spotted.matched(), spotting_scores.points(spotted)
        export(run / "predictions.csv", "merflow", matched, spotted.predictions)
        spotting_scores.write_inputs(run, spotted)
        document = as_json(matched, rows, (), ()) | {"floor_range": [*spotted.floor_range()]}
        write_scores(run, matched, rows, points, document)
        draw_spotting(run, spotted, spotting_scores.read_tracks(named), points)
        job.done(spotting_scores.scored_made(plan, named), spotting_scores.outputs(run))
    full = rows[0]
    print(
        f"{named.spotting} seed {named.seed}: F1 {full.counts.f1:.4f} (TP {full.counts.tp}, "
        f"FP {full.counts.fp}, FN {full.counts.fn}), random {full.floor_f1:.4f}"
    )
