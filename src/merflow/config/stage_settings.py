"""The settings of the stages from raw frames to what a network sees; part of `settings`' tree."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Tree(BaseModel):
    """Base of every settings section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Align(Tree):
    """Face detection and alignment."""

    strategy: Literal["stable", "first", "frame"] = Field(
        "stable",
        description="stable: one transform per clip, then rigid drift removed; first: the one "
        "transform alone; frame: per-frame landmarks (destroys the signal, for comparison).",
    )
    points: Literal[5, 68] = Field(5, description="Landmark model: 5 or 68 points.")
    model: str = Field("", description="Landmark model file; empty: the installed package's.")
    reference_frames: int = Field(
        5, ge=1, le=50, description="First frames in which the face is looked for (frames)."
    )
    min_frames: int = Field(3, ge=1, description="Shorter clips are skipped (frames).")


class Crop(Tree):
    """From the aligned picture to a square of the face."""

    region: Literal["whole", "eyes", "mouth"] = Field("whole", description="Part of the face.")
    colour: Literal["grey", "rgb"] = Field(
        "grey", description="Grey by default: colour tells the datasets apart."
    )
    margin: float = Field(
        0.1, ge=0, le=1, description="Room around the region (share of its side)."
    )
    working_size: int = Field(
        256, ge=32, le=1024, description="Side of the square that is magnified (px)."
    )
    hull_mask: bool = Field(False, description="Black outside the outline of the face.")


class Magnify(Tree):
    """Motion magnification."""

    method: Literal["phase", "linear", "lagrangian"] = Field(
        "phase", description="phase: Riesz pyramid (Eulerian); linear: Wu 2012; lagrangian: warp."
    )
    high_hz: float | None = Field(
        None, gt=0, description="Fastest motion kept (Hz); empty: min(15 Hz, 0.4 fps)."
    )
    iir: tuple[float, float] | None = Field(
        None,
        description="linear only: the literature's two recursive coefficients per frame "
        "(r1, r2) in place of the temporal operator.",
    )
    iir_hz: tuple[float, float] | None = Field(
        None, description="linear only: the same two cut-offs given in Hz."
    )
    lambda_c: float = Field(16, gt=0, description="linear only: cut-off wavelength (px).")
    remove_flicker: bool = Field(True, description="Take out global light changes first.")


class Select(Tree):
    """Which frames go on to interpolation."""

    frames: Literal["all", "windows", "apex-nine", "onset-apex"] = Field(
        "all", description="all; windows round the key frames; nine apex-anchored; onset to apex."
    )
    window: int = Field(5, ge=1, description="windows: frames kept round each key frame.")
    every: int = Field(0, ge=0, description="windows: also every n-th other frame; 0: none.")


class Interpolate(Tree):
    """From any number of frames to a fixed length, and to the network's size."""

    method: Literal["tim", "linear", "nearest"] = Field("tim", description="Interpolation.")
    length: int = Field(10, ge=1, le=300, description="Frames a network sees.")
    size: int = Field(64, ge=8, le=512, description="Side of the picture a network sees (px).")
    prefilter: bool = Field(False, description="Low-pass in time before shortening.")


class Flow(Tree):
    """Onset-to-apex optical flow in place of frames."""

    size: int = Field(28, ge=8, le=224, description="Side of the flow picture (px).")
    scale: Literal["eye-distance", "clip"] = Field(
        "eye-distance", description="Unit of flow; clip: each clip to its own range."
    )


class Preparation(Tree):
    """A named way from aligned frames to what a network sees."""

    kind: Literal["frames", "flow"] = Field("frames", description="Video stream or flow picture.")
    crop: Crop = Field(Crop(), description="Crop stage.")
    magnify: Magnify = Field(Magnify(), description="Magnify stage.")
    select: Select = Field(Select(), description="Frame selection before interpolation.")
    interpolate: Interpolate = Field(Interpolate(), description="Interpolate stage.")
    flow: Flow = Field(Flow(), description="Flow stage (kind: flow).")
    difference: Literal["none", "onset"] = Field(
        "none", description="onset: the onset frame is subtracted from every frame, and 128 added."
    )
