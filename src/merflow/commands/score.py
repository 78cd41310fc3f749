"""`merflow score`: pool the folds of a run and score them, or score any table of predictions."""

import json as jsonlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from merflow.commands.options import Json
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.datasets.clip_list import read_list
from merflow.errors import MerflowError, check_number
from merflow.evaluation.confidence import LEAST_RESAMPLES, RESAMPLES
from merflow.evaluation.run_id import run_of
from merflow.evaluation.score_table import About, score_rows
from merflow.evaluation.table_marks import ORACLE_NOTE
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_predictions import read_pooled as read_unit_table
from merflow.evaluation.unit_scores import unit_score_rows
from merflow.reporting.figures.run import draw_run
from merflow.reporting.layouts import render_text
from merflow.reporting.render.text import text
from merflow.reporting.results_table import wide_tables
from merflow.reporting.unit_tables import unit_tables
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import score_run, scoring_job
from merflow.workflow.scoring import (
    RAW,
    as_json,
    log_facts,
    open_log,
    open_table,
    units_as_json,
    with_note,
    with_official,
    write_all,
    write_units,
)

if TYPE_CHECKING:
    from pandas import DataFrame


def score(
    source: Path | None = None,
    *,
    log: Path | None = None,
    against: Path | None = None,
    config: Path | None = None,
    scheme: str = "",
    megc_log: bool = False,
    json: Json = False,
    out: Path | None = None,
    resamples: int = RESAMPLES,
    task: Literal["emotion", "action_units"] = "emotion",
) -> None:
    """Score predictions: pooled UF1 and UAR, intervals over subjects, baselines.

    SOURCE is a run's folder: its folds are pooled and joined with the truth; or a CSV with
    `dataset,subject,clip,truth` and `predicted` or one `p_<class>` column a class (`fold`: what
    answered, where it is known); or, with `--megc-log`, a challenge log. In place of SOURCE,
    `--log` takes the log of published code. Predictions of action units get binary F1 of each unit.

    Examples:
        merflow score results/runs/demo/x10/seed0 --config results/config.yaml
        merflow score theirs.csv --scheme three --json
        merflow score --megc-log log.txt --out scored
        merflow score --log STSTNet_python_logfile.txt --json
        merflow score --log result_log.csv --against combined_3class_gt.csv

    Args:
        source: Folder of a run, or a table of predictions.
        log: Log of STSTNet, HTNet or CapsuleNet, or CausalNet's folder of results; its form is
            recognised. Ids are padded as in the official list, and predictions chosen on the test
            clips are marked as an oracle.
        against: List of clips (CSV, XLSX, or a folder of train and test lists) that names what is
            missing from the log.
        config: Config file of the run; also where schemes of your own stand.
        scheme: Scheme that fixes the classes of a table, by its datasets; without one, or with
            `raw`, they are those found in it.
        megc_log: SOURCE is a log: `<database> <subject>` lines, then `<clip> <truth> <prediction>`.
        out: Folder for pooled.csv, scores.csv, confusion.csv, scores.json; of the classes negative,
            positive, surprise also challenge.log.
        resamples: Resamples of subjects for the intervals of a table; a run takes the config's.
        task: Task of a table; with `action_units`, truth and predicted are lists such as AU4+AU12,
            `none`, or AU14? for a unit that is unclear. A run takes the config's.
    """
    check_number("--resamples", resamples, LEAST_RESAMPLES)
    settings = load(config) if config else Settings()
    if (source is None) == (log is None) or (against and not log):
        found = "SOURCE and --log" if source and log else "no SOURCE and no --log"
        raise MerflowError(
            "merflow score",
            "--against without --log" if against and not log else found,
            "a run's folder, a table of predictions, or --log FILE [--against LIST]",
        )
    facts: dict[str, Any] = {}
    if log is not None:
        read = open_log(log, scheme=scheme, settings=settings)
        source, pooled = log, read.table
        facts = log_facts(read, read_list(against) if against else None)
        rows = score_rows(pooled, About(log.stem, factor="", scheme=scheme), resamples=resamples)
        rows = with_official(rows, pooled)
        rows = with_note(rows, facts["incomplete"]) if facts["incomplete"] else rows
    elif source.is_dir():
        if config is None:
            raise MerflowError(
                str(source), "a run's folder without its config", "--config results/config.yaml"
            )
        plan = Plan(settings)
        with scoring_job(source, plan):
            task = plan.task(run_of(source))
            pooled, rows = score_run(source, plan)
            draw_run(source, plan, pooled)
    elif task == "action_units":
        pooled = read_unit_table(source)
        about = About(source.stem, factor="")
        rows = unit_score_rows(pooled, about, resamples=resamples)
    else:
        pooled = open_table(source, megc_log=megc_log, scheme=scheme, settings=settings)
        rows = score_rows(pooled, About(source.stem, factor="", scheme=scheme), resamples=resamples)
        rows = with_official(rows, pooled)
    if task == "action_units":
        _finish_units(pooled, rows, out, json)
        return
    more = {"log": facts} if log else {}
    if out and (note := write_all(out, pooled, rows, more)):
        print(note, file=sys.stderr)
    if json:
        print(jsonlib.dumps(as_json(pooled, rows) | more, indent=1))
        return
    print(render_text(wide_tables(rows)), end="")
    if log:
        print(_log_text(facts), end="")
    elif not (source.is_dir() or megc_log) and scheme in ("", RAW):
        end = "." if scheme else "; --scheme fixes them."
        print(f"Classes as found in the table: {', '.join(pooled.classes)}{end}")


def _finish_units(pooled: UnitTable, rows: "DataFrame", out: Path | None, json: bool) -> None:
    """Write and print the scores of action units."""
    if out:
        write_units(out, pooled, rows)
    if json:
        print(jsonlib.dumps(units_as_json(pooled, rows), indent=1))
    else:
        print(text(unit_tables(rows, {})), end="")


def _log_text(facts: Mapping[str, Any]) -> str:
    """Return what is known of a log, for the terminal."""
    lines = [f"Read as: {facts['form']}."]
    if facts["oracle"]:
        lines.append(f"{ORACLE_NOTE[0].upper()}{ORACLE_NOTE[1:]}.")
    if not facts["clip_names"]:
        lines.append("The log has no clip names: only its numbers of clips can be checked.")
    return "\n".join([*lines, *(f"  {note}" for note in facts["notes"])]) + "\n"
