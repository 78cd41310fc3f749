"""System C's leak as an oracle: regions by annotated action units."""

import ast
from pathlib import Path

import numpy as np
import pytest

import merflow
from merflow.evaluation.audit.unit_regions import box, cut, guess_by_region, region_of


@pytest.mark.parametrize(
    ("cell", "region"),
    [
        ("4", "eyes"), ("R43", "eyes"), ("L4+12", "eyes"), ("12", "mouth"), ("R12A + L15B", "mouth"),
        ("1+2", "brows"), ("1,2,25", "brows"), ("6", "cheeks"), ("9", "cheeks"), ("6+12", "mouth"),
        ("1+7", "eyes"), ("", "whole"), ("?", "whole"), ("25+26", "whole"), ("AD31", "whole"),
    ],
)  # fmt: skip
def test_the_first_line_of_system_cs_rule_wins(cell, region):
    assert region_of(cell) == region


def test_the_whole_face_is_the_whole_square_and_parts_lie_where_they_belong():
    rows, columns = box("whole", 64, 0.1)
    assert (rows, columns) == (slice(0, 64), slice(0, 64))
    middle = {n: sum(box(n, 64, 0.1)[0].indices(64)[:2]) / 2 for n in ("brows", "eyes", "mouth")}
    assert middle["brows"] < middle["eyes"] < 32 < middle["mouth"]
    wide = box("mouth", 64, 0.1)
    assert wide[0].stop - wide[0].start <= 41 and wide[1].start == 64 - wide[1].stop


def test_each_clip_is_cut_to_its_own_region_and_keeps_its_shape():
    x = np.zeros((3, 2, 32, 32, 1), np.uint8)
    x[:, :, 25:] = 200  # the lower part: mouth and chin
    made = cut(x, ["whole", "mouth", "brows"], 0.1)
    assert made.shape == x.shape and made.dtype == np.uint8
    np.testing.assert_array_equal(made[0], x[0])
    assert made[1].mean() > 1.3 * x[1].mean() and made[2].max() == 0


def test_the_region_alone_predicts_the_commonest_class_of_its_training_clips():
    train, labels = ["eyes", "eyes", "brows", "eyes", "mouth"], [0, 0, 2, 1, 1]
    found = guess_by_region(train, labels, ["eyes", "brows", "mouth", "cheeks"], 3)
    assert found.tolist() == [0, 2, 1, 0], "a region without training clips: the commonest of all"


def test_nothing_but_the_oracle_uses_it():
    users = set()
    for path in Path(merflow.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "unit_regions" in (node.module or ""):
                users.add(path.name)
    assert users == {"region_oracle.py"}
