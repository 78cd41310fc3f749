"""`merflow windows`: pictures of motion of every recording in a store, for spotting."""

from pathlib import Path

from merflow import paths
from merflow.clip import ClipArrays
from merflow.commands.options import MaybeConfig, Preparation, Threads
from merflow.config.fingerprints import of_stage
from merflow.config.planned_settings import preparation_settings
from merflow.errors import MerflowError
from merflow.io import records
from merflow.stages.windows import MEASURE, windows_clip
from merflow.workflow.stage_job import run_stage


def windows(
    source: Path,
    out: Path,
    *,
    window: str = "",
    preparation: Preparation = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Make the windows of every recording in the store SOURCE.

    Examples:
        merflow windows cropped.h5 windows.h5 --window k6
        merflow windows cropped.h5 measure.h5 --window movement --config config/spotting.yaml

    Args:
        source: Cropped clip store of whole recordings.
        out: Clip store to write: a (42, 42, 3) picture of motion for every window.
        window: Length of a window (frames), as k6; or `movement`: merflow's measure of movement,
            one number for every frame. Default: as the path of OUT below results/ has it.
    """
    named = paths.parts(paths.store("windows"), records.named(out)) or {}
    settings, name = preparation_settings(config, preparation or named.get("preparation"))
    chosen, asked = settings.preparations[name].windows, window or named.get("window", "")
    if asked != MEASURE and not (asked[:1] == "k" and asked[1:].isdecimal() and int(asked[1:])):
        raise MerflowError("--window", f"'{asked}'", f"a length as k6, or {MEASURE}")
    recipe = of_stage(settings, "windows", name, window=asked)

    def made(clip: ClipArrays) -> ClipArrays:
        return windows_clip(clip, chosen, asked)

    run_stage(source, out, "windows", made, recipe, threads=threads)
