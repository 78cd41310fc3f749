"""Read and write results: the package's own tables, and the CSV of a user."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError, unknown
from merflow.evaluation.literature.columns import (
    CHOICES,
    FACTS,
    JOINED,
    REQUIRED,
    SCORES,
    VALUES,
    Facts,
    Score,
)
from merflow.io.csv_table import CsvTable, csv_text, read_csv, safe_cell
from merflow.io.files import write_text

HERE = Path(__file__).parent
KINDS = {column.name: column.kind for column in JOINED}
MOST = 10**12
"""Largest count that is believed."""


@dataclass(frozen=True)
class Result:
    """A method's result: its facts (text) and its scores (numbers or None), one for each part."""

    facts: Any
    scores: tuple[Any, ...]

    @property
    def unranked(self) -> str:
        """Why the result may not be ranked; empty if it may."""
        reasons = []
        if self.facts.epoch == "test":
            reasons.append("epoch chosen on the test")
        if self.facts.settings == "test":
            reasons.append("settings chosen on the test")
        if not reasons and self.facts.epoch == "unknown":
            reasons.append("choice of epoch not known")
        if not reasons and self.facts.settings == "unknown":
            reasons.append("choice of settings not known")
        if self.facts.verdict in ("inconsistent", "not comparable"):
            reasons.append(self.facts.verdict)
        return ", ".join(reasons)


@functools.cache
def published() -> tuple[Result, ...]:
    """Return the results of the package."""
    facts = _rows(HERE / "results.csv", [c.name for c in FACTS])
    scores = _rows(HERE / "scores.csv", [c.name for c in SCORES])
    known = {row["source"] for _, row in _rows(HERE / "sources.csv", ["source", "title"])}
    by_result: dict[str, list[Any]] = {row["result"]: [] for _, row in facts}
    for where, row in scores:
        if row["result"] not in by_result:
            raise unknown(where, "result", row["result"], by_result)
        by_result[row["result"]].append(_score(where, row))
    for where, row in facts:
        if row["source"] not in known:
            raise unknown(f"{where}, column 'source'", "source", row["source"], known)
    return tuple(
        Result(_facts(where, row), tuple(by_result[row["result"]])) for where, row in facts
    )


@functools.cache
def sources() -> dict[str, str]:
    """Return the sources by their keys, as they are printed."""
    rows = [row for _, row in _rows(HERE / "sources.csv", ["source", "title", "identifier"])]
    return {
        row["source"]: ", ".join(filter(None, (row["title"], row["identifier"]))) for row in rows
    }


def read_results(path: Path) -> list[Result]:
    """Read the results of a user: rows of one result have the same facts."""
    found: dict[str, tuple[Any, list[Any]]] = {}
    for where, row in _rows(path, [c.name for c in JOINED]):
        facts, score = _facts(where, row), _score(where, row)
        first, scores = found.setdefault(facts.result, (facts, []))
        for name, one, other in zip(Facts._fields, first, facts, strict=True):
            if one != other:
                raise MerflowError(
                    f"{where}, column '{name}'",
                    f"'{other}', but '{one}' in an earlier row of result '{facts.result}'",
                    "the same facts in all rows of a result",
                )
        if any((s.metric, s.part) == (score.metric, score.part) for s in scores):
            raise MerflowError(
                where, f"part '{score.part}' of result '{facts.result}' a second time", "each once"
            )
        scores.append(score)
    return [Result(facts, tuple(scores)) for facts, scores in found.values()]


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write results as `read_results` reads them."""
    write_text(path, results_text(results))


def results_text(results: Iterable[Result]) -> str:
    """Return results as CSV, one row for each part."""
    rows = [[_cell(value) for value in row.values()] for row in joined(results)]
    return csv_text([c.name for c in JOINED], rows)


def joined(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return one row for each part of each result; one without numbers where it has none."""
    empty = Score(**dict.fromkeys(Score._fields))._replace(metric="", part="")
    return [
        {**result.facts._asdict(), **score._asdict()}
        for result in results
        for score in result.scores or (empty,)
    ]


def _rows(path: Path, names: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return each row with its place; unknown and missing columns are errors."""
    sheet: CsvTable = read_csv(path, tuple(names))
    for name in sheet.columns:
        if name not in names and path.parent != HERE:
            raise unknown(f"{path}: row 1", "column", name, names)
    columns = [[_unguarded(cell) for cell in sheet[name]] for name in names]
    rows = zip(*columns, strict=True)
    return [(sheet.where(i), dict(zip(names, row, strict=True))) for i, row in enumerate(rows)]


def _unguarded(cell: str) -> str:
    """Return a cell without the sign that keeps spreadsheets from running it."""
    return cell[1:] if cell[:1] == "'" and safe_cell(cell[1:]) == cell else cell


def _facts(where: str, row: Mapping[str, str]) -> Any:  # noqa: ANN401
    for name in REQUIRED:
        if not row[name]:
            raise MerflowError(f"{where}, column '{name}'", "an empty cell", "it is required")
    for name, known in CHOICES.items():
        if row[name] not in known:
            raise unknown(f"{where}, column '{name}'", name, row[name], known)
    for column in FACTS:
        if column.kind is int:
            _number(where, column.name, row[column.name])
    for name in ("epoch", "settings"):
        if row[name] == "test" and not row[f"{name}_place"]:
            raise MerflowError(
                f"{where}, column '{name}_place'",
                f"no place for '{name}' = test",
                "file and lines, or a thread, where the choice on the test stands",
            )
    return Facts(**{column.name: row[column.name] for column in FACTS})


def _score(where: str, row: Mapping[str, str]) -> Any:  # noqa: ANN401
    if any(row[column.name] for column in VALUES) and not (row["metric"] and row["part"]):
        raise MerflowError(f"{where}, columns 'metric' and 'part'", "an empty cell", "both")
    values = {column.name: _number(where, column.name, row[column.name]) for column in VALUES}
    return Score(metric=row["metric"], part=row["part"], **values)


def _number(where: str, name: str, cell: str) -> float | int | None:
    """Return a count, a score from 0 to 1, or None for an empty cell."""
    if not cell:
        return None
    whole = KINDS[name] is int
    try:
        value = int(cell) if whole else float(cell)
    except ValueError:
        value = -1
    if not 0 <= value <= (MOST if whole else 1):
        wanted = "a whole number" if whole else "a share from 0 to 1, such as 0.7353"
        raise MerflowError(f"{where}, column '{name}'", repr(cell), wanted)
    return value


def _cell(value: float | str | None) -> str:
    return "" if value is None else f"{value:.9g}" if isinstance(value, float) else str(value)
