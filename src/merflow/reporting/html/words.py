"""The report's plain words: what was run, how to read it, and what deserves a warning."""

import math
from collections.abc import Sequence

from merflow.evaluation.score_table import factor_rank
from merflow.reporting.control_notes import control_named, parts_above, shortcut
from merflow.reporting.html.markup import Html, el, join, listing
from merflow.reporting.html.read import Results
from merflow.reporting.results_table import Cell, Line, Part, Wide
from merflow.reporting.svg_plots import Guess
from merflow.reporting.table_text import part_name
from merflow.text import plural
from merflow.workflow.plan import Plan

SPLITS = {
    "loso": "a model that was trained on the other subjects of its dataset",
    "composite": "a model that was trained on all the other subjects, of all datasets together",
    "cross": "a model that was trained on other datasets",
    "holdout": "a model that was trained on other subjects (one split)",
    "kfold": "a model that was trained on the other groups of subjects",
    "file": "a model that was trained on other subjects, as a file of folds says",
}
TEST_ALL = {"loso", "composite", "kfold"}
"""Protocols in which every clip is tested; in the others some are only trained on."""

READING = (
    ("UF1 and UAR", "are the means over classes of F1 and of recall, from the predictions of all "
     "folds pooled; 1 is best. They are not means over folds."),
    ("Two floors", "stand under every table: always answering the largest class, and guessing by "
     "class shares. The band of guesses holds 95% of the scores that the true labels get when "
     "whole subjects of a dataset exchange theirs."),
    ("Brackets", "are 95% intervals over subjects, since clips of one subject are alike. They say "
     "how the score would vary with other subjects, given the trained folds; how it varies with "
     "another training, several seeds show."),
    ("† too few subjects:", "the clips come from fewer than ten subjects in effect, and the "
     "interval is narrower than it claims."),
    ("Chance p", "is the share of 1,000 exchanges of whole subjects' answers that score at least "
     "as well."),
    ("The best of several", "factors, seeds or settings is not marked: to choose it on this page "
     "would be a choice made on the test subjects."),
)  # fmt: skip
"""What the numbers mean, said once."""
MOST_PROBLEMS = 20


def badge(control: str) -> list[Html]:
    """Return the mark that a control carries wherever it is named, none for any other."""
    return [el("span", f"control: {control}", class_="badge")] if control else []


def surely_above(cell: Cell, part: Part) -> bool:
    """Return whether the whole interval of a score lies above the band of guesses."""
    return part.guess_uf1_hi is not None and cell.uf1_lo > part.guess_uf1_hi


def what_was_run(results: Results, generated: Sequence[str]) -> list[Html]:
    """Return a few sentences: experiments, runs, folds, clips, and how each was predicted.

    generated: datasets whose faces are not recordings.
    """
    plan = results.plan
    experiments = [plan.experiment(name) for name in plan.experiments]
    keys = {key for truth in results.truth.values() for key in truth}
    folds = sum(len(run.folds) for run in results.runs)
    subjects = {key.subject_key for key in keys}
    datasets = [part_name(name) for name in plan.data.datasets()]
    first = (
        f"{plural(len(experiments), 'experiment')}, {plural(len(results.runs), 'run')} "
        "(experiment × magnification factor × seed), "
        f"{plural(folds, 'trained fold')}. "
        f"{plural(len(keys), 'clip')} of {plural(len(subjects), 'subject')}"
        + (f" from {listing(datasets)}." if datasets else ".")
    )
    second = predicted(list(dict.fromkeys(e.protocol for e in experiments)))
    if generated:
        second += f" The faces of {listing([part_name(n) for n in generated])} are generated ones."
    return [el("p", first, " ", second)]


def predicted(protocols: Sequence[str]) -> str:
    """Return by what model clips were predicted; not every protocol tests every clip."""
    if not protocols:
        return ""
    clip = "Every clip" if set(protocols) <= TEST_ALL else "Every tested clip"
    if len(protocols) == 1:
        return f"{clip} was predicted once in each run, by {SPLITS[protocols[0]]}."
    said = f"{clip} was predicted once in each run, by a model that never saw its subject"
    partly = "" if set(protocols) <= TEST_ALL else "; not every protocol tests all clips"
    return f"{said} (protocols {listing(protocols)}{partly})."


def verdict(tables: Sequence[Wide], plan: Plan) -> Html:
    """Return how many of the full rows stand clear of guessing; controls do not count."""
    cells = [
        (line.cells["full"], table.parts["full"])
        for table in tables
        for line in table.lines
        if not control_named(plan, line.experiment) and "full" in line.cells
    ]
    if not cells:
        return Html("")
    clear = sum(surely_above(cell, part) for cell, part in cells)
    few = any(part.few for _, part in cells)
    said = (
        f"{clear} of {plural(len(cells), 'row')} on all clips "
        f"{'has' if clear == 1 else 'have'} a UF1 whose whole 95% interval lies above the guesses."
    )
    doubt = " There are too few subjects to trust these intervals: they are too narrow."
    return el("p", el("strong", said), doubt if few else "", class_="verdict")


def control_line(plan: Plan) -> Html:
    """Return what the negative controls are, or that there are none."""
    named = [name for name in plan.experiments if control_named(plan, name)]
    if named:
        return el("p", f"Negative controls, which should score as guesses: {listing(named)}.")
    return el(
        "p",
        "No negative control was run (experiments.<name>.control): these scores alone cannot tell "
        "expressions from a shortcut such as background or identity.",
    )


def in_short() -> Html:
    """Return the sentence that a table must not be read without."""
    return el(
        "p",
        "Hold every UF1 against the two floors under its table, always the largest class and "
        "guessing; a score inside the shaded band of guesses has shown nothing. Brackets are 95% "
        "intervals over subjects; † marks too few subjects for them.",
    )


def how_to_read() -> Html:
    """Return, a line each, what every number on the page means."""
    lines = [el("li", el("b", name), " ", said) for name, said in READING]
    return el("ul", *lines, class_="how")


def warnings(results: Results, tables: Sequence[Wide]) -> list[Html]:
    """Return what a reader must not miss, worst first."""
    found, in_parts = [], []
    for table in tables:
        for line in table.lines:
            kind = control_named(results.plan, line.experiment)
            above = parts_above(line, table, kind) if kind else {}
            if "full" in above:
                found.append(_shortcut(line, kind, above))
            elif above:
                in_parts.append(f"{line.experiment} {line.factor}: {', '.join(above.values())}")
    if in_parts:
        found.append(
            join([
                el("b", "A negative control lies above the guesses on single datasets. "),
                f"{'; '.join(in_parts)}. Of scores that are only guesses one in forty does.",
            ])
        )  # fmt: skip
    return found + _unread(results.problems)


def _shortcut(line: Line, kind: str, above: dict[str, str]) -> Html:
    name, meaning = shortcut(line, kind, above)
    return join([el("b", f"{name} "), meaning])


def _unread(problems: Sequence[str]) -> list[Html]:
    if not problems:
        return []
    shown = [el("li", problem) for problem in problems[:MOST_PROBLEMS]]
    if more := len(problems) - len(shown):
        shown.append(el("li", f"and {more} more"))
    said = "Not everything could be read. The page lacks what is in:"
    return [join([el("b", said), el("ul", *shown)])]


def guess_of(part: Part) -> Guess:
    """Return a part's floor and band of guesses as the drawings take them."""
    lo = math.nan if part.guess_uf1_lo is None else part.guess_uf1_lo
    hi = math.nan if part.guess_uf1_hi is None else part.guess_uf1_hi
    return Guess(part.floor_uf1, lo, hi)


def factor_number(factor: str) -> float:
    """Return a number that sorts factors as the tables print them."""
    kind, numbers, _ = factor_rank(factor)
    return kind * 1e6 + (numbers[0] if numbers else 0)
