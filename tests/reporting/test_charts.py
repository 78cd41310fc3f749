"""Inline drawings of the report: every mark inside its drawing, every number where it says."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from merflow.reporting.html.charts import chart
from merflow.reporting.html.environment import environment
from merflow.reporting.html.runs import Bar
from merflow.reporting.training_records import Curve

NAN = math.nan


def size(svg):
    return [float(v) for v in re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups()]


def places(svg):
    """Return all absolute x and y of attributes and of paths made of M, L, H and V."""
    xs = [float(v) for v in re.findall(r' (?:x|x1|x2|cx)="([^"]+)"', svg)]
    ys = [float(v) for v in re.findall(r' (?:y|y1|y2|cy)="([^"]+)"', svg)]
    for way in re.findall(r' d="([^"]+)"', svg):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", way):
            xs.append(float(x))
            ys.append(float(y))
    return xs, ys


def inside(svg):
    width, height = size(svg)
    xs, ys = places(svg)
    return min(xs) >= 0 and max(xs) <= width and min(ys) >= 0 and max(ys) <= height


def draw(name, *arguments):
    return str(getattr(environment().get_template("charts.svg.jinja").module, name)(*arguments))


def cell(value, lo=NAN, hi=NAN):
    return SimpleNamespace(uf1=value, uf1_lo=lo, uf1_hi=hi)


def part(floor, lo=None, hi=None):
    return SimpleNamespace(floor_uf1=floor, guess_uf1_lo=lo, guess_uf1_hi=hi)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("interval", [(0.0, 1.0), (NAN, NAN)])
@pytest.mark.parametrize("band", [(0.2, 0.4), (None, None), (NAN, NAN)])
def test_forest_stays_inside_and_puts_the_score_on_its_scale(value, interval, band):
    svg = draw("forest", cell(value, *interval), part(0.2, *band), "a")
    assert inside(svg) and "nan" not in svg
    width = size(svg)[0]
    assert float(re.search(r'cx="([^"]+)"', svg)[1]) == pytest.approx(
        4 + value * (width - 8), abs=0.1
    )
    assert ('class="range"' in svg) == (not math.isnan(interval[0]))
    assert ('class="guess"' in svg) == (band == (0.2, 0.4))


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_effect_orders_factors_and_draws_higher_scores_higher(count):
    points = [
        (f"x{i}", cell(i / 8, max(0, i / 8 - 0.1), min(1, i / 8 + 0.1)), (i / 8, 0.5))
        for i in range(count)
    ]
    svg = draw("effect", points, part(0.2, 0.25, 0.4), "a")
    assert inside(svg)
    dots = re.findall(r'<circle cx="([^"]+)" cy="([^"]+)" r="4"', svg)
    xs, ys = zip(*((float(x), float(y)) for x, y in dots), strict=True)
    assert list(xs) == sorted(xs) and list(ys) == sorted(ys, reverse=True)
    assert svg.count('r="2"') == 2 * count


def test_subject_bars_are_as_tall_as_their_counts():
    bars = [
        Bar("SMIC", "s01", 3, 4),
        Bar("SMIC", "s02", 0, 8),
        Bar("SMIC", "x" * 40, 1, 1),
    ]
    svg = draw("subject_bars", bars, 30, 8, "a")
    assert inside(svg)
    tall = [float(v) for v in re.findall(r'v-([\d.]+)h[\d.]+v[\d.]+z" class="all"', svg)]
    right = [float(v) for v in re.findall(r'v-([\d.]+)h[\d.]+v[\d.]+z" class="right"', svg)]
    unit = tall[1] / 8
    assert tall == pytest.approx([4 * unit, 8 * unit, unit], abs=0.1)
    assert right == pytest.approx([3 * unit, 0, unit], abs=0.1)
    assert f"{'x' * 40}: 1 of 1 right" in svg and f">{'x' * 40}<" not in svg


def test_curves_hold_gaps_single_epochs_and_long_trainings():
    long = np.arange(1, 2001.0)
    one = Curve("loss", np.array([1.0]), *np.array([[0.5], [0.6], [0.7]]))
    gap = Curve("val_loss", np.arange(1, 4.0), *np.array([[1, NAN, 1], [2, NAN, 2], [3, NAN, 3.0]]))
    many = Curve("loss", long, 1 / long, 1.1 / long, 1.2 / long)
    for series, top in (([one], 0.7), ([gap], 3.0), ([many, gap], 3.0)):
        svg = draw("curves", chart("loss", series, top), "a")
        assert inside(svg) and "nan" not in svg
    assert len(draw("curves", chart("loss", [many], 1.2), "a")) < 6000
