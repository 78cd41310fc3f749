"""`merflow jitter`: scores of a run with key frames annotated some frames off."""

from pathlib import Path
from typing import Literal

from merflow import paths
from merflow.commands.options import Config
from merflow.config.key_frame_noise import variants
from merflow.config.loading import load
from merflow.errors import MerflowError, check_number
from merflow.evaluation.run_id import refuse_choice, run_of
from merflow.inference.jitter import check_same, jitter_scores, write_jitter
from merflow.io import records
from merflow.reporting.figures.key_frame_noise import draw_run
from merflow.text import plural
from merflow.workflow import run_fingerprints
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import check_folds

USUAL = (0, 1, 2, 3, 5, 8)
"""Distances where neither the command nor the config names any."""


def jitter(
    run: Path,
    *,
    frames: str = "",
    training: int = 0,
    apex: Literal["annotated", "unknown"] | None = None,
    seed: int | None = None,
    out: Path | None = None,
    config: Config,
) -> None:
    """Move onset, apex and offset of the test clips of RUN, and score again.

    Each key frame moves earlier or later, at random with a fixed seed; onset and offset as far as
    the clip has frames. Every fold predicts with its own weights. Unmoved clips must give the
    predictions of the run, byte for byte.

    What is not given is taken from `key_frame_noise` of the experiment.

    Examples:
        merflow jitter results/runs/demo/x10/seed0 --config results/config.yaml
        merflow jitter results/runs/demo/x1/seed0 --frames 0,3,6 --config results/config.yaml

    Args:
        run: Folder of a trained run.
        frames: Distances (frames at 200 per second; scaled by a clip's rate), separated by commas.
            Default: the experiment's, else 0,1,2,3,5,8.
        training: Distance by which the key frames of the training clips move; every fold is then
            trained again.
        apex: `unknown` adds a row with the apex in the middle of onset and offset.
        seed: Seed of the directions.
        out: Folder for jitter.csv, jitter.svg and the predictions; default:
            results/jitter/<run>/training<distance>.
    """
    check_number("--seed", seed or 0, 0)
    check_number("--training", training, 0)
    given = whole_numbers(frames) if frames else []
    plan, named = Plan(load(config)), run_of(run)
    between = paths.RUN.format(experiment=f"{named.experiment}*", factor="x*", seed=named.seed)
    refuse_choice(named, f"jitter the runs that it chooses between, {between}")
    chosen = plan.experiment(named.experiment).key_frame_noise
    distances = given or (chosen.test if chosen.asked else USUAL)
    moved = variants(distances, apex or chosen.apex)
    directions = chosen.seed if seed is None else seed
    folder = out or Path(paths.JITTER.format(**vars(named), training=training))
    with records.job("jitter", folder / "jitter.csv") as job:
        folds = check_folds(plan, named)
        found = jitter_scores(plan, named, moved, directions, training)
        wrote = write_jitter(folder, found)
        if not training:
            check_same(named, folder)
        wrote += draw_run(folder / "jitter", folder / "jitter.csv")
        split = records.made_of(plan.truth_file(named.experiment)).get("truth", "")
        made = run_fingerprints.jittered(plan, named, moved, directions, training, folds, split)
        job.done(made, wrote)
    for one in found:
        row = one.rows.iloc[0]
        what = "apex unknown" if one.variant.apex == "unknown" else f"{one.variant.distance} frames"
        print(
            f"{what} (moved {row['moved']:.1f} on average): UF1 {row['uf1']:.3f} "
            f"[{row['uf1_lo']:.3f}, {row['uf1_hi']:.3f}], UAR {row['uar']:.3f}, "
            f"{plural(int(row['n']), 'clip')}"
        )
    print(f"Written to {folder}.")


def whole_numbers(text: str) -> list[int]:
    """Return the numbers of `0,1,2`, each once, ascending."""
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        numbers = [-1]
    if numbers[0] < 0:
        raise MerflowError("--frames", repr(text), "whole numbers from 0, such as 0,1,2,4,8")
    return numbers
