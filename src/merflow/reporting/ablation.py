"""Ablation tables of grids: one row for each combination, a column for each setting."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merflow.config.display_names import NO_LABELS, Shown
from merflow.config.grid import Grids, base_of
from merflow.evaluation.columns import ABLATION, ablation_columns
from merflow.evaluation.schema import records
from merflow.reporting.captions import number, part_name, spread
from merflow.reporting.effects_table import FEW, PAIRED, effect_cells
from merflow.reporting.results_table import Line, Wide
from merflow.reporting.table import Cell, Heading, Table

if TYPE_CHECKING:
    from pandas import DataFrame

UNMARKED = (
    "No row is marked as best: the best of several on this table would be chosen on the test "
    "subjects. `nested: true` adds a row x* that is chosen on training subjects."
)


def ablations(
    tables: Sequence[Wide], effects: "DataFrame", grids: Grids, names: Shown = NO_LABELS
) -> list[Table]:
    """Return a table for each grid of the config; names: display names of experiments."""
    of_row = {(e.experiment, e.factor): e for e in records(effects)}
    made = []
    for table in tables:
        bases: dict[str, list[Line]] = {}
        for line in table.lines:
            if line.experiment in grids:
                bases.setdefault(grids[line.experiment].base, []).append(line)
        for base, lines in bases.items():
            if len({line.experiment for line in lines}) > 1:
                paths = list(grids[lines[0].experiment].values)
                chosen = [x for x in table.lines if (x.experiment, x.factor) == (base, "x*")]
                frame = ablation_frame([*lines, *chosen], paths, list(table.parts), of_row, grids)
                made.append(ablation_table(names.get(base, base), frame, paths, list(table.parts)))
    return made


def ablation_frame(
    lines: Sequence[Line],
    paths: Sequence[str],
    parts: Sequence[str],
    effects: Mapping[tuple[str, str], Any],
    grids: Grids,
) -> "DataFrame":
    """Return the rows of one grid: values of its settings, scores, effect against the first."""
    rows = []
    for line in lines:
        values = grids[line.experiment].values if line.experiment in grids else {}
        row = {"experiment": line.experiment, "factor": line.factor, "note": ""}
        row |= {path: str(values.get(path, "chosen inside")) for path in paths}
        for part, cell in line.cells.items():
            names = [f"{score}{end}" for score in ("uf1", "uar") for end in ("", "_sd")]
            row |= {f"{part}_{name}": getattr(cell, name) for name in names}
        effect = effects.get((line.experiment, line.factor))
        row |= dict.fromkeys(("difference", "lo", "hi", "p_holm"), math.nan)
        if effect and base_of(grids, effect.against) == base_of(grids, line.experiment):
            row |= {name: getattr(effect, name) for name in ABLATION.names}
        rows.append(row)
    return ABLATION.plus(*ablation_columns(paths, parts)).frame(rows)


def ablation_table(
    base: str, frame: "DataFrame", paths: Sequence[str], parts: Sequence[str]
) -> Table:
    """Return the rows of one grid as printed."""
    short = [path.rpartition(".")[2] for path in paths]
    axes = short if len({*short}) == len(paths) else paths
    scores = [(part, score) for part in parts for score in ("uf1", "uar")]
    columns = [Heading(name, number=False) for name in [*axes, "factor"]]
    columns += [
        Heading(f"{part_name(part)} {score.upper()}", spare=part != "full")
        for part, score in scores
    ]
    columns += [Heading("against the first"), Heading("p (Holm)")]
    body = []
    for _, row in frame.iterrows():
        names = [f"{part}_{score}" for part, score in scores]
        figures = [
            Cell(number(row[name]), float(row[name]), "", spread(row[f"{name}_sd"]))
            for name in names
        ]
        effect = ["", ""] if math.isnan(row.difference) else effect_cells(row)
        body.append([*row[list(paths)], row.factor, *figures, *effect])
    notes = [f"Against the first: full UF1, the same factor. {PAIRED}.", UNMARKED]
    notes += [FEW] if frame["note"].any() else []
    anchor = re.sub(r"[^A-Za-z0-9]+", "-", f"grid-{base}").strip("-").lower()
    return Table(f"{base}: {' x '.join(axes)}", columns, body, (), notes, anchor=anchor)
