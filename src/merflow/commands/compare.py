"""`merflow compare`: two tables of predictions on the same clips: which is better, how surely."""

import json as jsonlib
import math
from pathlib import Path
from typing import Literal

from merflow.commands.options import Json
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.evaluation.effects import SAME, SAME_FIX, Row, paired_effects, unlike
from merflow.reporting.effects_table import effects_table
from merflow.reporting.render.text import text
from merflow.workflow.provenance import level_apart
from merflow.workflow.scoring import open_table


def compare(
    first: Path,
    second: Path,
    *,
    scheme: str = "",
    config: Path | None = None,
    megc_log: bool = False,
    metric: Literal["uf1", "uar", "acc"] = "uf1",
    json: Json = False,
) -> None:
    """Compare the predictions SECOND with FIRST, subject by subject, on every part.

    The difference with its 95% interval over subjects, the p of a test that swaps whole subjects
    (Holm-corrected over the parts), and the smallest difference that so many subjects would show
    in a single test, before correction. All are conditional on the trained folds.

    Examples:
        merflow compare results/runs/demo/x1/seed0 results/runs/demo/x10/seed0
        merflow compare theirs.csv ours.csv --scheme three --metric uar

    Args:
        first: Table of predictions, as `merflow score` takes it, or a run's folder: its pooled.csv.
        second: Another on the same clips.
        scheme: Scheme that fixes the classes, by the tables' datasets; without one, or with `raw`,
            they are those found in the tables.
        config: Config file where schemes of your own and `bootstrap` (resamples, else 2,000) stand.
        megc_log: Both are challenge logs.
        metric: Score that is compared.
    """
    settings = load(config) if config else Settings()
    one, other = (
        open_table(_table(p), megc_log=megc_log, scheme=scheme, settings=settings)
        for p in (first, second)
    )
    if found := unlike(one, other, str(first), str(second)):
        raise MerflowError("comparing two tables", found, SAME, SAME_FIX)
    rows = Row("first", ""), Row("second", "")
    runs = {rows[0]: {0: one}, rows[1]: {0: other}}
    found = paired_effects(runs, [rows], metric, resamples=settings.bootstrap)
    if json:
        rows = found.to_dict("records")
        cells = [{name: _given(value) for name, value in row.items()} for row in rows]
        print(jsonlib.dumps(cells, indent=1))
        return
    print("\n" + text([effects_table(f"{second} against {first}", found)]), end="")
    if first.is_dir() and second.is_dir() and (note := level_apart(first, second)):
        print(note)


def _table(path: Path) -> Path:
    """Return a table's path; a run's folder keeps its table as pooled.csv."""
    return path / "pooled.csv" if path.is_dir() else path


def _given(value: object) -> object:
    """Return a value for JSON, which has no NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value
