"""Settings of key-frame noise; a part of `settings`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from merflow.config.stage_settings import Tree
from merflow.config.values import Seed, each_once

Frames = Annotated[int, Field(ge=0, le=1000)]
"""Frames at 200 frames per second."""


class Variant(NamedTuple):
    """One way to move the tested clips: by a distance (frames at 200 per second), or no apex."""

    distance: int
    apex: str = "annotated"

    @property
    def file(self) -> str:
        """The name of its file of predictions."""
        return (
            "pooled_apex_unknown.csv" if self.apex == "unknown" else f"pooled_{self.distance}.csv"
        )


def variants(distances: Sequence[int], apex: str) -> list[Variant]:
    """Return the variants of the tested clips: distances ascending, then the unknown apex."""
    found = [Variant(distance) for distance in sorted({0, *distances})]
    return found + ([Variant(0, "unknown")] if apex == "unknown" else [])


class KeyFrameNoise(Tree):
    """Scores with moved key frames, beside each run: how much they depend on the annotation."""

    test: Annotated[tuple[Frames, ...], AfterValidator(each_once)] = ()
    """Distances by which onset, apex and offset of the tested clips move (frames at 200 frames per
    second), earlier or later at random. 0, the plain run, is always among them. The list alone may
    stand in place of this section: `key_frame_noise: [0, 1, 2, 3, 5, 8]`."""
    training: Annotated[tuple[Frames, ...], AfterValidator(each_once)] = ()
    """Distances by which the key frames of the training clips move. Every fold is trained again for
    each of them; 0, the trained run itself, is always among them."""
    apex: Literal["annotated", "unknown"] = "annotated"
    """`unknown` adds a row in which the apex of the tested clips is the middle of onset and offset,
    as for clips without an annotated apex."""
    seed: Seed = 0
    """Seed of the directions. A clip moves the same way at every distance."""

    @model_validator(mode="before")
    @classmethod
    def _list_alone(cls, given: Any) -> Any:  # noqa: ANN401
        """Take a list as the distances of the tested clips."""
        return given if isinstance(given, Mapping | cls) else {"test": given}

    @property
    def asked(self) -> bool:
        """Whether there is anything to compute."""
        return bool(self.test or self.training or self.apex == "unknown")

    @property
    def variants(self) -> list[Variant]:
        """The variants of the tested clips; the plain run is the first."""
        return variants(self.test, self.apex)

    @property
    def training_levels(self) -> list[int]:
        """Distances of the training clips, 0 included, ascending."""
        return sorted({0, *self.training})
