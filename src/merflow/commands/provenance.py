"""`merflow provenance`: the run manifest of finished runs, to publish with a paper."""

from pathlib import Path

from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.io import records
from merflow.io.files import write_json
from merflow.text import plural
from merflow.workflow.plan import Plan
from merflow.workflow.run_manifest import reported_from, run_manifest


def provenance(out: Path, *, config: Config) -> None:
    """Write the run manifest OUT (JSON): versions, settings and digests behind the tables.

    Run it in the folder that holds `results/`, once the tables exist.

    Examples:
        merflow provenance results/manifest.json --config results/config.yaml
        merflow provenance paper/manifest.json --config results/config.yaml

    Args:
        out: JSON file to write.
    """
    plan = Plan(load(config))
    with records.job("provenance", out) as job:
        made = run_manifest(plan)
        write_json(out, made)
        job.done(reported_from(plan), [out])
    folds = sum(len(run["folds"]) for run in made["runs"].values())
    counted = f"{plural(len(made['runs']), 'run')}, {plural(folds, 'fold')}"
    print(f"{out}: {counted}, settings {made['settings_digest'][:12]}")
