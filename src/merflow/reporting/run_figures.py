"""A run's pictures as files of their own, the report's drawings: curves, confusion, subjects."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from merflow.evaluation.metrics import confusion
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.run_id import run_of
from merflow.evaluation.score_table import parts_of
from merflow.io.files import write_text
from merflow.reporting.html.markup import Html, el
from merflow.reporting.html.read import Attempts, read_training
from merflow.reporting.html.runs import highest_loss, subjects_drawn, training_drawn
from merflow.reporting.svg_plots import Curve, matrix
from merflow.reporting.table_text import part_name
from merflow.workflow.plan import Plan

GAP, TITLE = 24, 26
Panel = tuple[str, Html]


def draw_run(folder: Path, plan: Plan, pooled: Pooled) -> None:
    """Write the figures of a scored run into its folder."""
    known = read_training(folder, plan.fold_names(run_of(folder).experiment), Attempts())
    write_pictures(folder, pooled, known.curves)


def write_pictures(folder: Path, pooled: Pooled, found: Sequence[Curve]) -> None:
    """Write curves.svg, confusion.svg and subjects.svg of a run."""
    parts = parts_of(pooled)
    matrices = [_matrix(pooled, part) for part in (parts[:1] if len(parts) == 2 else parts)]
    drawn = {
        "curves": _curves(found),
        "confusion": matrices,
        "subjects": [("Clips right of clips, by subject", subjects_drawn(pooled))],
    }
    for name, panels in drawn.items():
        write_text(folder / f"{name}.svg", side_by_side(panels))


def _curves(found: Sequence[Curve]) -> list[Panel]:
    if not found or max(len(curve.epochs) for curve in found) == 1:
        return [("Fitted in one step: no curve", Html('<svg width="300" height="4"></svg>'))]
    return [
        (f"{name}: median and middle 80% of the folds", drawn)
        for name, drawn in training_drawn(found, highest_loss(found))
    ]


def _matrix(pooled: Pooled, part: str) -> Panel:
    rows = pooled.part(part)
    counts = confusion(rows.truth, rows.predicted, len(pooled.classes))
    name = f"{part_name(part)}, {len(rows.keys)} clips (rows: truth)"
    return name, matrix(counts, pooled.classes, label=name)


def side_by_side(panels: Sequence[Panel]) -> str:
    """Return one SVG file of titled drawings, readable by any viewer (no variables, no scripts)."""
    inside, x, height = [], GAP / 2, 0.0
    for title, drawn in panels:
        wide, tall = (float(re.search(rf'{side}="([\d.]+)"', drawn)[1]) for side in SIDES)
        wide = max(wide, 6.6 * len(title))
        inside.append(el("text", title, x=x, y=17, class_="b"))
        inside.append(drawn.replace("<svg ", f'<svg x="{x:g}" y="{TITLE}" ', 1))
        x, height = x + wide + GAP, max(height, TITLE + tall + 8)
    size = f'width="{x:g}" height="{height:g}" viewBox="0 0 {x:g} {height:g}"'
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    style = f"<style>{_style()}</style>"
    body = "".join(inside)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{paper}{body}</svg>\n'


SIDES = (" width", " height")


def _style() -> str:
    """Return the report's rules for drawings, its light colours put in."""
    sheet = (files("merflow.reporting.html") / "report.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"(--[\w-]+): ([^;]+);", sheet[: sheet.index("}")]))
    rules = "".join(line for line in sheet.splitlines() if line.startswith("svg"))
    rules = re.sub(r"var\((--[\w-]+)\)", lambda name: light[name[1]], rules)
    return rules.replace("font-family: inherit", "font-family: sans-serif")
