"""Sentences on the preparation of clips, each from one section of the settings."""

from collections.abc import Mapping, Sequence

from merflow.config.stage_settings import Align, Preparation
from merflow.reporting.html.environment import listing
from merflow.reporting.paper.references import FLOWS, MAGNIFICATION, cite
from merflow.reporting.render.markdown import escape
from merflow.text import plural

ALIGNED = {
    "stable": "one similarity transform was found for the whole clip, and rigid motion of the head "
    "was then removed",
    "first": "one similarity transform was found for the whole clip; motion of the head stayed",
    "frame": "each frame was aligned by its own landmarks",
}
METHODS = {
    "phase": "phase-based motion magnification",
    "linear": "linear Eulerian magnification",
    "lagrangian": "Lagrangian motion magnification",
}
INTERPOLATED = {
    "tim": "the temporal interpolation model",
    "linear": "linear interpolation",
    "nearest": "repeating or dropping frames",
    "auto": "linear interpolation for clips with fast motion and the temporal interpolation model "
    "for the others",
}
FRAMES = {
    "windows": "Only {window} frames around each of onset, apex and offset were used{every}.",
    "apex-nine": "Only nine frames anchored at the apex were used.",
    "onset-apex": "Only the frames from onset to apex were used.",
}


def preparation_sentences(
    align: Align, chosen: Preparation, factors: Sequence[str], entered: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return what was done to the clips.

    factors: all that the experiments use; entered: entry stage -> datasets that enter there, so
    earlier stages are not described where no dataset had them; `flow`: prepared flow.
    """
    found = [_given(stage, names) for stage, names in entered.items() if stage != "raw"]
    stages = {*entered} or {"raw"}
    if "raw" in stages:
        found.append(_aligned(align))
    if stages & {"raw", "aligned"}:
        found.append(_cropped(chosen))
    if stages & {"raw", "aligned", "cropped"}:
        found.append(_magnified(chosen, factors))
        if chosen.kind == "flow":
            found.append(_flow(chosen))
        else:
            found += [*_selected(chosen), _interpolated(chosen)]
    if chosen.kind == "frames" and chosen.difference == "onset":
        found.append("The onset frame was subtracted from every frame.")
    return [text for text in found if text]


def _given(stage: str, names: Sequence[str]) -> str:
    if stage == "flow":
        return f"The clips of {escape(listing(names))} were already optical flow, not frames."
    return f"The frames of {escape(listing(names))} were already {stage} when merflow read them."


def _aligned(align: Align) -> str:
    return (
        f"Faces were found with dlib{cite('king2009dlib')} in up to "
        f"{plural(align.reference_frames, 'frame')} at the start of a clip and aligned by "
        f"{align.points} landmarks: {ALIGNED[align.strategy]}. Clips with fewer than "
        f"{align.min_frames} frames were left out."
    )


def _cropped(chosen: Preparation) -> str:
    crop = chosen.crop
    region = crop.region if isinstance(crop.region, str) else listing([*map(str, crop.region)])
    part = "the whole face" if region == "whole" else f"a region of the face ({region})"
    colour = "grey" if crop.colour == "grey" else "colour"
    hull = " Everything outside the outline of the face was painted black." * crop.hull_mask
    return (
        f"A square of {part} with a margin of {crop.margin:.0%} was cut out in {colour} and scaled "
        f"to {crop.working_size} x {crop.working_size} px.{hull}"
    )


def _magnified(chosen: Preparation, factors: Sequence[str]) -> str:
    used = [factor for factor in factors if factor != "x1"]
    if not used:
        return ""
    magnify = chosen.magnify
    low, high = magnify.band_hz or (0, None)
    band = f"{low:g} to {high:g} Hz" if high else "0 to 15 Hz, at most 0.4 times the frame rate"
    cutoff = f", cut-off wavelength {magnify.lambda_c:g} px" if magnify.method == "linear" else ""
    light = " Changes of brightness of the whole image were removed first." * magnify.remove_flicker
    times = listing([factor.removeprefix("x") for factor in used])
    return (
        f"Motion was multiplied by {times} with {METHODS[magnify.method]}"
        f"{cite(MAGNIFICATION[magnify.method])} (band {band}{cutoff}).{light}"
    )


def _selected(chosen: Preparation) -> list[str]:
    select = chosen.select
    if select.frames == "all":
        return []
    share = "all" if select.every == 1 else f"one in {select.every} of the"
    every = f", and {share} other frames" if select.every else ""
    return [FRAMES[select.frames].format(window=select.window, every=every)]


def _interpolated(chosen: Preparation) -> str:
    settings = chosen.interpolate
    model = cite("zhou2011tim") if settings.method in ("tim", "auto") else ""
    low = " after a low-pass filter over time" * settings.prefilter
    return (
        f"Every clip was brought to {settings.length} frames of {settings.size} x {settings.size} "
        f"px by {INTERPOLATED[settings.method]}{model}{low}."
    )


def _flow(chosen: Preparation) -> str:
    flow = chosen.flow
    method = "merflow's method for small motion" if flow.method == "merflow" else flow.method
    scale = (
        "divided by the distance of the eyes"
        if flow.scale == "eye-distance"
        else "stretched to the range of each clip"
    )
    return (
        "The optical flow from onset to apex was computed by "
        f"{method}{cite(FLOWS.get(flow.method))}, {scale}, and reduced to {flow.size} x "
        f"{flow.size} px (horizontal, vertical, strain)."
    )
