"""The data card: which clips were tested, of whom, in which classes, and which were skipped."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from merflow.clip import ClipKey
from merflow.datasets.registry import is_generated
from merflow.reporting.html.markup import (
    DASH,
    Column,
    Html,
    Value,
    details,
    el,
    join,
    listing,
    table,
)
from merflow.reporting.html.read import Results
from merflow.reporting.table_text import part_name
from merflow.text import plural

MOST_SKIPPED = 500


def data_section(results: Results) -> Html:
    """Return the datasets' facts, the classes of each set of experiments, and skipped clips."""
    blocks = [_datasets(results)]
    groups: dict[object, list[str]] = {}
    for name, truth in results.truth.items():
        # Permuted labels are the same clips with the same classes, in other places.
        counts = frozenset(Counter((k.dataset, c) for k, c in truth.items()).items())
        groups.setdefault((results.plan.experiment(name).scheme, counts), []).append(name)
    for names in groups.values():
        if truth := results.truth[names[0]]:
            blocks.append(_classes(truth, names, results))
    blocks.append(_skipped(results))
    return join(blocks)


def _datasets(results: Results) -> Html:
    columns = (
        Column("dataset"),
        Column("clips in its sheets", number=True),
        Column("subjects", number=True),
        Column("frames a clip", "fewest, median, most", number=True),
        Column("frames a second", number=True),
        Column("pictures"),
        Column("variant and sheet"),
    )
    rows = [_dataset(name, results) for name in results.plan.data.datasets()]
    return join([el("h3", "Datasets"), table(columns, rows, sortable=False, label="datasets")])


def _dataset(name: str, results: Results) -> list[object]:
    entry = results.plan.settings.datasets[name]
    clips = results.sheets.get(name) or []
    subjects = {clip["key"][1] for clip in clips}
    rates = sorted({float(clip["fps"]) for clip in clips})
    read = results.read_from.get(name)
    sheets = [Path(entry.sheet).name] if read is None else [Path(sheet).name for sheet in read]
    words = [word for word in (entry.variant, *(sheets or ["labels in folder names"])) if word]
    return [
        part_name(name),
        f"{len(clips):,}" if clips else DASH,
        str(len(subjects)) if clips else DASH,
        _spread([len(clip["numbers"]) for clip in clips]),
        ", ".join(f"{rate:g}" for rate in rates) or DASH,
        _pictures(Path(entry.root)),
        ", ".join(words) or "found by looking",
    ]


def generated(results: Results) -> list[str]:
    """Return the datasets whose faces were drawn by `merflow demo`."""
    entries = results.plan.settings.datasets
    return [n for n in results.plan.data.datasets() if is_generated(entries[n].root)]


def _pictures(root: Path) -> str:
    if is_generated(root):
        return "generated faces (demo)"
    return "recorded" if root.is_dir() else "unknown: its folder is not here"


def _spread(lengths: list[int]) -> str:
    if not lengths or not max(lengths):
        return DASH
    return f"{min(lengths)} – {np.median(lengths):g} – {max(lengths)}"


def _classes(truth: Mapping[ClipKey, str], names: list[str], results: Results) -> Html:
    classes = results.classes(names[0])
    skipped = {ClipKey(*row[:3]) for row in results.skipped}
    columns = (
        Column("dataset"),
        Column("clips", number=True),
        Column("subjects", number=True),
        *(Column(name, number=True) for name in classes),
        Column("clips a subject", "fewest, median, most", number=True),
        Column("of them skipped", number=True),
    )
    datasets = sorted({key.dataset for key in truth})
    rows = [_counts(truth, name, classes, skipped) for name in datasets]
    foot = [_counts(truth, "", classes, skipped)] if len(datasets) > 1 else []
    scheme = results.plan.experiment(names[0]).scheme
    shown = listing(names) if len(names) <= 6 else plural(len(names), "experiment")
    heading = f"Classes, scheme {scheme}: {shown}"
    said = "Clips of the sheets whose emotion has no class in the scheme are not among these."
    made = table(columns, rows, foot=foot, label=heading)
    return join([el("h3", heading), el("p", said, class_="legend"), made])


def _counts(
    truth: Mapping[ClipKey, str], dataset: str, classes: tuple[str, ...], skipped: set[ClipKey]
) -> list[object]:
    keys = [key for key in truth if not dataset or key.dataset == dataset]
    of_class = Counter(truth[key] for key in keys)
    of_subject = Counter(key.subject_key for key in keys)
    lost = len(skipped & set(keys))
    return [
        part_name(dataset) if dataset else "all",
        Value(f"{len(keys):,}", len(keys)),
        Value(str(len(of_subject)), len(of_subject)),
        *(Value(str(of_class[name]), of_class[name]) for name in classes),
        _spread(list(of_subject.values())),
        Value(str(lost), lost),
    ]


def _skipped(results: Results) -> Html:
    rows = results.skipped
    heading = el("h3", "Skipped clips", id="skipped")
    if not rows:
        return join([heading, el("p", "None: every clip reached training.")])
    stages = Counter(row.stage for row in rows)
    said = listing([f"{count} at {stage}" for stage, count in sorted(stages.items())])
    columns = [Column(word) for word in ("dataset", "subject", "clip", "stage", "reason")]
    made = table(columns, [tuple(row) for row in rows[:MOST_SKIPPED]], label="skipped clips")
    more = len(rows) - MOST_SKIPPED
    end = el("p", f"and {more:,} more: see results/skipped.csv") if more > 0 else ""
    summary = f"{plural(len(rows), 'clip')}: {said}"
    return join([heading, details(summary, made, end, open=len(rows) <= 20)])
