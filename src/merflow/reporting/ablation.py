"""Ablation tables of grids: one row for each combination, a column for each setting."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from merflow.config.grid import Grids, base_of
from merflow.evaluation.schema import records
from merflow.reporting.effects_table import FEW, PAIRED, effect_cells
from merflow.reporting.results_table import Line, Wide
from merflow.reporting.table import Heading, Table
from merflow.reporting.table_text import number, part_name, spread

if TYPE_CHECKING:
    from pandas import DataFrame

UNMARKED = (
    "No row is marked as best: the best of several on this table would be chosen on the test "
    "subjects. `nested: true` adds a row x* that is chosen on training subjects."
)


def ablations(tables: Sequence[Wide], effects: "DataFrame", grids: Grids) -> list[Table]:
    """Return a table for each grid of the config."""
    of_row = {(e.experiment, e.factor): e for e in records(effects)}
    made = []
    for table in tables:
        bases: dict[str, list[Line]] = {}
        for line in table.lines:
            if line.experiment in grids:
                bases.setdefault(grids[line.experiment].base, []).append(line)
        for base, lines in bases.items():
            if len({line.experiment for line in lines}) > 1:
                chosen = [x for x in table.lines if (x.experiment, x.factor) == (base, "x*")]
                made.append(_ablation(base, table, [*lines, *chosen], of_row, grids))
    return made


def _ablation(
    base: str,
    table: Wide,
    lines: Sequence[Line],
    effects: Mapping[tuple[str, str], Any],
    grids: Grids,
) -> Table:
    paths = list(grids[lines[0].experiment].values)
    short = [path.rpartition(".")[2] for path in paths]
    axes = short if len({*short}) == len(paths) else paths
    head = [*axes, "factor"]
    for part in table.parts:
        head += [f"{part_name(part)} UF1", f"{part_name(part)} UAR"]
    head += ["against the first", "p"]
    body = []
    for line in lines:
        values = grids[line.experiment].values if line.experiment in grids else {}
        cells = [str(values.get(path, "chosen inside")) for path in paths] + [line.factor]
        for part in table.parts:
            cell = line.cells[part]
            cells.append(number(cell.uf1) + spread(cell.uf1_sd))
            cells.append(number(cell.uar) + spread(cell.uar_sd))
        effect = effects.get((line.experiment, line.factor))
        same = effect is not None and base_of(grids, effect.against) == base
        body.append([*cells, *(effect_cells(effect)[:2] if same else ["", ""])])
    notes = [f"Against the first: full UF1, the same factor. {PAIRED}.", UNMARKED]
    if any("†" in row[-2] for row in body):
        notes.append(FEW)
    columns = [Heading(name, number=place > len(axes)) for place, name in enumerate(head)]
    return Table(f"{base}: {' x '.join(axes)}", columns, body, (), notes)
