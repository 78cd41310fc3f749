"""`merflow magnify`: multiply the movement in a clip store, a video or a folder of frames."""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from merflow.clip import ClipArrays
from merflow.commands.options import (
    Catalogue,
    Factors,
    Json,
    MaybeConfig,
    Preparation,
    Threads,
    paired,
    preparation_of,
)
from merflow.config.fingerprints import factor_value, of_stage
from merflow.config.planned_settings import preparation_settings
from merflow.errors import MerflowError
from merflow.io import video
from merflow.io.files import refuse_source
from merflow.progress import shown
from merflow.reporting.magnified_text import magnified_text
from merflow.stages.magnify import magnify_clip, magnify_together
from merflow.workflow.stage_job import Annotation, Output, run_together

if TYPE_CHECKING:
    from merflow.config.settings import Magnify

ONE_FACTOR = "one of --factor F (times the displacement) and --alpha A (factor A + 1)"


def magnify(
    source: Path,
    out: Path,
    *more: Path,
    factor: Factors = (),
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
    for each clip says how far it moved, and which factor was measured in the result. Several
    factors of a clip store, one OUT each, share the estimate of its motion.

    Examples:
        merflow magnify frames/ magnified/ --factor 25 --fps 200
        merflow magnify cropped.h5 x10.h5 --alpha 9 --method lagrangian

    Args:
        source: Clip store, video or folder of frames.
        out: What to write: .h5, a video file name, or a folder.
        more: Further clip stores, one for each further factor.
        alpha: The literature's alpha instead: factor = alpha + 1.
        fps: Frames per second of a folder of frames (Hz); a video's own rate is used without it.
        method: phase, linear or lagrangian; without it the preparation's.
    """
    values = chosen_factors(factor, alpha, out, *more)
    for path in (out, *more):
        video.check_output_type(source, path)
    preparation = preparation or preparation_of(out)
    settings, name = preparation_settings(config, preparation, "magnify", method=method)
    chosen = settings.preparations[name].magnify
    if source.suffix != ".h5":
        _single(source, out, more, values[0], fps, chosen, json)
        return
    asked = [f"x{value:g}" for value in values]
    found: dict[str, dict] = {one: {} for one in asked}

    def magnified(clip: ClipArrays) -> list[ClipArrays]:
        made = magnify_together(clip, chosen, values)
        for one, done in zip(asked, made, strict=True):
            found[one][str(clip.key)] = done.facts["magnify"]
            if not json:
                print(f"{clip.key}: {magnified_text(done.facts['magnify'])}")
        return made

    pairs = zip((out, *more), asked, strict=True)
    outputs = [Output(path, of_stage(settings, "magnify", name, one)) for path, one in pairs]
    keys = Annotation.at(catalogue, settings, name, asked[0], "magnify")
    with shown(only="magnify"):
        run_together(source, outputs, "magnify", magnified, threads=threads, annotation=keys)
    if json:
        ordered = {one: dict(sorted(clips.items())) for one, clips in found.items()}
        print(jsonlib.dumps(ordered if more else ordered[asked[0]], indent=1))


def _single(
    source: Path,
    out: Path,
    more: tuple[Path, ...],
    value: float,
    fps: float | None,
    chosen: "Magnify",
    json: bool,
) -> None:
    """Magnify a video or a folder of frames."""
    if more:
        raise MerflowError(str(more[0]), "a second output", "one OUT for a video or a folder")
    refuse_source(out, source)
    with shown():
        clip = magnify_clip(video.read_whole(source, fps), chosen, value)
        video.write(out, clip.frames, clip.fps, clip.numbers)
    facts = clip.facts["magnify"]
    print(jsonlib.dumps(facts, indent=1) if json else magnified_text(facts))


def chosen_factors(factor: Sequence[str], alpha: float | None, *outs: Path) -> list[float]:
    """Return the factor of each output, as --factor, --alpha or its path below results/ says."""
    factor = [factor] if isinstance(factor, str) else factor
    found = [one for one, _ in paired("--factor", factor, "magnify", *outs)]
    if alpha is not None and factor:
        raise MerflowError("magnify", "--factor and --alpha both given", ONE_FACTOR)
    if alpha is not None:
        return [alpha + 1]
    if not all(found):
        raise MerflowError("magnify", "no factor", ONE_FACTOR)
    return [factor_value(one) for one in found]
