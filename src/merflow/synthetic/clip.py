"""A demo clip before it is drawn: everything the renderer and the writers need."""

from dataclasses import dataclass, field

from merflow.clip import ClipKey

RENDER_VERSION = 1
"""Raise it when a change of this package changes a pixel: demos are then drawn again."""

NEUTRAL = "neutral"
CLASSES = ("negative", "positive", "surprise")


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The difficulty of the demo: the size of the movement, and everything that hides it.

    Lengths are px of a 640x480 frame; other frame sizes scale them by their height.
    """

    amplitude_px: tuple[float, float] = (0.25, 0.9)
    """Smallest and largest peak displacement of an expression (px)."""
    noise: float = 1.8
    """Standard deviation of the sensor noise (grey levels)."""
    flicker: float = 0.003
    """Standard deviation of the brightness from frame to frame (share)."""
    drift_px: float = 1.2
    """Largest shift of the head within a clip (px)."""
    roll_degrees: float = 0.15
    """Largest roll of the head within a clip (degrees)."""
    turn_degrees: float = 0.12
    """Largest change of yaw and of pitch within a clip (degrees)."""
    pose_degrees: tuple[float, float] = (4.0, 2.5)
    """Largest constant yaw and pitch of a clip (degrees)."""
    distractor_px: tuple[float, float] = (0.10, 0.35)
    """Smallest and largest peak displacement of the distractors (px)."""
    distractors: int = 2
    """Distractors per clip: movements without meaning, at random places of the face."""
    blink_share: float = 0.25
    """Share of clips with a blink."""
    crease: float = 0.010
    """Darkening of an expression's creases (share of brightness per px of movement)."""
    variation: float = 0.35
    """Largest relative change of each action unit's strength, and of left against right."""


@dataclass(frozen=True, slots=True)
class DemoClip:
    """One clip to draw. Frame numbers are those of the dataset's sheet."""

    dataset: str
    subject: str
    """As the dataset's folders and sheet write it."""
    clip: str
    """As the dataset's folders and sheet write it."""
    key: ClipKey
    """As merflow and the official lists write it."""
    emotion: str
    """The emotion as the dataset's sheet writes it; empty for a clip without one."""
    expression: str
    """The drawn class: negative, positive, surprise, other or neutral."""
    units: tuple[tuple[str, float], ...]
    """Drawn action units with their strengths: ('12', 1.0), ('L14', 0.6)."""
    action_units: str
    """The sheet's cell."""
    objective: int
    """Objective class 1..7 of the sheet; 0: the dataset has none."""
    onset: int
    apex: int
    offset: int
    fps: float
    size: tuple[int, int]
    """Frame width and height (px)."""
    unit: float
    """Half the distance between the pupils (px)."""
    amplitude_px: float
    """Peak displacement at the apex, in px of this frame."""
    person: int
    """Seed of the identity."""
    seed: int
    """Seed of everything that differs between clips of one subject."""
    grey: bool = False
    difficulty: Difficulty = field(default=Difficulty())
    extra: tuple[tuple[str, str], ...] = ()
    """Names and values that only the writer of this dataset needs."""

    @property
    def numbers(self) -> range:
        """Frame numbers on disk, onset to offset."""
        return range(self.onset, self.offset + 1)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.numbers)
