"""`merflow literature`: published, re-run and own results, ranked where that is honest."""

import json
from pathlib import Path
from typing import Literal

from merflow.errors import MerflowError
from merflow.evaluation.literature.results import (
    Result,
    joined,
    published,
    read_results,
    results_text,
)
from merflow.io.files import write_text
from merflow.reporting.literature_tables import literature_page, literature_tables
from merflow.reporting.paper_tables import BOTH_COLUMNS
from merflow.reporting.render.latex import latex
from merflow.reporting.render.text import text


def literature(
    *,
    task: Literal["emotion", "action_units", "spotting", "str"] | None = None,
    format: Literal["text", "md", "csv", "json", "latex"] = "text",
    with_: Path | None = None,
    out: Path | None = None,
) -> None:
    """Print published, re-run and own results with how each was made.

    Only results of the same task, clips, folds and score share a table. Results whose epoch or
    settings were chosen on the test, or are not known, stand below a line and have no rank.

    Examples:
        merflow literature
        merflow literature --task action_units --format md
        merflow literature --with results/literature.csv --format csv --out all.csv

    Args:
        task: Only results of this task.
        format: Tables as text, Markdown or LaTeX; or all columns as CSV or JSON.
        with_: CSV of own results, as `merflow record` writes it.
        out: File to write into instead of printing.
    """
    results = [*published(), *(read_results(with_) if with_ else ())]
    check_keys(results, str(with_))
    made = rendered(results, task or "", format)
    if out:
        write_text(out, made)
        print(f"Written to {out}.")
    else:
        print(made, end="")


def rendered(results: list[Result], task: str, form: str) -> str:
    """Return the results in one form."""
    chosen = [result for result in results if task in ("", result.facts.task)]
    if form == "csv":
        return results_text(chosen)
    if form == "json":
        return json.dumps(joined(chosen), indent=1, ensure_ascii=False) + "\n"
    if form == "md":
        return literature_page(chosen, whole=not task)
    if form == "latex":
        return latex(literature_tables(chosen, brief=True), BOTH_COLUMNS, across=True)
    return text(literature_tables(chosen))


def check_keys(results: list[Result], where: str) -> None:
    """Refuse an own result with the key of a published one."""
    keys = [result.facts.result for result in results]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise MerflowError(where, f"result '{twice[0]}' is a published one", "keys of own results")
