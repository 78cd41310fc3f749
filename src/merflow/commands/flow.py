"""`merflow flow`: onset-to-apex optical flow of every clip in a store, in place of its frames."""

from pathlib import Path

from merflow.config import fingerprints
from merflow.config.loading import load_preparation
from merflow.stages.flow import flow_clip
from merflow.workflow.stage_job import run_stage


def flow(
    source: Path,
    out: Path,
    *,
    preparation: str | None = None,
    factor: str = "x1",
    config: Path | None = None,
    threads: int = 1,
) -> None:
    """Make one flow picture (u, v, strain) of every clip in the store SOURCE.

    Examples
    --------
    merflow flow cropped.h5 flow.h5
    merflow flow x10.h5 flow.h5 --preparation flow28 --factor x10 --config config/config.yaml

    Parameters
    ----------
    source
        Cropped or magnified clip store.
    out
        Clip store to write: one (size, size, 3) float16 picture a clip.
    preparation
        Name of a preparation in the config; without it the defaults hold.
    factor
        Factor of SOURCE, kept in the record of OUT.
    config
        Config file.
    threads
        Processor threads; the result does not depend on them.
    """
    settings, name = load_preparation(config, preparation)
    chosen = settings.preparations[name].flow
    run_stage(
        source,
        out,
        "flow",
        lambda clip: flow_clip(clip, chosen),
        fingerprints.of_stage(settings, "flow", name, factor),
        threads=threads,
    )
