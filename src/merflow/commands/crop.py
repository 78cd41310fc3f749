"""`merflow crop`: an aligned clip store to squares of the face at the working resolution."""

from pathlib import Path

from merflow.commands.options import MaybeConfig, Preparation, Threads
from merflow.config.fingerprints import of_stage
from merflow.config.loading import load_preparation
from merflow.stages.crop import crop_clip
from merflow.workflow.stage_job import run_stage


def crop(
    source: Path,
    out: Path,
    *,
    preparation: Preparation = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Crop every clip of the store SOURCE into the store OUT.

    Examples:
        merflow crop aligned.h5 cropped.h5
        merflow crop aligned.h5 cropped.h5 --preparation grey64 --config config/config.yaml

    Args:
        source: Aligned clip store.
        out: Clip store to write.
    """
    settings, name = load_preparation(config, preparation)
    chosen, recipe = settings.preparations[name].crop, of_stage(settings, "crop", name)
    run_stage(source, out, "crop", lambda c: crop_clip(c, chosen), recipe, threads=threads)
