"""Settings of the stages between raw frames and the input of a network; a part of `settings`."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from merflow.config.values import PathText, Region, later

BAND_KEYS = ("high_hz", "iir", "iir_hz")
"""Earlier keys of `magnify` in place of which `band_hz` stands."""


class Tree(BaseModel):
    """Base of every settings section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def fingerprint(self) -> dict[str, Any]:
        """Return the section as it enters fingerprints, JSON-able."""
        return self.model_dump(mode="json")


class Align(Tree):
    """Face detection and alignment."""

    strategy: Literal["stable", "first", "frame"] = "stable"
    """How frames are aligned. `stable` finds one transform for the whole clip and then removes
    rigid head motion; `first` uses the transform alone, so head motion stays; `frame` aligns each
    frame by its own landmarks, which destroys the small movements and is for comparison only."""
    points: Literal[5, 68] = 5
    """Number of landmarks found on the face. `hull_mask` needs 68. The data that the 68-point model
    was trained on (300-W) exclude commercial use."""
    model: PathText = ""
    """File of the landmark model. Empty: the model of the installed package."""
    reference_frames: int = Field(5, ge=1, le=50)
    """Number of frames at the start of a clip in which the face is searched. A clip without a face
    in them is skipped. More frames take longer."""
    min_frames: int = Field(3, ge=1)
    """Clips with fewer frames are skipped."""


class Crop(Tree):
    """From the aligned image to a square of the face."""

    region: Region = "whole"
    """Part of the face that is cut out, as a square: a name, or the smallest square around a list
    of names and landmarks, as `[brows, eyes]` or `[17, 19, 24, 26]`. Landmarks are those of the 68
    points, from 0, and need `align.points: 68`."""
    colour: Literal["grey", "rgb"] = "grey"
    """Colour of the frames. With `rgb` a network can tell the datasets apart by colour, which
    raises scores on pooled datasets for the wrong reason."""
    margin: float = Field(0.1, ge=0, le=1)
    """Room left around the region, as a share of its side."""
    working_size: int = Field(256, ge=32, le=1024)
    """Side (px) of the square that is magnified. The time and memory of magnification grow with its
    square."""
    hull_mask: bool = False
    """Paint everything outside the outline of the face black. Needs `align.points: 68`."""


class Magnify(Tree):
    """Motion magnification."""

    method: Literal["phase", "linear", "lagrangian"] = "phase"
    """`phase` (Eulerian) shifts every band of a pyramid by the displacement its phase shows: for
    most studies, since changes of light are not taken for motion. `lagrangian` moves the pixels, in
    colour too: as true to real faces, faster, but a spot of light counts as motion. `linear` (Wu
    2012) amplifies changes of intensity and never delivers the factor: only for comparison with
    published work."""
    band_hz: tuple[float, float] | None = None
    """Lowest and highest frequency (Hz) of the motion that is magnified. A lowest frequency of 0
    keeps slow motion, also an expression that does not return to neutral. Above 0, for `linear`
    only, the recursive band-pass of the literature is used. Empty: 0 to 15 Hz, at most 0.4 times
    the frame rate."""
    lambda_c: float = Field(16, gt=0)
    """Cut-off wavelength (px) of `linear`: finer structures are magnified less."""
    remove_flicker: bool = True
    """Remove changes of brightness of the whole image before magnification. Without this they are
    magnified too."""

    @model_validator(mode="before")
    @classmethod
    def _one_band(cls, raw: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        """Refuse the earlier keys of the band, showing the new one; empty ones ask for nothing.

        Context `saved`: read them, for a model that an earlier version saved.
        """
        if not isinstance(raw, Mapping):
            return raw
        old = {key: raw[key] for key in BAND_KEYS if raw.get(key) is not None}
        rest = {key: value for key, value in raw.items() if key not in BAND_KEYS}
        if not old:
            return rest
        bands = {key: _band(key, value) for key, value in old.items()}
        if info.context == "saved" and None not in bands.values():
            return rest | {"band_hz": next(iter(bands.values()))}
        raise ValueError("; ".join(f"{key} is now {_new_form(key, old[key])}" for key in old))

    @model_validator(mode="after")
    def _band_fits(self) -> "Magnify":
        low, high = self.band_hz or (0, 1)
        if not 0 <= low < high < math.inf:
            raise ValueError(f"band_hz: found [{low:g}, {high:g}]; the lower first, 0 or above")
        if low and self.method != "linear":
            raise ValueError(
                f"band_hz: found [{low:g}, {high:g}] for method {self.method}; "
                "method: linear, or 0 as the lowest frequency"
            )
        return self

    def fingerprint(self) -> dict[str, Any]:
        """Return the section with the earlier keys of the band, so that no result reruns."""
        kept = self.model_dump(mode="json", exclude={"band_hz"})
        low, high = self.band_hz or (0, None)
        band = (
            {"high_hz": None, "iir": None, "iir_hz": [high, low]}
            if low
            else {"high_hz": high, "iir": None, "iir_hz": None}
        )
        return {"method": kept.pop("method"), **band, **kept}


def _band(key: str, value: Any) -> tuple[float, float] | None:  # noqa: ANN401
    """Return `band_hz` for a value in Hz of an earlier key; None for one that is not in Hz."""
    try:
        low, high = (0, value) if key == "high_hz" else reversed(value)
        return None if key == "iir" else (float(low), float(high))
    except (TypeError, ValueError):
        return None


def _new_form(key: str, value: Any) -> str:  # noqa: ANN401
    """Return how `band_hz` expresses the value of an earlier key."""
    if band := _band(key, value):
        return f"band_hz: [{band[0]:g}, {band[1]:g}]"
    text = "band_hz: [lowest, highest] in Hz"
    try:
        low, high = sorted(-100 / math.pi * math.log(max(1 - float(r), 1e-9)) for r in value)
    except (TypeError, ValueError):
        return text
    return (
        f"{text}; a coefficient r is -fps ln(1 - r) / (2 pi) Hz, so at 200 frames per second "
        f"write band_hz: [{low:.4g}, {high:.4g}]"
    )


class Select(Tree):
    """Frames that go on to interpolation."""

    frames: Literal["all", "windows", "apex-nine", "onset-apex"] = "all"
    """`all` takes every frame; `windows` takes frames around onset, apex and offset; `apex-nine`
    takes nine frames anchored at the apex; `onset-apex` takes the frames from onset to apex."""
    window: int = Field(5, ge=1)
    """Number of frames that `windows` takes around each key frame."""
    every: int = Field(0, ge=0)
    """`windows` also takes every n-th other frame. 0 takes none of them."""


class Interpolate(Tree):
    """From any number of frames to a fixed length, and to the input size of the network."""

    method: Literal["tim", "linear", "nearest", "auto"] = "tim"
    """`tim` is the temporal interpolation model; `linear` blends two neighbouring frames; `nearest`
    repeats or drops frames; `auto` takes `linear` for clips that move by more than 2.5 px of the
    resized frames from one frame to the next, and `tim` for the others."""
    length: int = Field(10, ge=1, le=300)
    """Number of frames of a network's input."""
    size: int = Field(64, ge=8, le=512)
    """Side (px) of a network's input."""
    prefilter: bool = False
    """Low-pass each pixel in time before a clip is shortened, so that fast motion is not
    aliased."""


class Flow(Tree):
    """Optical flow from onset to apex in place of frames."""

    method: Literal["merflow", "tvl1", "farneback", "dis"] = "merflow"
    """How motion is measured. `merflow` is made for small motion and changing light; `tvl1` has the
    settings of the field's public recipes, for comparison with published work; `farneback` and
    `dis` are faster. docs/flow.md compares them on known motion."""
    size: int = Field(28, ge=8, le=224)
    """Side (px) of the flow image."""
    scale: Literal["eye-distance", "clip"] = "eye-distance"
    """Unit of the flow. `eye-distance` keeps strong and weak movements apart; `clip` stretches each
    clip to its own range, so their strength is lost."""

    def fingerprint(self) -> dict[str, Any]:
        """Return the section without the default method, so that no result reruns."""
        kept = self.model_dump(mode="json")
        return (
            kept if self.method != "merflow" else {k: v for k, v in kept.items() if k != "method"}
        )


class Windows(Tree):
    """Windows of long recordings, for spotting: optical flow over k frames, brows and mouth."""

    method: Literal["merflow", "tvl1", "farneback", "dis"] = "tvl1"
    """How motion is measured, as in `flow.method`. `tvl1` is that of the published spotter and
    takes 0.2 s a window on one core, `merflow` a tenth of it."""
    every: int = Field(1, ge=1)
    """Frames from the start of one window to the start of the next. Scores between them are
    interpolated."""


class Preparation(Tree):
    """The stages' settings from aligned frames to the input of a network, under one name."""

    kind: Literal["frames", "flow"] = "frames"
    """Input that is made: a video of `frames`, or one image of optical `flow`. A network takes one
    of the two."""
    crop: Crop = Crop()
    """Settings of the crop stage."""
    magnify: Magnify = Magnify()
    """Settings of the magnify stage."""
    select: Select = Select()
    """Settings of the frame selection before interpolation."""
    interpolate: Interpolate = Interpolate()
    """Settings of the interpolate stage."""
    flow: Flow = Flow()
    """Settings of the flow stage, for `kind: flow`."""
    windows: Windows = later(Windows())
    """Settings of the windows of long recordings, for `spotting`."""
    difference: Literal["none", "onset"] = "none"
    """`onset` subtracts the onset frame from every frame and adds 128 grey levels, so that only
    changes remain."""
