"""`merflow jitter`: scores of a run with key frames annotated k frames off."""

from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.errors import MerflowError, check_number
from merflow.evaluation.run_id import refuse_choice, run_of
from merflow.inference.annotation_jitter import jitter_scores, write_jitter
from merflow.io import records
from merflow.io.files import digest
from merflow.text import plural
from merflow.workflow.plan import Plan


def jitter(
    run: Path,
    *,
    frames: str = "0,1,2,4,8",
    seed: int = 0,
    out: Path | None = None,
    config: Config,
) -> None:
    """Move onset, apex and offset of the test clips of RUN by k frames, and score again.

    Each key frame moves k frames earlier or later, at random with a fixed seed, as far as the clip
    has frames. A clip has no frames before its onset or after its offset, so these move inwards.
    Nothing is trained; every fold predicts with its own weights.

    Examples:
        merflow jitter results/runs/demo/x10/seed0 --config results/config.yaml
        merflow jitter results/runs/demo/x1/seed0 --frames 0,3,6 --config results/config.yaml

    Args:
        run: Folder of a trained run.
        frames: Values of k (frames), separated by commas.
        seed: Seed of the directions.
        out: Folder for jitter.csv and jitter.svg; default: results/jitter/<run>.
    """
    check_number("--seed", seed, 0)
    ks = whole_numbers(frames)
    plan, named = Plan(load(config)), run_of(run)
    between = paths.RUN.format(experiment=f"{named.experiment}*", factor="x*", seed=named.seed)
    refuse_choice(named, f"jitter the runs that it chooses between, {between}")
    folder = out or Path(paths.JITTER.format(**vars(named)))
    with records.job("jitter", folder / "jitter.csv") as job:
        found = jitter_scores(plan, named, ks, seed)
        write_jitter(folder, found)
        scores = records.made_of(f"{named.folder}/scores.csv")
        made = {"scores": digest(scores), "frames": ks, "seed": seed}
        job.done(made, [folder / "jitter.csv", folder / "jitter.svg"])
    for one in found:
        row = one.row
        print(
            f"k = {one.frames} (moved {one.moved:.1f} on average): UF1 {row.uf1:.3f} "
            f"[{row.uf1_lo:.3f}, {row.uf1_hi:.3f}], UAR {row.uar:.3f}, {plural(row.n, 'clip')}"
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
