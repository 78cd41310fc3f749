"""Dry-run every config that comes with merflow on look-alikes without pictures; count the jobs.

python tests/dag/dag_check.py                   `make ci-dag`: compare with job_counts.csv
python tests/dag/dag_check.py --write           write job_counts.csv after an intended change
python tests/dag/dag_check.py --graphs FOLDER   also write the graph of the rules of each config

A config of the demo is run on the datasets that its first lines name, `megc2019` on datasets of
the published size. Every frame is an empty file: a dry run reads the annotation sheets only.
"""

import argparse
import contextlib
import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "helpers")]

import full_size  # noqa: E402
import loaded_snakemake  # noqa: E402
from project import job_counts  # noqa: E402

from merflow.commands.demo import demo  # noqa: E402

EXPECTED = Path(__file__).with_name("job_counts.csv")
AS_OFFICIAL = ROOT / "tests/workflow/as_official.py"
CONFIGS = [*sorted((ROOT / "config").glob("*.yaml")), *sorted(ROOT.glob("examples/*/config.yaml"))]
CONFIGS = [path for path in CONFIGS if path.name != "local.yaml"]
OFFICIAL = {"megc2019"}
"""Configs with a scheme that takes the clips of an official list only."""

Counts = dict[str, dict[str, int]]
"""config -> rule -> number of jobs."""

STILLS = {"dataset": "jaffe", "subjects": 4, "clips": 7}
CODED = {"small": True, "subjects": 4, "clips": 6}
DEMOS: dict[str, tuple[dict, ...]] = {
    "data/demo": ({}, {"dataset": "casme_sq"}, {"dataset": "casme3"}, STILLS),
    "data/quick": ({"small": True, "subjects": 2, "clips": 3},),
    "data/zoo": ({"small": True, "subjects": 4, "clips": 3},),
    "data/tasks": (
        *({**CODED, "dataset": name} for name in ("casme2", "samm", "casme3")),
        {"small": True, "subjects": 4, "dataset": "casme_sq", "recordings": 3},
    ),
    "data/pytorch": ({"small": True, "subjects": 2, "clips": 3},),
}
"""Folder -> options of `merflow demo`, as the configs' first lines and the Makefile have them."""


def name_of(config: Path) -> str:
    """Return a config's name: that of its file, or of its folder in examples/."""
    return config.parent.name if config.stem == "config" and _example(config) else config.stem


def lookalikes(folder: Path) -> Path:
    """Write the datasets of all configs, without pictures, and return the folder."""
    for place, calls in DEMOS.items():
        for options in calls:
            with contextlib.redirect_stdout(io.StringIO()):
                demo(folder / place, annotations_only=True, **options)
    for name in ("smic", "casme2", "samm"):
        full_size.write(folder / "data" / name, full_size.plan(name))
    # The PyTorch program has an environment of its own, which a dry run looks for and never starts.
    program = folder / "env/bin/python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    return folder


def snakemake(config: Path, folder: Path, *words: str) -> str:
    """Return what Snakemake prints for a config on the look-alikes in a folder."""
    words = (*words, "--snakefile", str(ROOT / "Snakefile"), "--configfile", str(config))
    if config.stem in OFFICIAL:
        done = subprocess.run(
            [sys.executable, str(AS_OFFICIAL), str(folder / "data"), *words],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    else:
        done = loaded_snakemake.dry_run([*words], folder)
    if done.returncode:
        raise SystemExit(f"{config}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def jobs_of(config: Path, folder: Path) -> dict[str, int]:
    """Return rule -> number of jobs that a dry run of a config lists."""
    return job_counts(snakemake(config, folder, "--dry-run", "--quiet", "rules"))


def graph_of(config: Path, folder: Path) -> str:
    """Return the graph of the rules of a config, for Graphviz (DOT)."""
    text = snakemake(config, folder, "--rulegraph", "dot", "--quiet", "all")
    return text[text.index("digraph") :]


def differences(found: Counts, expected: Counts) -> list[str]:
    """Return one line for each number of jobs that is not the expected one."""
    lines = []
    for config in sorted({*found} | {*expected}):
        here, there = found.get(config, {}), expected.get(config, {})
        for rule in sorted({*here} | {*there}):
            if (jobs := here.get(rule, 0)) != (before := there.get(rule, 0)):
                lines.append(f"{config}: {rule} has {jobs} jobs, expected {before}")
    return lines


def text_of(counts: Counts) -> str:
    """Return the counts as CSV, a rule a line and a config a column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rule", *counts])
    for rule in sorted({rule for rules in counts.values() for rule in rules}):
        writer.writerow([rule, *(rules.get(rule, 0) for rules in counts.values())])
    return out.getvalue()


def counts_of(text: str) -> Counts:
    """Return the counts of a CSV text; a rule without jobs is left out."""
    rows = list(csv.DictReader(io.StringIO(text)))
    configs = [name for name in (rows[0] if rows else {}) if name != "rule"]
    return {
        name: {row["rule"]: int(row[name]) for row in rows if row[name] != "0"} for name in configs
    }


def _example(config: Path) -> bool:
    return config.parent.parent == ROOT / "examples"


def _report(found: Mapping[str, Mapping[str, int]], lines: Iterable[str]) -> int:
    for name, rules in found.items():
        print(f"{name}: {sum(rules.values())} jobs of {len(rules)} rules")
    if lines := list(lines):
        print("\n".join(["", f"differs from {EXPECTED.relative_to(ROOT)}:", *lines]))
        print("to do: if the change is meant, `python tests/dag/dag_check.py --write`")
    return 1 if lines else 0


def main() -> int:
    """Dry-run all configs; return 1 if a number of jobs differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the expected numbers")
    parser.add_argument("--graphs", type=Path, help="folder for the graphs of the rules (DOT)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="merflow-dag-") as name:
        folder = lookalikes(Path(name))
        found = {name_of(config): jobs_of(config, folder) for config in CONFIGS}
        for config in CONFIGS if chosen.graphs else ():
            chosen.graphs.mkdir(parents=True, exist_ok=True)
            (chosen.graphs / f"{name_of(config)}.dot").write_text(graph_of(config, folder))
    if chosen.write:
        EXPECTED.write_text(text_of(found))
    return _report(found, differences(found, counts_of(EXPECTED.read_text())))


if __name__ == "__main__":
    sys.exit(main())
