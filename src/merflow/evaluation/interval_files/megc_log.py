"""Spotting logs of MEGC2020 and MEGC2021.

A line `1` (SAMM Long Videos) or `2` (CAS(ME)2), then for every hit, false alarm and miss
`<video> <onset> <offset> <predicted onset> <predicted offset> TP|FP|FN`, with `-` where there is
none. Types are not distinguished.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from merflow.errors import MerflowError
from merflow.evaluation.interval_files.table import LOG, IntervalTable, subject_of
from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.record import VideoInterval
from merflow.evaluation.intervals.scores import Group
from merflow.io.csv_table import read_text
from merflow.io.files import write_text

DATASETS = {"1": "samm_lv", "2": "casme_sq"}
"""Number in a log -> merflow's name of the dataset."""
LINE = "<video> <onset> <offset> <predicted onset> <predicted offset> TP|FP|FN, - for none"
PRESENT = {"TP": (True, True), "FP": (False, True), "FN": (True, False)}
"""Outcome -> whether the line has an annotated and a predicted interval."""


class SpottingLog(NamedTuple):
    """Predictions and truth of a log, and the counts of its own TP, FP and FN."""

    predictions: IntervalTable
    truth: IntervalTable
    printed: Counts


def is_log(path: Path | str) -> bool:
    """Return whether the first line of a text is the number of a dataset."""
    lines = read_text(path).split("\n", 1)
    return lines[0].strip() in DATASETS


def read_log(path: Path | str) -> SpottingLog:
    """Read a log. An interval in several TP lines counts once: a prediction may hit two intervals.

    Other equal intervals all count, since a micro and a macro interval may have the same frames.
    """
    dataset, printed = "", dict.fromkeys(PRESENT, 0)
    sides: tuple[list[tuple[VideoInterval, str]], ...] = ([], [])
    paired: set[tuple[int, VideoInterval]] = set()
    for number, line in enumerate(read_text(path).splitlines(), 1):
        cells, where = line.split(), f"{path}: row {number}"
        if len(cells) == 1 and cells[0] in DATASETS:
            dataset = DATASETS[cells[0]]
        elif cells:
            outcome = _outcome(where, cells)
            printed[outcome] += 1
            for side, present in enumerate(PRESENT[outcome]):
                span = cells[1 + 2 * side : 3 + 2 * side]
                one = _interval(where, dataset, cells[0], span, present)
                if one is None or (outcome == "TP" and (side, one) in paired):
                    continue
                sides[side].append((one, where))
                paired |= {(side, one)} if outcome == "TP" else set()
    truth, predicted = (_table(path, side) for side in sides)
    return SpottingLog(predicted, truth, Counts(*printed.values()))


def _outcome(where: str, cells: Sequence[str]) -> str:
    if len(cells) != 6 or cells[-1] not in PRESENT:
        raise MerflowError(where, f"'{' '.join(cells)[:60]}'", LINE)
    return cells[-1]


def _table(path: Path | str, found: Sequence[tuple[VideoInterval, str]]) -> IntervalTable:
    intervals, places = (tuple(part) for part in zip(*found, strict=True)) if found else ((), ())
    return IntervalTable(str(path), LOG, frozenset({"dataset"}), intervals, places, {})


def _interval(
    where: str, dataset: str, video: str, span: Sequence[str], present: bool
) -> VideoInterval | None:
    if span == ["-", "-"] and not present:
        return None
    if not (present and all(cell.isascii() and cell.isdigit() for cell in span)):
        found = f"'{' '.join(span)}'"
        raise MerflowError(where, found, "two frames" if present else "- -", LINE)
    onset, offset = map(int, span)
    if onset > offset:
        raise MerflowError(where, f"onset {onset} is after offset {offset}", "onset <= offset")
    return VideoInterval(dataset, subject_of(video), video, onset, offset)


def write_log(path: Path | str, groups: Sequence[Group]) -> None:
    """Write matched groups as a log; all must be of SAMM Long Videos or CAS(ME)2."""
    numbers = {dataset: number for number, dataset in DATASETS.items()}
    listed: dict[str, list[tuple[str, ...]]] = {}
    for group in groups:
        if group.key.dataset not in numbers:
            raise MerflowError(
                str(path),
                f"dataset '{group.key.dataset}'",
                f"{' or '.join(numbers)}: a log has a number for these two only",
                "name them so in the column dataset, or export another form",
            )
        listed.setdefault(numbers[group.key.dataset], []).extend(_lines(group))
    text = [
        "\n".join([number, *("\t".join(line) for line in sorted(listed[number], key=_order))])
        for number in sorted(listed)
    ]
    write_text(path, "\n".join(text) + "\n")


def _lines(group: Group) -> list[tuple[str, ...]]:
    video, none = group.key.video, ("-", "-")
    truths, predicted = (
        [(str(one.onset), str(one.offset)) for one in side]
        for side in (group.truths, group.predictions)
    )
    found = group.matching
    return [
        *((video, *truths[t], *predicted[p], "TP") for p, t, _ in found.pairs),
        *((video, *none, *predicted[p], "FP") for p in found.false_alarms),
        *((video, *truths[t], *none, "FN") for t in found.misses),
    ]


def _order(line: tuple[str, ...]) -> tuple[str, int, tuple[str, ...]]:
    """Sort lines by video and first frame."""
    return line[0], min(int(cell) for cell in line[1:5] if cell != "-"), line
