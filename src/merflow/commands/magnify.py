"""`merflow magnify`: multiply the movement in a clip store, a video or a folder of frames."""

import json as jsonlib
from pathlib import Path
from typing import Literal

from merflow.clip import ClipArrays
from merflow.commands.options import Catalogue, Json, MaybeConfig, Preparation, Threads
from merflow.config.fingerprints import factor_value, of_stage
from merflow.config.loading import load_preparation, with_section
from merflow.errors import MerflowError
from merflow.io import video
from merflow.io.files import refuse_source
from merflow.progress import shown
from merflow.reporting.magnified_text import magnified_text
from merflow.stages.magnify import magnify_clip
from merflow.workflow.stage_job import Annotation, run_stage


def magnify(
    source: Path,
    out: Path,
    *,
    factor: str | None = None,
    alpha: float | None = None,
    fps: float | None = None,
    method: Literal["phase", "linear", "lagrangian"] | None = None,
    preparation: Preparation = None,
    catalogue: Catalogue = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
    json: Json = False,
) -> None:
    """Multiply the movement of every clip in SOURCE by a factor.

    SOURCE is a clip store (.h5), a video, or a folder of frames; OUT is the same kind of thing.
    The factor multiplies displacements; the literature's alpha is the factor minus one. A sentence
    for each clip says how far it moved, and which factor was measured in the result.

    Examples:
        merflow magnify frames/ magnified/ --factor 25 --fps 200
        merflow magnify cropped.h5 x10.h5 --alpha 9 --method lagrangian

    Args:
        source: Clip store, video or folder of frames.
        out: What to write: .h5, a video file name, or a folder.
        factor: Times the displacement: 10 or x10.
        alpha: The literature's alpha instead: factor = alpha + 1.
        fps: Frames per second of a folder of frames (Hz); a video's own rate is used without it.
        method: phase, linear or lagrangian; without it the preparation's.
    """
    value = chosen_factor(factor, alpha)
    video.check_output_type(source, out)
    settings, name = load_preparation(config, preparation)
    settings = with_section(settings, name, "magnify", method=method)
    chosen = settings.preparations[name].magnify
    if source.suffix != ".h5":
        refuse_source(out, source)
        with shown():
            clip = magnify_clip(video.read_whole(source, fps), chosen, value)
            video.write(out, clip.frames, clip.fps, clip.numbers)
        facts = clip.facts["magnify"]
        print(jsonlib.dumps(facts, indent=1) if json else magnified_text(facts))
        return
    found = {}

    def magnified(clip: ClipArrays) -> ClipArrays:
        made = magnify_clip(clip, chosen, value)
        found[str(clip.key)] = made.facts["magnify"]
        if not json:
            print(f"{clip.key}: {magnified_text(made.facts['magnify'])}")
        return made

    asked = f"x{value:g}"
    recipe = of_stage(settings, "magnify", name, asked)
    keys = Annotation.at(catalogue, settings, name, asked, "magnify")
    with shown(only="magnify"):
        run_stage(source, out, "magnify", magnified, recipe, threads=threads, annotation=keys)
    if json:
        print(jsonlib.dumps(dict(sorted(found.items())), indent=1))


def chosen_factor(factor: str | None, alpha: float | None) -> float:
    """Return the one factor that --factor or --alpha asks for."""
    if (factor is None) == (alpha is None):
        raise MerflowError(
            "magnify",
            "--factor and --alpha both given" if factor else "no factor",
            "one of --factor F (times the displacement) and --alpha A (factor A + 1)",
        )
    if alpha is not None:
        return alpha + 1
    return factor_value(factor)
