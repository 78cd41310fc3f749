"""Check that prepared clips, which enter interpolated, fit what an experiment asks of them."""

from collections.abc import Iterator, Sequence

from merflow.clip import Clip
from merflow.config.settings import Experiment, Pretraining
from merflow.errors import MerflowError
from merflow.text import plural

SIGNED = {"flow_svm": "counts the directions of motion"}
"""Methods that need the sign of the flow, and what for."""


def require_stages(
    clips: Sequence[Clip], entry: Experiment | Pretraining, kind: str, where: str
) -> None:
    """Refuse magnification, another kind of preparation or signed flow for prepared clips.

    kind: of the preparation. Prepared clips are packed as they are, so a row x10 of the table would
    hold clips that were not magnified.
    """
    prepared = [clip for clip in clips if clip.prepared]
    factors = entry.factors if isinstance(entry, Experiment) else (entry.factor,)
    asked = [f"factor {f}" for f in factors if f != "x1"]
    if prepared and asked:
        raise MerflowError(
            where,
            f"{', '.join(asked)} asked for, but {len(prepared)} of its clips enter interpolated "
            f"and stay as they are (such as {prepared[0].key})",
            "clips that enter raw, aligned or cropped",
            "let them enter earlier, or set factors: [1]",
        )
    flow = [clip for clip in prepared if clip.flow is not None]
    frames = [clip for clip in prepared if clip.flow is None]
    if kind == "flow" and frames:
        raise MerflowError(
            where,
            f"kind: flow asked for, but {plural(len(frames), 'clip')} of it are prepared frames "
            f"(such as {frames[0].key})",
            "prepared flow, or frames that enter raw, aligned or cropped",
            f"if the files hold flow, set datasets.{frames[0].key.dataset}.kind: flow; else name "
            "a preparation of kind: frames",
        )
    if kind == "frames" and flow:
        raise MerflowError(
            where,
            f"kind: frames asked for, but {plural(len(flow), 'clip')} of it are prepared flow "
            f"(such as {flow[0].key})",
            "a preparation of kind: flow, and a network for flow",
            "name one, such as `preparations: {flow: {kind: flow}}`",
        )
    unsigned = [clip for clip in flow if clip.flow.zero is None and not is_array(clip)]
    for key, why in _needing_zero(entry) if unsigned else ():
        raise MerflowError(
            f"{where}.{key}",
            f"{why}, and {plural(len(unsigned), 'picture')} of flow have an unknown zero "
            f"(such as {unsigned[0].key})",
            "flow with its sign and strength",
            f"if the grey level of no motion is known, set datasets.{unsigned[0].key.dataset}."
            "flow.zero; else leave it out",
        )


def is_array(clip: Clip) -> bool:
    """Return whether a clip is an array of floats, which has its zero at 0."""
    return clip.files[:1] != () and clip.files[0].lower().endswith(".npy")


def _needing_zero(entry: Experiment | Pretraining) -> Iterator[tuple[str, str]]:
    method = entry.method if isinstance(entry, Experiment) else "keras"
    if method in SIGNED:
        yield "method", f"{method} {SIGNED[method]}"
    if method == "keras" and entry.training.augment.rotate:
        yield "training.augment.rotate", "it turns the vectors of flow"
