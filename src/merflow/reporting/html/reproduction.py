"""How it was made: settings, versions, cost and timings, and the digests that tie it together."""

from collections import defaultdict
from pathlib import Path
from platform import python_version

import numpy as np

from merflow import __version__
from merflow.config.flatten import flat_settings
from merflow.io.files import digest, file_digest
from merflow.reporting.cost import run_cost
from merflow.reporting.html.markup import DASH, Column, Html, Value, details, el, join, table
from merflow.reporting.html.read import SCORES, SKIPPED, Job, Results, RunResults
from merflow.text import plural
from merflow.versions import WORKFLOW, version_of
from merflow.workflow.protocol_lines import protocol_lines

GENERAL = "general"
STAGES = ("align", "crop", "magnify", "interpolate", "flow", "pack", "pretrain", "train")


def settings_section(results: Results) -> Html:
    """Return every setting, by section, folded."""
    sections: dict[str, list[tuple[str, str]]] = {GENERAL: []}
    for key, value in flat_settings(results.plan.settings).items():
        words = key.split(".")
        named = words[0] in ("experiments", "preparations", "datasets") and len(words) > 2
        section = ".".join(words[:2]) if named else words[0] if len(words) > 1 else GENERAL
        sections.setdefault(section, []).append((key, value))
    blocks = []
    for name, rows in sections.items():
        cells = [(key.removeprefix(f"{name}."), value or DASH) for key, value in rows]
        made = table((Column("key"), Column("value")), cells, sortable=False, label=name)
        blocks.append(details(name, made, class_="small"))
    lines = [el("li", line) for line in protocol_lines(results.plan).values()]
    return join([el("ul", *lines), *blocks])


def version_section(results: Results) -> Html:
    """Return versions here, at the writing of the page, and there, where the folds were trained."""
    rows = [("python", python_version()), ("merflow", __version__)]
    rows += [(name, version_of(name)) for name in WORKFLOW]
    here = el("ul", *(el("li", el("b", name), " ", said) for name, said in rows), class_="versions")
    told = {}
    for name in ("merflow", "backend", "keras", "device", "arithmetic"):
        found = sorted({word for run in results.runs for word in run.training.words(name)})
        if found:
            told[name] = ", ".join(found)
    there = ""
    if told:
        said = "; ".join(f"{name} {value}" for name, value in told.items())
        there = el("p", f"Folds were trained with: {said}.")
    return join([there, _levels_apart(results), here])


def _levels_apart(results: Results) -> Html | str:
    """Say which run was trained at which arithmetic level, where they are not the same."""
    found = {
        f"{run.run.experiment} {run.run.factor}, seed {run.run.seed}": run.training.words(
            "arithmetic"
        )
        for run in results.runs
    }
    if len({word for words in found.values() for word in words}) < 2:
        return ""
    listed = "; ".join(f"{name}: {', '.join(words) or DASH}" for name, words in found.items())
    return el(
        "p",
        "Not all folds were trained at the same arithmetic level, and levels differ by rounding "
        f"even where all settings are the same: {listed}.",
    )


def cost_section(results: Results) -> Html:
    """Return what each run costs; times differ from run to run and from machine to machine."""
    columns = (
        Column("run"),
        Column("training acc", "on the clips trained on, last epoch, median", number=True),
        Column("parameters", number=True),
        Column("FLOPs a clip", number=True),
        Column("folds", number=True),
        Column("seconds a fold", "median over folds", number=True),
        Column("training in all", "sum over folds", number=True),
        Column("ms a clip", "prediction, median over folds", number=True),
        Column("device"),
    )
    return table(columns, [_cost(run) for run in results.runs], label="cost of each run")


def _cost(run: RunResults) -> list[object]:
    cost = run_cost(run.run, "", run.training)
    total = float(run.training.numbers("seconds").sum()) if run.training.facts else np.nan
    return [
        f"{cost.experiment} {cost.factor}, seed {cost.seed}",
        _value(cost.training_accuracy, "{:.2f}"),
        _value(cost.parameters, "{:,.0f}"),
        _value(cost.flops, "{:,.0f}"),
        Value(str(len(run.folds)), len(run.folds)),
        _value(cost.seconds_a_fold, "{:.1f}"),
        Value(DASH if np.isnan(total) else duration(total), total),
        _value(cost.milliseconds_a_clip, "{:.2f}"),
        cost.device or DASH,
    ]


def _value(number: float, form: str) -> Value:
    return Value(DASH if np.isnan(number) else form.format(number), number)


def timing_section(jobs: list[Job]) -> Html:
    """Return time and memory of the workflow's jobs by stage, from Snakemake's benchmarks."""
    if not jobs:
        return el("p", "No benchmark files: the stages were run by hand.")
    stages: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        stages[job.stage].append(job)
    columns = (
        Column("stage"),
        Column("jobs", number=True),
        Column("time in all", "sum over jobs; jobs that ran side by side count each", number=True),
        Column("median job", number=True),
        Column("longest job", number=True),
        Column("which"),
        Column("peak memory", "largest resident memory of one job (MiB)", number=True),
    )
    order = sorted(stages, key=lambda s: (STAGES.index(s) if s in STAGES else len(STAGES), s))
    total = sum(job.seconds for job in jobs)
    foot = [["all", str(len(jobs)), duration(total), "", "", "", ""]]
    rows = [_stage(name, stages[name]) for name in order]
    return table(columns, rows, foot=foot, label="time by stage")


def _stage(name: str, jobs: list[Job]) -> list[object]:
    seconds = np.array([job.seconds for job in jobs])
    longest = jobs[int(seconds.argmax())]
    memory = [job.memory for job in jobs if np.isfinite(job.memory)]
    peak = max(memory, default=np.nan)
    return [
        name,
        Value(str(len(jobs)), len(jobs)),
        Value(duration(seconds.sum()), float(seconds.sum())),
        Value(duration(np.median(seconds)), float(np.median(seconds))),
        Value(duration(longest.seconds), longest.seconds),
        longest.name,
        Value(f"{peak:,.0f} MiB" if memory else DASH, peak),
    ]


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(0.42), duration(75), duration(7384)
    ('0.42 s', '1 min 15 s', '2 h 03 min')
    """
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def provenance_section(results: Results) -> Html:
    """Return digests: of the page's own inputs, and of each run's data, folds and weights."""
    files = [
        (name, file_digest(name)) for name in (SCORES, SKIPPED) if Path(name).exists()
    ]  # fmt: skip
    files.append(("settings", digest(flat_settings(results.plan.settings))))
    columns = (
        Column("run"),
        Column("settings of the training"),
        Column("packed clips"),
        Column("folds", "their splits and training labels together"),
        Column("weights", "of all folds together"),
        Column("answers", "SHA-256 of pooled.csv"),
    )
    runs = table(columns, [_digests(run) for run in results.runs], sortable=False, label="digests")
    said = (
        f"The same digest means the same content. {plural(len(results.runs), 'run')}; each fold's "
        "own digests are in its run.json."
    )
    own = table((Column("file"), Column("digest")), files, sortable=False, label="inputs")
    return join([own, details("Runs", el("p", said), runs, class_="small")])


def _digests(run: RunResults) -> list[object]:
    facts = run.training.facts
    packed: dict[str, list[str]] = defaultdict(list)
    for fold in facts:
        for name, value in (fold.get("inputs") or {}).items():
            packed[str(name)].append(str(value))
    splits = packed.pop("fold", [])
    data = [f"{name} {value}" for name, all_ in packed.items() for value in sorted(set(all_))]
    pooled = Path(run.run.folder) / "pooled.csv"
    recipes = sorted({digest(fold["recipe"]) for fold in facts if "recipe" in fold})
    return [
        f"{run.run.experiment} {run.run.factor}, seed {run.run.seed}",
        ", ".join(recipes) or DASH,
        ", ".join(data) or DASH,
        digest(splits) if splits else DASH,
        digest([fold.get("weights") for fold in facts]) if facts else DASH,
        file_digest(pooled)[:16] if pooled.exists() else DASH,
    ]
