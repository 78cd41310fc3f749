"""The stages of the workflow in their order. Data only, low enough for every package to read.

Fingerprints, store checks, paths, resources, cleanup and the command line follow this table. A new
stage between raw frames and the packed file is one line here (docs/add_a_stage.md).
"""

from typing import NamedTuple


class Cost(NamedTuple):
    """Peak memory: base + factor x longest clip read (MB). seconds: of one core per frame."""

    base: int
    factor: float
    seconds: float


class Stage(NamedTuple):
    """One stage of the workflow.

    name: its command, and its section of the settings. version: raise it when the output changes
    for the same input; the stage then reruns. folder: where its files lie below results/; empty
    for a step without files of its own. only: the preparations or factors that have the stage:
    `frames` or `flow` (kind of preparation), `factor` (all factors but x1), `windows` (recordings
    of `spotting`, after which no stage follows), empty for all.
    """

    name: str
    version: int
    folder: str = ""
    cost: Cost = Cost(0, 0, 0)
    only: str = ""


# Costs are a quarter or more above the measurements; a retried job gets twice the memory.
STAGES = (
    Stage("align", 4, "aligned", Cost(200, 4, 0.03)),
    Stage("crop", 2, "cropped", Cost(150, 2, 0.01)),
    Stage("windows", 1, "windows", Cost(500, 1, 0.25), only="windows"),
    Stage("magnify", 5, "magnified", Cost(200, 12, 0.03), only="factor"),
    Stage("select", 2, only="frames"),  # The first step of interpolate.
    Stage("interpolate", 3, "interpolated", Cost(150, 2, 0.005), only="frames"),
    Stage("flow", 1, "flow", Cost(150, 2, 0.02), only="flow"),
    Stage("pack", 4, "packed", Cost(150, 2, 0.001)),
    Stage("split", 1),
    Stage("train", 7),
    Stage("score", 3),
    Stage("table", 7),
    Stage("report", 7),
    Stage("spot", 1),
    Stage("recognise", 1),
)
NAMES = tuple(stage.name for stage in STAGES)
WITH_FILES = tuple(stage for stage in STAGES if stage.folder)
"""From align to pack, in their order."""


KINDS = ("frames", "flow", "windows")


def stage_named(name: str) -> Stage:
    """Return a stage by name."""
    return STAGES[NAMES.index(name)]


def pipeline(kind: str, factor: str, until: str = "pack") -> list[Stage]:
    """Return the stages that a clip goes through, from align up to and including `until`.

    kind: `frames` or `flow`, of the preparation; a stage of another kind as `until` wins.
    factor: `x1` leaves out magnification.
    """
    last = NAMES.index(until)
    kind = STAGES[last].only if STAGES[last].only in KINDS else kind
    passed = {"", kind, "" if factor == "x1" else "factor"}
    return [stage for stage in STAGES[: last + 1] if stage.only in passed]


def stage_before(name: str, factor: str) -> Stage:
    """Return the stage whose store a stage reads, at one factor."""
    return [s for s in pipeline("frames", factor, name) if s.folder and s.name != name][-1]


def sources(name: str) -> tuple[str, ...]:
    """Return the stages whose stores a stage may read, in their order."""
    return tuple(dict.fromkeys(stage_before(name, factor).name for factor in ("x1", "other")))


def has_factor(name: str) -> bool:
    """Return whether a stage's files differ between factors: magnification and all stages after."""
    return NAMES.index(name) >= NAMES.index("magnify")
