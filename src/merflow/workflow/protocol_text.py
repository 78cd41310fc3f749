"""Protocol lines: how each experiment was made, in the notes under its tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from merflow.arithmetic import together
from merflow.config.display_names import display_names
from merflow.config.settings import SVMS, WITHOUT_EPOCHS, DatasetEntry, Experiment
from merflow.datasets.catalogue import read_sheets
from merflow.datasets.registry import reader_of, spec_of
from merflow.models import network_registry
from merflow.text import plural
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import read_facts
from merflow.workflow.unit_counts import cd6me_statement, units_text


def protocol_lines(plan: Plan) -> dict[str, str]:
    """Return the protocol line of each experiment, which starts with its display name."""
    sheets, shown = read_sheets(), display_names(plan.settings)
    lines = {
        name: f"{shown[name]}: {_protocol_line(plan, name, sheets)}" for name in plan.experiments
    }
    return lines | {
        base: f"{shown.get(base, base)}: chosen inside each fold on its training subjects, between "
        f"factors and grid values; all else as in {shown[members[0]]}"
        for base, members in plan.choices().items()
        if base not in lines
    }


def with_levels(lines: Mapping[str, str], levels: Mapping[str, set[str]]) -> dict[str, str]:
    """Add each experiment's arithmetic levels to its line where not all runs have the same one.

    levels: those of each experiment's folds; runs of different levels differ by rounding even with
    the same settings.
    """
    if len(set().union(*levels.values())) < 2:
        return dict(lines)
    added = {name: f"; arithmetic {together(*found)}" for name, found in levels.items()}
    return {name: line + added.get(name, "") for name, line in lines.items()}


def _dataset(plan: Plan, name: str, sheets: Mapping[str, list[str]]) -> str:
    """Return a dataset with its release: variant and the sheet that was read."""
    if name not in sheets:
        return name
    entry = plan.settings.datasets[name]
    read = [Path(sheet).name for sheet in sheets[name]] or ["labels in folder names"]
    chosen = f"clips of {Path(entry.clips).name}" if entry.clips else ""
    return f"{name} ({', '.join(filter(None, (entry.variant, *read, chosen, _prepared(entry))))})"


def _prepared(entry: DatasetEntry) -> str:
    """Return how the files of prepared flow hold it; empty for frames."""
    pictures = entry.reader == "flow_pictures"
    if (entry.kind or ("flow" if pictures else "frames")) == "frames":
        return ""
    channels = "-".join(entry.flow.channels)
    if entry.flow.zero is not None:
        return f"prepared flow {channels}, zero {entry.flow.zero:g}"
    stretched = ", per picture min-max, zero unknown" if pictures else ""
    return f"prepared flow {channels}{stretched}"


def _program(plan: Plan, name: str) -> str:
    """Return how an external program was run, by the records of its folds; empty for others."""
    if plan.experiment(name).method != "command":
        return ""
    facts = _facts(plan, name)
    kinds = {fold.get("sandbox", "none") for fold in facts}
    how = "in" if kinds == {"bwrap"} else "without"
    return f"trained by an external program{f' {how} a sandbox' if kinds else ''}; "


def _stop(entry: Experiment) -> str:
    if entry.method == "command":
        return "when it stops is not known here"
    if entry.method in WITHOUT_EPOCHS:
        what = "one SVM" if entry.method in SVMS else "one logistic regression"
        return f"{what} a fold, fixed before testing"
    if entry.training.stopping == "inner":
        most = entry.training.epochs
        return f"epochs chosen on inner folds (at most {most}), fixed before testing"
    return f"{entry.training.epochs} epochs, fixed before testing"


def _has_official_folds(plan: Plan, name: str) -> bool:
    """Return whether a dataset was published with folds, which merflow does not have."""
    readers = [reader_of(one, plan.settings) for one in plan.data.members(name)]
    return any(spec_of(reader).official_folds for reader in readers)


def _pretrained(plan: Plan, name: str) -> str:
    """Return `posed (jaffe, scheme raw, x1)`: the pretraining of the start weights."""
    entry = plan.settings.pretrainings[name]
    members = ", ".join(sorted(plan.settings.collections[entry.collection]))
    without = ", without tested subjects" if entry.tested_subjects == "exclude" else ""
    return f"{name} ({members}, scheme {entry.scheme}, {entry.factor}{without})"


def _overlap(plan: Plan, name: str) -> list[str]:
    """Return the mark of start weights that may have seen tested people; empty without one."""
    entry = plan.experiment(name)
    facts = _facts(plan, name) if entry.pretrain or entry.training.start_weights else []
    pairs = {pair for fold in facts for pair in fold.get("subject_overlap_unknown", ())}
    return (
        [f"subject overlap unknown: {', '.join(sorted(pairs))} (one laboratory)"] if pairs else []
    )


def _frozen(plan: Plan, name: str) -> str:
    """Return what made the features: `frozen vit.onnx (SHA-256 1f2e...), pretrained on: ...`."""
    chosen = plan.experiment(name).training.features
    digests = {str(facts["backbone"])[:12] for facts in _facts(plan, name) if "backbone" in facts}
    made = f" (SHA-256 {', '.join(sorted(digests))}...)" if digests else ""
    trained = chosen.pretraining or "data that the config does not name"
    return f"frozen {Path(chosen.file).name}{made}, pretrained on: {trained}"


def _facts(plan: Plan, name: str) -> list[Mapping[str, Any]]:
    """Return what the trained folds of an experiment recorded."""
    folders = [Path(run.folder) for run in plan.runs([name])]
    return [read_facts(path) for folder in folders for path in sorted(folder.glob("*/run.json"))]


def _protocol_line(plan: Plan, name: str, sheets: Mapping[str, list[str]]) -> str:
    entry = plan.experiment(name)
    chosen = plan.settings.preparations[entry.preparation]
    what = entry.network if entry.method == "keras" else entry.method
    given = entry.protocol == "file"
    protocol = f"file {Path(entry.folds_file).name}" if given else entry.protocol
    if Path(plan.truth_file(name)).exists():
        protocol += f", {plural(len(plan.fold_names(name)), 'fold')}"
    if entry.protocol == "kfold" and _has_official_folds(plan, name):
        protocol += ", not the official folds"
    magnified = any(factor != "x1" for factor in entry.factors)
    parts = [
        what,
        f"datasets {', '.join(_dataset(plan, one, sheets) for one in plan.data.members(name))}",
        f"scheme {entry.scheme}" if entry.task == "emotion" else units_text(entry),
        f"protocol {protocol}",
        f"magnified by {chosen.magnify.method}" if magnified else "not magnified",
        _program(plan, name) + _stop(entry),
        f"seeds {', '.join(map(str, entry.seeds))}",
    ]
    if entry.protocol == "cd6me" and Path(plan.truth_file(name)).exists():
        parts.append(cd6me_statement(plan, name))
    if entry.method == "keras" and network_registry.made_for_weights(entry.network):
        own = network_registry.from_imagenet(entry.network_settings)
        start = own or entry.pretrain or entry.training.start_weights
        parts.append("starts from weights given" if start else "untrained: starts at random")
    elif entry.method == "keras" and entry.training.start_weights and not entry.pretrain:
        parts.append("starts from weights given")
    if entry.method == "video_features":
        parts.append(_frozen(plan, name))
    if entry.pretrain:
        parts.append(f"pretrained: {_pretrained(plan, entry.pretrain)}")
    parts += _overlap(plan, name)
    if chosen.kind == "flow" and chosen.flow.scale == "clip":
        parts.append("flow scaled per clip")
    if entry.control != "none":
        parts.append(f"negative control: {entry.control}")
    if entry.permute_labels is not None:
        parts.append("labels permuted across subjects: should score as a guess")
    return "; ".join(parts)
