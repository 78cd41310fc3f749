"""Rows whose magnification cannot be trusted in many clips: marks, notes and warnings."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from merflow.reporting.captions import number
from merflow.reporting.results_table import Line, Scored, Wide
from merflow.stages.magnification.credibility import CREDIBLE
from merflow.text import plural

SHARE = 0.25
"""Rows are marked if the magnification of more than this share of the clips is not credible."""


def with_doubts(tables: Sequence[Wide], gains: Iterable[Any]) -> list[Wide]:
    """Return the tables with a mark at every score of a doubtful row, and a note for each.

    gains: rows of `delivered_gain.summaries`.
    """
    texts = {(g.preparation, g.factor): doubt_text(g) for g in gains if doubtful(g)}
    marked = []
    for table in tables:
        doubts = {id(line): doubt_of(line, texts) for line in table.lines}
        lines = tuple(_marked(line, doubts[id(line)]) for line in table.lines)
        marked.append(replace(table, lines=lines))
    return marked


def doubtful(gain: Any) -> bool:  # noqa: ANN401
    """Return whether a factor's magnification is not credible in many of the measured clips."""
    return gain.measured - gain.credible > SHARE * gain.measured


def doubt_text(gain: Any) -> str:  # noqa: ANN401
    """Return `magnification not credible in 47 of 58 measured clips (...)`."""
    reasons = (
        (gain.large, f"asked for more than {CREDIBLE:g} px at 256 px"),
        (gain.compressed, "compressed so far that small motion may be lost"),
    )
    why = "; ".join(f"{count} {reason}" for count, reason in reasons if count)
    lost = gain.measured - gain.credible
    clips = plural(gain.measured, "measured clip")
    return f"magnification not credible in {lost} of {clips}{f' ({why})' if why else ''}"


def doubt_of(line: Line, texts: Mapping[tuple[str, str], str]) -> str:
    """Return the doubts of a row: of all its factors, or of all it may have chosen from (x*)."""
    if line.factor == "x*":
        keys = [key for key in texts if key[0] == line.preparation]
    else:
        keys = [(line.preparation, factor) for factor in line.factor.split("+")]
    found = {factor: texts[name, factor] for name, factor in keys if (name, factor) in texts}
    if line.factor in found:
        return found[line.factor]
    return "; ".join(f"{factor}: {text}" for factor, text in found.items())


def best_warnings(tables: Sequence[Wide], controls: Collection[str]) -> list[tuple[str, str]]:
    """Return a (title, text) for each table with a doubtful row as its highest on all clips."""
    found = []
    for table in tables:
        rows = [x for x in table.lines if x.experiment not in controls and "full" in x.cells]
        best = max(rows, key=lambda line: line.cells["full"].uf1, default=None)
        if best is not None and best.doubt:
            score = number(best.cells["full"].uf1, 3)
            found.append((
                f"The highest row, {best.name}, rests on magnification that is often not credible.",
                f"UF1 {score} on all clips, but {best.doubt}. The network may have learned "
                "artefacts: do not report this row as the result of magnified motion.",
            ))  # fmt: skip
    return found


def doubt_warnings(tables: Sequence[Wide]) -> list[tuple[str, str]]:
    """Return one (title, text) for the head of the report, if any row is doubtful."""
    rows: dict[str, list[str]] = {}
    for table in tables:
        for line in table.lines:
            if line.doubt:
                rows.setdefault(line.doubt, []).append(line.name)
    if not rows:
        return []
    text = "; ".join(f"{doubt}: {', '.join(dict.fromkeys(found))}" for doubt, found in rows.items())
    return [("Scores marked § rest on magnification that is often not credible.", f"{text}.")]


def _marked(line: Line, doubt: str) -> Line:
    if not doubt:
        return line
    cells = {part: Scored(**vars(cell) | {"doubt": doubt}) for part, cell in line.cells.items()}
    return replace(line, cells=cells, doubt=doubt)
