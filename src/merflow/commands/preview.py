"""`merflow preview`: a clip at several magnification factors, as an image or a video."""

from pathlib import Path
from typing import Any

from merflow import paths
from merflow.clip import ClipArrays
from merflow.config.fingerprints import factor_value
from merflow.config.loading import load_preparation
from merflow.datasets.publishable import refuse_recorded
from merflow.errors import MerflowError, check_number, unknown
from merflow.inference.preview import figure, side_by_side
from merflow.io import video
from merflow.io.clip_store import Store
from merflow.io.video import write_png
from merflow.io.video_encoder import CODECS
from merflow.progress import report, shown
from merflow.stages.magnification.credibility import LARGE, MEANINGS
from merflow.stages.magnify import magnify_clip
from merflow.workflow.cropped import read_annotated


def preview(
    clip: str,
    out: Path,
    *,
    factors: str = "x1,x10,x25,x50",
    preparation: str | None = None,
    config: Path = Path(paths.CONFIG),
    i_may_show_this_subject: bool = False,
) -> None:
    """Show CLIP at several factors side by side: a video, or an image with traces (.png).

    Examples:
        merflow preview smic/s01/s01_po_01 smile.png
        merflow preview casme2/sub01/EP02_01f smile.mp4 --factors x1,x25

    Args:
        clip: dataset/subject/clip, as in results/skipped.csv and the pooled predictions.
        out: .png for an image with motion traces and kymographs, .mp4 or .avi for a video, or a
            folder.
        factors: Factors to show, separated by commas.
        preparation: Name of a preparation in the config.
        config: Config of the run that cropped the clip.
        i_may_show_this_subject: Show a recorded person; the dataset's licence decides whether that
            is allowed.
    """
    if out.suffix.lower() not in {"", ".png", *CODECS}:
        raise MerflowError(
            str(out),
            f"a preview cannot be written as a file of type {out.suffix!r}",
            f".png for an image, a video file name ({', '.join(sorted(CODECS))}), or a folder",
        )
    values = [factor_value(factor) for factor in factors.split(",")]
    for value in values:
        check_number("--factors", value, 0, above=True)
    settings, name = load_preparation(config, preparation)
    found = _find(clip, name)
    if not i_may_show_this_subject:
        entry = settings.datasets[found.key.dataset]
        fix = "to look at it yourself, add --i-may-show-this-subject"
        refuse_recorded(found.key, entry, Path(), fix)
    chosen = settings.preparations[name].magnify
    clips = {}
    for value in values:
        with shown(f"x{value:g}: "):
            clips[f"x{value:g}"] = magnify_clip(found, chosen, value)
    with shown():
        if out.suffix.lower() == ".png":
            report("drawing")
            write_png(out, figure(clips))
        else:
            frames = side_by_side(clips)
            video.write(out, frames, min(25.0, found.fps), list(range(1, len(frames) + 1)))
    for factor, made in clips.items():
        print(f"{factor}: {_delivered(made.facts['magnify'], min(found.frames.shape[1:3]))}")


def _delivered(facts: dict[str, Any], side: int) -> str:
    """Return the movement that a magnification delivered, as one line.

    side: the shorter side of the clip's frames, px; movements are given for frames of 256 px.
    """
    if "peak_px" not in facts:
        return "the original clip" if facts["factor"] == 1 else f"{facts['method']}, not measured"
    moved = facts["peak_px"] * 256 / side
    text = f"{facts['method']}, largest movement {moved:.2f} px at a frame size of 256 px, "
    if facts["delivered"] is None:
        return text + "too small to measure"
    if facts["doubt"] == LARGE:
        return text + f"{facts['asked_px']:.0f} px requested: {MEANINGS[LARGE]}"
    text += f"multiplied by {facts['delivered']:.1f}"
    return text if facts["credible"] else f"{text}, not credible: {MEANINGS[facts['doubt']]}"


def _find(clip: str, preparation: str) -> ClipArrays:
    parts = clip.split("/")
    if len(parts) != 3:
        raise MerflowError("preview", f"clip {clip!r}", "dataset/subject/clip")
    path = Path(paths.cropped(preparation, parts[0], parts[1]))
    if not path.exists():
        raise MerflowError(
            str(path), "this subject has not been cropped", fix=f"call `merflow run {path}` first"
        )
    with Store(path) as store:
        names = [key.clip for key in store.keys]
        if parts[2] not in names:
            raise unknown(str(path), "clip", parts[2], names)
        return read_annotated(store, names.index(parts[2]))
