"""Check experiments: their clips, classes and folds, and what a run would refuse or warn about."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from merflow.config.settings import Settings
from merflow.datasets.spec import Problem, Reading
from merflow.datasets.unit_labels import words
from merflow.errors import MerflowError
from merflow.text import plural
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.preflight import check_experiment, check_folds

Facts = dict[str, Any]


def experiment_facts(settings: Settings | None, readings: Mapping[str, Reading]) -> list[Facts]:
    """Return the folds of each experiment of which all datasets were read."""
    if settings is None:
        return []
    found = []
    plan = ExperimentData(settings)
    plan.clips = {name: list(reading.clips) for name, reading in readings.items()}
    plan.sheets = {name: list(reading.sheets) for name, reading in readings.items()}
    for name, entry in settings.experiments.items():
        members = {*settings.collections[entry.collection]}
        if entry.pretrain:
            members |= {*settings.collections[settings.pretrainings[entry.pretrain].collection]}
        if not members <= readings.keys():
            continue
        places = (f"experiments.{name}", f"pretrainings.{entry.pretrain}")
        units = entry.task == "action_units"
        scheme = "action units" if units else entry.scheme
        facts: Facts = {"experiment": name, "scheme": scheme, "protocol": entry.protocol}
        try:
            check_experiment(settings, name)
            data, made = plan.labelled(name), plan.folds(name)
            check_folds(settings, name, [clip.key for clip in data.clips], data.labels, made)
        except MerflowError as error:
            found.append({**facts, "folds": 0, "problems": [asdict(Problem.of(error))]})
            continue
        counts = words(data.labels) if units else Counter(data.labels)
        tested = [[data.labels[i] for i in fold.test] for fold in made]
        found.append(
            {
                **facts,
                "clips": len(data.clips),
                "classes": dict(sorted(counts.items())),
                "folds": len(made),
                "test_clips": [min(map(len, tested)), max(map(len, tested))],
                "one_class_folds": sum(len(set(test)) == 1 for test in tested),
                "problems": [asdict(p) for p in plan.warnings if p.where in places],
            }
        )
    return found


def counts_text(counts: Mapping[str, int]) -> str:
    """Return `negative 3, (none) 1`."""
    return ", ".join(f"{name or '(none)'} {count}" for name, count in counts.items())


def render_experiment(facts: Facts) -> str:
    """Return the line of an experiment."""
    head = f"experiment {facts['experiment']} ({facts['scheme']}, {facts['protocol']})"
    if not facts["folds"]:
        return f"{head}: no folds"
    low, high = facts["test_clips"]
    tested = plural(high, "test clip") if low == high else f"{low} to {high} test clips"
    return (
        f"{head}: {plural(facts['clips'], 'clip')} ({counts_text(facts['classes'])}), "
        f"{plural(facts['folds'], 'fold')}, {tested}, folds that test one class only: "
        f"{facts['one_class_folds']}"
    )
