"""What the jobs of a finished run took, beside what they had asked for.

python benchmarks/job_needs.py [RESULTS]      reads RESULTS/benchmarks/, which every run writes

Snakemake looks at a job's memory after half a second and then every 30 s: short jobs show less than
they took. benchmarks/stage_memory.py and benchmarks/clip_length.py measure true peaks.
"""

from merflow.config.loading import load
from merflow.datasets.catalogue import read_catalogue
from merflow.workflow import resources
from merflow.workflow.plan import Plan

import csv
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STORES = ("interpolate", "flow")
JOINED = ("crop", "magnify")
"""Rules of which a job may make several stores; its benchmark has all their names."""


@dataclass
class Rule:
    """The jobs of one rule: how many, the most memory (MB), time (s) and what was asked for."""

    jobs: int = 0
    memory: float = 0
    seconds: float = 0
    cpu: float = 0
    asked: list[int] = field(default_factory=list)

    @property
    def covered(self) -> bool:
        """Whether every job stayed below the least that any job of the rule asks for."""
        return self.memory <= min(self.asked)


def asked(plan: Plan, parts: tuple[str, ...]) -> int:
    """Return the MB that the job of a benchmark file (rule, ..., name.tsv) asks for."""
    rule, names = parts[0], [*parts[1:-1], parts[-1].removesuffix(".tsv")]
    if rule == "align":
        return resources.memory(plan, rule, *names)
    if rule in JOINED:
        joined = names[-3].split("+")
        single = names[0] in plan.settings.preparations and len(joined) == 1
        return resources.memory(
            plan, rule, *names[-2:], preparation=names[0], names=() if single else joined
        )
    if rule in STORES:
        return resources.memory(plan, rule, *names[-2:], preparation=names[0])
    if rule == "pack":
        return resources.packing_memory()
    if rule == "pretrain":
        entry = plan.settings.pretrainings[names[0]]
        return resources.training_memory(plan, entry, entry.factor)
    return resources.training_memory(plan, plan.experiment(names[0]), names[1])


def rows(folder: Path) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield every benchmark file's parts of its path and its last row."""
    for path in sorted(folder.rglob("*.tsv")):
        with open(path, encoding="utf-8", newline="") as handle:
            yield path.relative_to(folder).parts, list(csv.DictReader(handle, delimiter="\t"))[-1]


def number(text: str) -> float:
    """Return a cell as a number; NA, of a job too short to be looked at, is 0."""
    try:
        return float(text)
    except ValueError:
        return 0


def noted(results: Path, parts: tuple[str, ...]) -> float:
    """Return the peak memory that a fold noted (MB): of its process, which may be a fork."""
    if parts[0] != "train":
        return 0
    facts = results.joinpath("runs", *parts[1:-1], parts[-1].removesuffix(".tsv"), "run.json")
    return float(json.loads(facts.read_text())["peak_mb"]) if facts.is_file() else 0


def measured(results: Path) -> dict[str, Rule]:
    """Return what each rule of a finished run took and asked for."""
    settings = load(results / "config.yaml")
    plan = Plan(settings)
    for name in plan.data.datasets():
        plan.data.clips[name] = read_catalogue(results / f"catalogue/{name}.json")
    found: dict[str, Rule] = {}
    for parts, row in rows(results / "benchmarks"):
        rule = found.setdefault(parts[0], Rule())
        rule.jobs += 1
        rule.memory = max(rule.memory, number(row["max_rss"]), noted(results, parts))
        rule.seconds = max(rule.seconds, number(row["s"]))
        rule.cpu += number(row["cpu_time"])
        rule.asked.append(asked(plan, parts))
    return found


def main() -> None:
    """Print one line a rule."""
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results").resolve()
    os.chdir(results.parent)
    print("| rule | jobs | most memory, MB | asked, MB | longest, s | CPU s in all |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rule in measured(results).items():
        span = f"{min(rule.asked)} to {max(rule.asked)}"
        print(
            f"| {name} | {rule.jobs} | {rule.memory:.0f} | {span} | {rule.seconds:.0f} "
            f"| {rule.cpu:.0f} |"
        )


if __name__ == "__main__":
    main()
