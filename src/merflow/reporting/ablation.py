"""What lists in the config were tried for: one row a combination, a column each setting."""

from collections.abc import Mapping, Sequence

from merflow.evaluation.effects import Effect
from merflow.evaluation.run_id import grid_base, grid_values
from merflow.reporting.effects_table import FEW, PAIRED, effect_cells
from merflow.reporting.results_table import Line, Wide
from merflow.reporting.table import SideTable
from merflow.reporting.table_text import number, part_name, spread

UNMARKED = (
    "No row is marked as best: the best of several on this table would be chosen on the test "
    "subjects. `nested: true` adds a row x* that is chosen on training subjects."
)


def ablations(tables: Sequence[Wide], effects: Sequence[Effect]) -> list[SideTable]:
    """Return a table for each set of experiments that lists in the config made."""
    of_row = {(e.experiment, e.factor): e for e in effects}
    made = []
    for table in tables:
        bases: dict[str, list[Line]] = {}
        for line in table.lines:
            if grid_values(line.experiment):
                bases.setdefault(grid_base(line.experiment), []).append(line)
        for base, lines in bases.items():
            if len({line.experiment for line in lines}) > 1:
                chosen = [x for x in table.lines if (x.experiment, x.factor) == (base, "x*")]
                made.append(_ablation(base, table, [*lines, *chosen], of_row))
    return made


def _ablation(
    base: str, table: Wide, lines: Sequence[Line], effects: Mapping[tuple[str, str], Effect]
) -> SideTable:
    axes = list(dict.fromkeys(key for line in lines for key in grid_values(line.experiment)))
    head = [*axes, "factor"]
    for part in table.parts:
        head += [f"{part_name(part)} UF1", f"{part_name(part)} UAR"]
    head += ["against the first", "p"]
    body = []
    for line in lines:
        values = grid_values(line.experiment)
        cells = [values.get(axis, "chosen inside") for axis in axes] + [line.factor]
        for part in table.parts:
            cell = line.cells[part]
            cells.append(number(cell.uf1) + spread(cell.uf1_sd))
            cells.append(number(cell.uar) + spread(cell.uar_sd))
        effect = effects.get((line.experiment, line.factor))
        same = effect is not None and grid_base(effect.against) == base
        body.append([*cells, *(effect_cells(effect)[:2] if same else ["", ""])])
    notes = [f"Against the first: full UF1, the same factor. {PAIRED}.", UNMARKED]
    if any("†" in row[-2] for row in body):
        notes.append(FEW)
    return SideTable(f"{base}: {' x '.join(axes)}", head, body, len(axes) + 1, notes)
