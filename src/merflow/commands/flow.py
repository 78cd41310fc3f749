"""`merflow flow`: onset-to-apex optical flow of every clip in a store, in place of its frames."""

from pathlib import Path

from merflow.clip import ClipArrays
from merflow.commands.options import Catalogue, MaybeConfig, Preparation, SourceFactor, Threads
from merflow.config.fingerprints import of_stage
from merflow.config.planned_settings import preparation_settings
from merflow.stages.flow import flow_clip
from merflow.workflow.stage_job import Annotation, run_stage


def flow(
    source: Path,
    out: Path,
    *,
    preparation: Preparation = None,
    factor: SourceFactor = "x1",
    catalogue: Catalogue = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Make one flow image (u, v, strain) of every clip in the store SOURCE.

    Examples:
        merflow flow cropped.h5 flow.h5
        merflow flow x10.h5 flow.h5 --preparation flow28 --factor x10 --config config/config.yaml

    Args:
        source: Cropped or magnified clip store.
        out: Clip store to write: one (size, size, 3) float16 image a clip.
    """
    settings, name = preparation_settings(config, preparation)
    chosen, recipe = settings.preparations[name].flow, of_stage(settings, "flow", name, factor)
    keys = Annotation.at(catalogue, settings, name, factor, "flow")

    def made(clip: ClipArrays) -> ClipArrays:
        return flow_clip(clip, chosen)

    run_stage(source, out, "flow", made, recipe, threads=threads, annotation=keys)
