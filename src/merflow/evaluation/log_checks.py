"""Compare a log's predictions with the official composite, a list, and its own final score."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import smic_class
from merflow.datasets.clip_list import ClipList
from merflow.datasets.official_composite import OFFICIAL, class_counts
from merflow.evaluation.metrics import uar, uf1
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.published_logs import Printed
from merflow.text import plural

SHOWN = 10


def against_clips(table: Pooled, listed: ClipList) -> list[str]:
    """Return how a table with clip names differs from a list: clips and classes by name."""
    wanted, name = listed.classes, Path(listed.path).name
    truth = dict(zip(table.keys, (table.classes[t] for t in table.truth), strict=True))
    missing = sorted(set(wanted) - set(truth))
    extra = sorted(set(truth) - set(wanted))
    differ = [k for k in sorted(set(truth) & set(wanted)) if wanted[k] not in ("", truth[k])]
    lines = [f"{len(truth) - len(extra)} of {len(wanted)} clips of {name}"]
    if missing:
        lines.append(f"missing: {_names(missing)}")
    if extra:
        lines.append(f"not in {name}: {_names(extra)}")
    lines += [
        f"{key} is {truth[key]} in the log, {wanted[key]} in {name}" for key in differ[:SHOWN]
    ]
    return lines


def against_counts(table: Pooled, listed: Mapping[ClipKey, str] | None = None) -> list[str]:
    """Return how a table's clips per subject and class differ from the official ones.

    listed: take the counts of this list instead. Counts are all that a log without clip names can
    be compared by; equal counts do not show that the clips are the same.
    """
    if listed is None and not set(table.datasets) <= set(OFFICIAL):
        return []
    wanted = _counts(listed) if listed is not None else class_counts()
    labels = (table.classes[number] for number in table.truth)
    found = _counts(dict(zip(table.keys, labels, strict=True)))
    total = sum(sum(counts.values()) for counts in wanted.values())
    what = "the list" if listed is not None else "the official composite"
    lines = []
    for owner in sorted(set(wanted) | set(found)):
        here, there = found.get(owner, {}), wanted.get(owner, {})
        short = sum(there.values()) - sum(here.values())
        who = "/".join(owner)
        if not there:
            lines.append(f"{who} is not in {what}")
        elif short > 0:
            lines.append(f"{who}: {short} of {plural(sum(there.values()), 'clip')} missing")
        elif short < 0:
            lines.append(f"{who}: {-short} more than the {sum(there.values())} of {what}")
        elif {k: v for k, v in here.items() if v} != {k: v for k, v in there.items() if v}:
            lines.append(f"{who}: {_text(here)}, in {what} {_text(there)}")
    head = f"{len(table.keys)} of {total} clips of {what}"
    if not lines:
        head += ", with its number of clips for every subject and class"
    return [head, *lines]


def against_names(table: Pooled) -> list[str]:
    """Return the clips of SMIC with another true class than the one in their name (ne, po, sur)."""
    lines = []
    for key, number in zip(table.keys, table.truth, strict=True):
        named = smic_class(key.clip) if key.dataset == "smic" else ""
        truth = table.classes[number]
        if named in table.classes and named != truth:
            lines.append(f"{key} is {truth} in the log and {named} by its name; scored as {truth}")
    return lines


def against_printed(table: Pooled, printed: Printed | None) -> list[str]:
    """Return a line where the log's final score is not the score of its predictions."""
    if printed is None:
        return []
    digits = max(_digits(printed.uf1), _digits(printed.uar))
    lines = []
    for name, metric in (("uf1", uf1), ("uar", uar)):
        text, score = getattr(printed, name), float(metric(table.matrix))
        try:
            value = float(text)
        except ValueError:
            continue
        if abs(value - score) > 0.5001 * 10**-digits:  # Never of NaN.
            lines.append(f"the log prints {name.upper()} {text}; its predictions give {score:.4f}")
    return lines


def _digits(text: str) -> int:
    found = re.fullmatch(r"\d*\.(\d+)", text)
    return min(len(found[1]), 6) if found else 1


def _counts(labels: Mapping[ClipKey, str]) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for key, label in labels.items():
        counts = found.setdefault(key.subject_key, Counter())
        counts[label] += 1
    return found


def _names(keys: list[ClipKey]) -> str:
    return ", ".join(map(str, keys[:SHOWN])) + (
        f" and {len(keys) - SHOWN} more" * (len(keys) > SHOWN)
    )


def _text(counts: Mapping[str, int]) -> str:
    return " ".join(f"{name} {count}" for name, count in counts.items() if count)
