"""Check datasets: clips, labels, sizes and problems, without decoding frames."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import labels, registry
from merflow.datasets.clip_list import ClipList
from merflow.datasets.frame_checks import FileCheck, check_files, duplicate_clips, problems_in
from merflow.datasets.registry import known_reader, read_dataset
from merflow.datasets.spec import NO_SUBJECT, Problem, Reading
from merflow.errors import BAD_INPUT, DONE, WARNED, MerflowError
from merflow.text import plural
from merflow.workflow.experiment_check import counts_text, experiment_facts, render_experiment
from merflow.workflow.list_check import compare_with_list, render_list
from merflow.workflow.recording_facts import interval_facts, interval_lines, is_recording

Facts = dict[str, Any]
SHOWN = 5
KEY_FRAMES = ("onset", "apex", "offset")


def check_dataset(
    name: str, entry: DatasetEntry, settings: Settings | None = None, annotations_only: bool = False
) -> Facts:
    """Return the facts of one dataset, JSON-able, with its problems."""
    return check_datasets({name: entry}, settings, annotations_only)["datasets"][0]


def check_datasets(
    entries: Mapping[str, DatasetEntry],
    settings: Settings | None = None,
    annotations_only: bool = False,
    against: ClipList | None = None,
    scheme: str = "",
) -> Facts:
    """Return the facts of several datasets, and of the configured experiments' folds.

    against, scheme: also compare all clips with a list, as `compare_with_list` does.
    """
    readings: dict[str, Reading] = {}
    checks: dict[ClipKey, FileCheck] = {}
    datasets = []
    for name, entry in entries.items():
        try:
            known_reader(name, entry)
            reading = read_dataset(name, entry, annotations_only=annotations_only)
        except MerflowError as error:
            datasets.append(_unreadable(name, error))
            continue
        readings[name] = reading
        opened = [c for c in reading.clips if c.files and not is_recording(c)]
        seen = {} if annotations_only else {c.key: check_files(c) for c in opened}
        checks.update(seen)
        datasets.append(_facts(reading, seen, settings))
        for problem in [] if annotations_only else registry.check_files(name, entry):
            _add(datasets, name, problem)
    equal = duplicate_clips(checks.items())
    for first, copy in equal:
        found = f"its frames are those of {first}"
        _add(datasets, copy.dataset, Problem("warning", str(copy), found, fix=_COPY))
    if checks:
        _look_at_frames(datasets, readings, checks, equal, settings)
    report: Facts = {"datasets": datasets, "experiments": experiment_facts(settings, readings)}
    if against is not None and readings:  # Otherwise the errors above say enough.
        clips = [clip for reading in readings.values() for clip in reading.clips]
        report["against"] = compare_with_list(clips, against, scheme, settings)
    return report


def _look_at_frames(
    datasets: Sequence[Facts],
    readings: Mapping[str, Reading],
    checks: Mapping[ClipKey, FileCheck],
    equal: Sequence[tuple[ClipKey, ClipKey]],
    settings: Settings | None,
) -> None:
    """Add what only the frames show: altered copies, label leaks, and lossy compression."""
    from merflow.workflow import leak_check
    from merflow.workflow.compression_check import compression_problems

    sound = [c for r in readings.values() for c in r.clips if c.key in checks]
    looks = leak_check.looks_of([c for c in sound if not checks[c.key].bad and c.flow is None])
    for problem in leak_check.altered_copies(sound, looks, {frozenset(pair) for pair in equal}):
        _add(datasets, problem.where.split("/")[0], problem)
    for name, reading in readings.items():
        for problem in leak_check.label_leaks(reading, checks, looks, settings):
            _add(datasets, name, problem)
        readable = [c for c in reading.clips if c.key in checks and not checks[c.key].bad]
        for problem in compression_problems(reading, readable):
            _add(datasets, name, problem)


def _add(datasets: Sequence[Facts], name: str, problem: Problem) -> None:
    facts = next(d for d in datasets if d["dataset"] == name)
    facts["problems"].append(asdict(problem))


_COPY = "delete one of the two: duplicates on both sides of a split are a leak"


def _unreadable(name: str, error: MerflowError) -> Facts:
    empty: Facts = {"clips": 0, "subjects": 0, "labels": {}, "schemes": {}, "dropped": {}}
    return {"dataset": name, **empty, "problems": [asdict(Problem.of(error))]}


def _facts(
    reading: Reading, checks: Mapping[ClipKey, FileCheck], settings: Settings | None
) -> Facts:
    clips = reading.clips
    schemes = {
        name: outcome
        for name in labels.names(settings)
        if (outcome := _scheme(name, clips, settings)) is not None
    }
    return {
        "dataset": reading.name,
        "title": reading.spec.title,
        "clips": len(clips),
        "subjects": len({c.key.subject for c in clips} - {NO_SUBJECT}),
        "subjects_known": all(c.key.subject != NO_SUBJECT for c in clips),
        "without_frames": sum(bool(c.missing) for c in clips),
        "labels": dict(sorted(Counter(c.emotion for c in clips).items())),
        "fps": sorted({c.fps for c in clips}),
        "enters_at": sorted({c.enters_at for c in clips}),
        "unknown": _unknown(clips, reading.spec.stills),
        "frames": _frames(clips),
        **interval_facts(clips),
        "sizes": _sizes(checks),
        "schemes": {name: kept for name, (kept, _) in schemes.items()},
        "dropped": {name: dropped for name, (_, dropped) in schemes.items() if dropped},
        "problems": [asdict(p) for p in (*reading.problems, *problems_in(checks))],
    }


def _scheme(
    name: str, clips: Sequence[Clip], settings: Settings | None
) -> tuple[dict[str, int], dict[str, int]] | None:
    """Return class -> clips and reason -> clips dropped; None where the scheme does not apply."""
    if not clips:
        return None
    dataset = clips[0].key.dataset
    try:
        classes = labels.classes(name, settings, [dataset])
    except MerflowError:
        return None
    kept, dropped = Counter(dict.fromkeys(classes, 0)), Counter()
    for clip in clips:
        outcome = labels.explain(name, clip, settings)
        if outcome.label is None:
            dropped[outcome.reason] += 1
        else:
            kept[outcome.label] += 1
    return (dict(kept), dict(sorted(dropped.items()))) if any(kept.values()) else None


def _unknown(clips: Sequence[Clip], stills: bool) -> dict[str, int]:
    """Return key frame -> clips without it; empty for stills, recordings and prepared flow."""
    clips = [clip for clip in clips if clip.intervals is None and clip.flow is None]
    if stills or not clips:
        return {}
    return {key: sum(getattr(c, key) is None for c in clips) for key in KEY_FRAMES}


def _frames(clips: Sequence[Clip]) -> dict[str, float]:
    counts = [len(c.numbers) for c in clips if c.files and c.numbers]
    if not counts:
        return {}
    return {
        "total": sum(counts),
        "fewest": min(counts),
        "median": float(np.median(counts)),
        "most": max(counts),
    }


def _sizes(checks: Mapping[ClipKey, FileCheck]) -> dict[str, int]:
    """Return image size -> number of clips, most frequent first."""
    sizes = Counter(f"{s.size[0]}x{s.size[1]}" for s in checks.values() if s.size)
    return dict(sizes.most_common())


def problems(report: Facts) -> list[dict[str, str]]:
    """Return all problems of a report."""
    parts = [*report["datasets"], *report["experiments"]]
    parts += [report["against"]] if "against" in report else []
    return [problem for part in parts for problem in part["problems"]]


def exit_code(report: Facts, strict: bool = False) -> int:
    """Return 2 with errors, 1 with warnings and `strict`, else 0."""
    severities = {problem["severity"] for problem in problems(report)}
    if "error" in severities:
        return BAD_INPUT
    return WARNED if strict and severities else DONE


def render(report: Facts, every_scheme: bool = True) -> str:
    """Return the report as text.

    every_scheme: show all schemes; False: those of the experiments, and of the others the clips.
    """
    lines: list[str] = []
    used = set() if every_scheme else {facts["scheme"] for facts in report["experiments"]}
    for facts in report["datasets"]:
        lines += [*_render_dataset(facts, used), ""]
    reported: dict[str, str] = {}
    for facts in report["experiments"]:
        lines.append(render_experiment(facts))
        first = reported.setdefault(str(facts["problems"]), facts["experiment"])
        repeated = facts["problems"] and first != facts["experiment"]
        if repeated:
            lines.append(f"  {facts['problems'][0]['severity']}: as for {first}")
        else:
            lines += _render_problems(facts["problems"])
    lines += render_list(report["against"]) if "against" in report else []
    errors = [problem for problem in problems(report) if problem["severity"] == "error"]
    warnings = len(problems(report)) - len(errors)
    lines.append(f"{plural(len(errors), 'error')}, {plural(warnings, 'warning')}")
    # Once more: the place above may have left the screen.
    lines += dict.fromkeys(f"  error: {error['where']}: {error['found']}" for error in errors)
    return "\n".join(lines) + "\n"


def _render_dataset(facts: Facts, used: Collection[str]) -> list[str]:
    title = f" ({facts['title']})" if facts.get("title") else ""
    known = facts["subjects"] or facts.get("subjects_known", True)
    lines = [
        f"{facts['dataset']}{title}: {plural(facts['clips'], 'clip')}"
        + (f" of {plural(facts['subjects'], 'subject')}" if known else "")
        + (f", {facts['without_frames']} without frames" if facts.get("without_frames") else "")
    ]
    if facts.get("subjects_known") is False:
        lines.append("  subjects  unknown: for pretraining only, cannot be split by subject")
    if facts["labels"]:
        lines.append(f"  labels    {counts_text(facts['labels'])}")
    if facts.get("fps"):
        lines.append(f"  fps       {', '.join(f'{fps:g}' for fps in facts['fps'])}")
    if any((unknown := facts.get("unknown", {})).values()):
        counts = ", ".join(f"{key} in {count}" for key, count in unknown.items())
        lines.append(f"  unknown   {counts} of {plural(facts['clips'], 'clip')}")
    if frames := facts.get("frames"):
        lines.append(
            f"  frames    {frames['total']} in all; a clip has {frames['fewest']} to "
            f"{frames['most']}, median {frames['median']:g}"
        )
    lines += interval_lines(facts)
    if facts.get("sizes"):
        lines.append(f"  sizes     {counts_text(dict(list(facts['sizes'].items())[:SHOWN]))}")
    others = {n: kept for n, kept in facts["schemes"].items() if used and n not in used}
    for name, kept in facts["schemes"].items():
        if name in others:
            continue
        lines.append(f"  {name:<9} {counts_text(kept)} = {sum(kept.values())}")
        for reason, count in facts["dropped"].get(name, {}).items():
            lines.append(f"            {count} dropped: {reason}")
    if others:
        clips = ", ".join(f"{name} {sum(kept.values())}" for name, kept in others.items())
        lines.append(f"  clips in other schemes: {clips} (--dataset {facts['dataset']} lists them)")
    return lines + _render_problems(facts["problems"])


def _render_problems(found: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the problems, errors first; of many similar ones show a few and the number."""
    groups: dict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    for problem in sorted(found, key=lambda p: p["severity"]):
        kind = "".join(c for c in problem["found"] if not c.isdigit())[:40]
        groups[problem["severity"], kind].append(problem)
    lines = []
    for (severity, _), members in groups.items():
        for problem in members[:SHOWN]:
            lines.append(f"  {severity}: {problem['where']}: {problem['found']}")
            if problem["expected"]:
                lines.append(f"    expected: {problem['expected']}")
            if problem["fix"]:
                lines.append(f"    to do: {problem['fix']}")
        if len(members) > SHOWN:
            lines.append(f"  {severity}: and {len(members) - SHOWN} more of this kind")
    return lines
