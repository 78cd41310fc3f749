"""Captions of tables and their number formats: titles, legends, footnotes, names of parts."""

import math
from collections.abc import Sequence

from merflow.evaluation.literature.official import PARTS, footnote, is_official, official_results
from merflow.evaluation.literature.results import Result, sources
from merflow.reporting.results_table import Wide
from merflow.reporting.table import Cell, Heading, Table
from merflow.text import plural

LEGEND = (
    "{pooled}, every class counted. Brackets: 95% studentised bootstrap interval over "
    "subjects, conditional on {models}. Guessing: mean UF1 that the true labels get when whole "
    "subjects of a dataset exchange theirs; its bracket: the central 95% of the same exchanges. "
    "chance p: the share of such exchanges of the row's own predictions that score at least as "
    "well."
)
BRACKETS = "Brackets: 95% studentised bootstrap interval over subjects, conditional on {models}."
GUESSING = (
    "Guessing: mean UF1 that the true labels get when whole subjects of a dataset exchange theirs"
)
POOLED_OVER = {
    "": ("All predictions of the table pooled", "the models that predicted"),
    "final": ("All predictions of one trained model", "that model"),
}
"""By protocol: what a table pools and what its intervals are conditional on. Empty: made elsewhere.
All other protocols train folds.
"""
FOLDS = ("Pooled over all folds", "the trained folds")
TOO_FEW = "†: too few subjects (effective number below 10); the interval is too narrow."
MARKED = (
    "Bold: best, underlined: second, among rows fixed before testing or chosen inside the folds "
    "(x*), negative controls apart."
)
DOUBTFUL = "§"
"""Mark of scores that rest on magnification which is often not credible."""
SEEDS = "±: sd over seeds; brackets are then means over seeds."
SEEDS_ALONE = "±: sd over seeds."
CHOSEN = (
    "‡: public code or the authors' words show epochs or settings chosen on the test, which lifts "
    "scores; no mark says only that none was found in what was read."
)
UNRANKED = (
    "Below the line: results whose epoch or settings were chosen on the test, or of which the "
    "choice is not known."
)
PART_NAMES = {"full": "Full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}


def number(value: float | None, digits: int = 4) -> str:
    """Return a score as the literature prints it: `.7353`, `1.0000`; a dash for none."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def bracket(lo: float | None, hi: float | None, mark: str = "") -> str:
    """Return ` [.66, .80]`, or nothing where there is no interval."""
    if lo is None or hi is None or math.isnan(lo) or math.isnan(hi):
        return ""
    return f" [{number(lo, 3)}, {number(hi, 3)}]{mark}"


def spread(sd: float) -> str:
    """Return ` ±.012`, or nothing for one seed."""
    return "" if math.isnan(sd) else f" ±{number(sd, 3)}"


def part_name(part: str) -> str:
    """Return a part's name as the literature writes it."""
    return PART_NAMES.get(part, part)


def footnotes(table: Wide) -> list[str]:
    """Return the lines under a table: protocol, legend, marks, warnings."""
    pooled, models = POOLED_OVER.get(table.protocol, FOLDS)
    legend = LEGEND.format(pooled=pooled, models=models)
    lines = [*table.notes, f"{supports(table)}.", legend]
    if any(part.few for part in table.parts.values()):
        lines.append(TOO_FEW)
    cells = [cell for line in table.lines for cell in line.cells.values()]
    if any(cell.uf1_mark or cell.uar_mark for cell in cells):
        lines.append(MARKED)
    if any(len(line.seeds) > 1 for line in table.lines):
        lines.append(SEEDS)
    doubts: dict[str, list[str]] = {}
    for line in table.lines:
        if line.doubt:
            doubts.setdefault(line.doubt, []).append(line.name)
    lines += [f"{DOUBTFUL} {', '.join(rows)}: {doubt}." for doubt, rows in doubts.items()]
    for line in table.lines:
        for part, cell in line.cells.items():
            notes = [note for note in cell.note.split("; ") if note and "too few" not in note]
            if notes:
                lines.append(f"{line.name}, {part_name(part)}: {'; '.join(notes)}.")
    return list(dict.fromkeys(lines))


def paper_notes(table: Wide, *, intervals: bool) -> list[str]:
    """Return the lines under a table in LaTeX: those on what it shows, and no others."""
    pooled, models = POOLED_OVER.get(table.protocol, FOLDS)
    ends = "; its bracket: the central 95% of the same exchanges"
    legend = [
        f"{pooled}, every class counted.",
        *([BRACKETS.format(models=models)] if intervals else []),
        f"{GUESSING}{ends if intervals else ''}.",
    ]
    whole = LEGEND.format(pooled=pooled, models=models)
    changed = {whole: " ".join(legend), SEEDS: SEEDS if intervals else SEEDS_ALONE}
    unfit = set() if intervals else {TOO_FEW}
    return [changed.get(note, note) for note in footnotes(table) if note not in unfit]


def supports(table: Wide) -> str:
    """Return `Clips of each class: Full negative 250, ...; SMIC negative 70, ...`."""
    parts = [f"{part_name(name)} {part.support}" for name, part in table.parts.items()]
    return f"Clips of each class: {'; '.join(parts)}"


def title(table: Wide) -> str:
    """Return `UF1 and UAR, composite, three: 442 clips of 68 subjects`."""
    full = table.parts["full"]
    names = ", ".join(word for word in (table.protocol, table.scheme) if word)
    clips, subjects = plural(full.n, "clip"), plural(full.subjects, "subject")
    return f"UF1 and UAR{', ' if names else ''}{names}: {clips} of {subjects}"


def shows_literature(table: Wide) -> bool:
    """Return whether a table is of the official clips, so that published results are shown."""
    full = table.parts["full"]
    return is_official(table.scheme, full.n, full.subjects)


def literature_table() -> Table:
    """Return the results on the official clips; ‡ marks choices on the test.

    Rows: those that may be ranked, best first; foot: a line, and the others.
    """
    columns = [Heading("method", number=False, width=34)]
    columns += [Heading(f"{part_name(p)} {s}") for p in PARTS for s in ("UF1", "UAR")]
    columns += [Heading("source", number=False, width=24)]
    results = official_results()
    ranked = [_literature_row(result) for result in results if not result.unranked]
    apart = [_literature_row(result) for result in results if result.unranked]
    line = [["not ranked:", *[""] * (len(columns) - 1)]]
    notes = literature_notes(results)
    return Table("Published results on the official clips", columns, ranked, line + apart, notes)


def _literature_row(result: Result) -> list[str | Cell]:
    f = result.facts
    name = f.method + f" ({f.year})" * (f.year != "" and f.year not in f.method)
    scores = {score.part: score for score in result.scores}
    figures = [getattr(scores.get(part), score, None) for part in PARTS for score in ("uf1", "uar")]
    cells = [Cell(number(value), value) for value in figures]
    mark = "‡" * ("test" in (f.epoch, f.settings))
    return [name + mark, *cells, sources().get(f.source, f.source)]


def literature_notes(results: Sequence[Result]) -> list[str]:
    """Return the lines below the published block."""
    known = [note for note in map(footnote, results) if note]
    protocol = "Protocol: one subject left out of the composite, predictions pooled."
    first = "Published results, as printed by their sources; not rerun here where not stated."
    return [first, protocol, UNRANKED, CHOSEN, *known]
