"""`merflow report`: all results as one HTML file."""

import logging
from pathlib import Path

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.files import write_text
from merflow.workflow.plan import Plan
from merflow.workflow.run_manifest import reported_from

LOG = logging.getLogger("merflow")


def report(out: Path, *, config: Config) -> None:
    """Write all results as one HTML page OUT, which needs no network and no other file.

    Run it in the folder that holds `results/`. Only the table of scores is required; the page
    lists other files that are missing or damaged.

    Examples:
        merflow report results/report.html --config results/config.yaml
        merflow report page.html --config config/config.yaml

    Args:
        out: HTML file to write.
    """
    from merflow.reporting.html_report import build_report

    if not Path(paths.SCORES).exists():
        raise MerflowError(
            paths.SCORES, "no such file", "the scores", "run `snakemake --cores all` first"
        )
    plan = Plan(load(config))
    with records.job("report", out) as job:
        text, problems = build_report(plan)
        for problem in problems:
            LOG.warning("not in the report: %s", problem)
        write_text(out, text)
        job.done(reported_from(plan), [out])
    print(f"{out}: {len(text.encode()) / 1e6:.1f} MB")
