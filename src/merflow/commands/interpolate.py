"""`merflow interpolate`: any number of frames to a fixed length, in a store, video or folder."""

from pathlib import Path
from typing import Literal

from merflow.clip import ClipArrays
from merflow.commands.options import Catalogue, MaybeConfig, Preparation, SourceFactor, Threads
from merflow.config.fingerprints import of_stage
from merflow.config.planned_settings import preparation_settings
from merflow.errors import check_number
from merflow.io import video
from merflow.io.files import refuse_source
from merflow.progress import shown
from merflow.stages.interpolate import interpolate_clip, interpolate_frames, method_for
from merflow.stages.network_input import prepare_clip
from merflow.workflow.stage_job import Annotation, run_stage


def interpolate(
    source: Path,
    out: Path,
    *,
    length: int | None = None,
    method: Literal["tim", "linear", "nearest", "auto"] | None = None,
    fps: float | None = None,
    preparation: Preparation = None,
    factor: SourceFactor = "x1",
    catalogue: Catalogue = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Interpolate every clip in SOURCE to a fixed length.

    SOURCE is a clip store (.h5), a video, or a folder of frames; OUT is the same kind of thing.
    A store's clips are also brought to the network's size; a video keeps its size.

    Examples:
        merflow interpolate frames/ ten/ --length 10 --fps 200
        merflow interpolate x10.h5 out.h5 --factor x10 --preparation grey64 --config C.yaml

    Args:
        source: Clip store, video or folder of frames.
        out: What to write: .h5, a video file name, or a folder.
        length: Number of frames; without it the preparation's.
        method: tim, linear, nearest or auto; without it the preparation's.
        fps: Frames per second of a folder of frames (Hz).
    """
    video.check_output_type(source, out)
    if length is not None:
        from merflow.config.settings import Interpolate

        least, most = Interpolate.model_fields["length"].metadata
        check_number("--length", length, least.ge, most.le)
    settings, name = preparation_settings(
        config, preparation, "interpolate", length=length, method=method
    )
    chosen = settings.preparations[name]
    if source.suffix != ".h5":
        refuse_source(out, source)
        step = chosen.interpolate
        with shown():
            clip = video.read_whole(source, fps)
            chosen_method, _ = method_for(clip.frames, step.method)
            frames = interpolate_frames(clip.frames, step.length, chosen_method, step.prefilter)
            numbers = list(range(1, len(frames) + 1))
            rate = clip.fps * len(frames) / len(clip.frames)
            video.write(out, frames, rate, numbers)
        print(f"{len(clip.frames)} frames to {len(frames)}, method {chosen_method}")
        return

    def prepared(clip: ClipArrays) -> ClipArrays:
        return prepare_clip(clip, chosen, interpolate_clip)

    recipe = of_stage(settings, "interpolate", name, factor)
    keys = Annotation.at(catalogue, settings, name, factor, "interpolate")
    with shown(only="interpolate"):
        run_stage(source, out, "interpolate", prepared, recipe, threads=threads, annotation=keys)
