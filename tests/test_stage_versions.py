"""A stage whose output changes for the same input must raise its version, or nothing is redone.

Coarse means, the same on every machine, are kept in stage_versions.json. After a change that is
meant: raise the stage's number in `recipes.STAGE_VERSION`, then `python tests/test_stage_versions.py`.
"""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_makers import HAPPY, arrays_of, demo_clip

from merflow.align import align_clip
from merflow.crop import crop_clip
from merflow.faces import Finder
from merflow.flow import flow_picture
from merflow.interpolate import interpolate_clip
from merflow.magnify import magnify_clip
from merflow.prepare import prepare_clip
from merflow.recipes import STAGE_VERSION
from merflow.settings import Align, Crop, Flow, Magnify, Preparation

KEPT = Path(__file__).parent / "golden" / "stage_versions.json"
CELLS = 6
"""Means are taken over this many cells a side."""
SLACK = 0.05
"""Largest difference that another machine's arithmetic may make (grey levels, or their like)."""


@cache
def aligned():
    return align_clip(arrays_of(demo_clip(HAPPY, frames=14)), Align(), Finder(5))


@cache
def cropped():
    return crop_clip(aligned(), Crop(working_size=96))


def magnified(method="phase"):
    return magnify_clip(cropped(), Magnify(method=method), 10.0)


MAKERS = {
    "align": ("align", lambda: aligned().frames),
    "crop": ("crop", lambda: cropped().frames),
    "magnify phase": ("magnify", lambda: magnified().frames),
    "magnify linear": ("magnify", lambda: magnified("linear").frames),
    "magnify lagrangian": ("magnify", lambda: magnified("lagrangian").frames),
    "interpolate": (
        "interpolate",
        lambda: prepare_clip(cropped(), Preparation(), interpolate_clip).frames,
    ),
    "flow": ("flow", lambda: 1000 * flow_picture(cropped(), Flow())[None].astype(np.float32)),
}


def outline(frames: np.ndarray) -> list[float]:
    """Return the cells' means of the middle picture and of its change since the first."""
    middle = frames[len(frames) // 2].astype(np.float32)
    change = np.abs(middle - frames[0].astype(np.float32))
    cells = [cv2.resize(p, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for p in (middle, change)]
    return [round(float(value), 2) for value in np.ravel(cells)]


@pytest.mark.parametrize("name", MAKERS)
def test_an_output_changes_only_with_its_stages_version(name):
    stage, make = MAKERS[name]
    kept = json.loads(KEPT.read_text())[name]
    assert STAGE_VERSION[stage] == kept["version"], f"write {KEPT.name} again (see the docstring)"
    apart = np.abs(np.subtract(outline(make()), kept["means"])).max()
    assert apart <= SLACK, f"{name} changed by {apart:.2f}: raise STAGE_VERSION[{stage!r}]"


def write() -> None:
    rows = {
        name: {"version": STAGE_VERSION[stage], "means": outline(make())}
        for name, (stage, make) in MAKERS.items()
    }
    lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write()
