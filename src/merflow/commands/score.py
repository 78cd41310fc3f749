"""`merflow score`: pool the folds of a run and score them, or score any table of predictions."""

import json as jsonlib
import sys
from pathlib import Path

from merflow.commands.options import Flag, Json
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.errors import MerflowError, check_number
from merflow.evaluation.confidence import LEAST_RESAMPLES, RESAMPLES
from merflow.evaluation.score_table import About, score_rows
from merflow.reporting.layouts import render_text
from merflow.reporting.results_table import wide_tables
from merflow.reporting.run_figures import draw_run
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import score_run, scoring_job
from merflow.workflow.scoring import RAW, as_json, open_table, with_official, write_all


def score(
    source: Path,
    *,
    config: Path | None = None,
    scheme: str = "",
    megc_log: Flag = False,
    json: Json = False,
    out: Path | None = None,
    resamples: int = RESAMPLES,
) -> None:
    """Score predictions: pooled UF1 and UAR, intervals over subjects, baselines.

    SOURCE is a run's folder, whose folds are pooled and joined with the truth; or a CSV with
    `dataset,subject,clip,truth` and `predicted` or one `p_<class>` column a class (`fold`: what
    answered, where it is known); or, with `--megc-log`, a challenge log.

    Examples:
        merflow score results/runs/demo/x10/seed0 --config results/config.yaml
        merflow score theirs.csv --scheme three --json
        merflow score --megc-log log.txt --out scored

    Args:
        source: Folder of a run, or a table of predictions.
        config: Config file of the run; also where schemes of your own stand.
        scheme: Scheme that fixes the classes of a table, by its datasets; without one, or with
            `raw`, they are those found in it.
        megc_log: SOURCE is a log: `<database> <subject>` lines, then `<clip> <truth> <prediction>`.
        out: Folder for pooled.csv, scores.csv, confusion.csv, scores.json; of the classes negative,
            positive, surprise also challenge.log.
        resamples: Resamples of subjects for the intervals of a table; a run takes the config's.
    """
    check_number("--resamples", resamples, LEAST_RESAMPLES)
    settings = load(config) if config else Settings()
    if source.is_dir():
        if config is None:
            raise MerflowError(
                str(source), "a run's folder without its config", "--config results/config.yaml"
            )
        plan = Plan(settings)
        with scoring_job(source, plan):
            pooled, rows = score_run(source, plan)
            draw_run(source, plan, pooled)
    else:
        pooled = open_table(source, megc_log=megc_log, scheme=scheme, settings=settings)
        rows = score_rows(pooled, About(source.stem, factor="", scheme=scheme), resamples=resamples)
        rows = with_official(rows, pooled)
    if out and (note := write_all(out, pooled, rows)):
        print(note, file=sys.stderr)
    if json:
        print(jsonlib.dumps(as_json(pooled, rows), indent=1))
        return
    print(render_text(wide_tables(rows)), end="")
    if not (source.is_dir() or megc_log) and scheme in ("", RAW):
        more = "." if scheme else "; --scheme fixes them."
        print(f"Classes as found in the table: {', '.join(pooled.classes)}{more}")
