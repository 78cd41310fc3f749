"""Read the logs that published code writes; the form is found from the content.

docs/interoperability.md lists the forms. Numbers are positions in the classes. Logs that list a
subject's predictions without clip names give positions in place of clips (`table_marks`).
"""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from merflow.datasets.clip_ids import canonical
from merflow.datasets.official_composite import CLASSES
from merflow.errors import MerflowError
from merflow.evaluation import causalnet_log
from merflow.evaluation.log_lists import Subject, class_number, table_of
from merflow.evaluation.megc_log import read_megc_log
from merflow.evaluation.predictions import Pooled
from merflow.io.csv_table import read_text
from merflow.text import plural

FORMS = (
    "a log of STSTNet or HTNet (Subject, Predicted, Ground Truth), a challenge log "
    "(<database> <subject>, then <clip> <truth> <prediction>), or CausalNet's folder of "
    "<subject>_acc.txt"
)
_SUBJECT = re.compile(r"^\s*Subject\s*:\s*(.*?)\s*$")
_LIST = re.compile(r"^\s*(best\s+predicted|predicted|ground\s+truth)\s*:\s*(.*)$", re.IGNORECASE)
_TOTAL = re.compile(r"^\s*(?:best\s+)?UF1\s*:\s*(\S+)\s*\|\s*(?:best\s+)?UAR\s*:\s*(\S+)", re.I)


@dataclass(frozen=True, slots=True)
class Printed:
    """A score as a log prints it, for example `0.725`."""

    uf1: str
    uar: str


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """A log as read."""

    form: str
    table: Pooled
    printed: Printed | None = None
    """The log's own final score, where it has one."""
    notes: tuple[str, ...] = ()


def read_log(path: Path | str, classes: Sequence[str] = CLASSES) -> PublishedLog:
    """Read a log of any known form; refuse one without predictions, incomplete or ambiguous."""
    path = Path(path)
    if path.is_dir():
        subjects, notes = causalnet_log.read_folder(path, classes)
        table = table_of(path, subjects, classes, oracle=True)
        return PublishedLog("CausalNet", table, notes=tuple(notes))
    text = read_text(path)
    if "has the accuracy" in text:
        raise MerflowError(
            str(path),
            "a log of RCN: accuracies of subjects, no predictions",
            "predictions and truth of every clip: pooled UF1 and UAR cannot be found from "
            "accuracies",
            "save the predictions in the code that wrote the log, as dataset,subject,clip,truth,"
            "predicted",
        )
    listed = filter(None, map(_LIST.match, text.splitlines()))
    kinds = {found[1].casefold().split()[0] for found in listed}
    if "best" in kinds:
        return _listing(path, text, "HTNet", classes, oracle=True)
    if "predicted" in kinds:
        return _listing(path, text, "STSTNet", classes)
    if any(len(line.split()) == 3 for line in text.splitlines()):
        return _challenge(path, classes)
    raise MerflowError(
        str(path),
        f"no known form of log; it begins with '{text.strip().splitlines()[0][:60]}'",
        FORMS,
        "write a table dataset,subject,clip,truth,predicted and score that",
    )


def _challenge(path: Path, classes: Sequence[str]) -> PublishedLog:
    """Read a challenge log; ids of the official datasets are padded."""
    table = read_megc_log(path, classes)
    keys = tuple(map(canonical, table.keys))
    if twice := [key for key, times in Counter(keys).items() if times > 1]:
        found = f"clip {min(twice)} twice, once with its ids not padded"
        raise MerflowError(str(path), found, "each clip once", "delete one of the two")
    changed = sum(a != b for a, b in zip(keys, table.keys, strict=True))
    notes = (f"ids of {plural(changed, 'clip')} padded as in the official list",) if changed else ()
    folds = tuple("-".join(key.subject_key) for key in keys)
    return PublishedLog("challenge log", table.changed(keys=keys, folds=folds), notes=notes)


def _listing(
    path: Path, text: str, form: str, classes: Sequence[str], *, oracle: bool = False
) -> PublishedLog:
    """Read `Subject`, `Predicted`, `Ground Truth` lines; other lines are comments of the code."""
    lines = text.splitlines()
    subjects: list[Subject] = []
    name, where = "", ""
    lists: dict[str, list[int]] = {}
    printed = None
    for number, line in enumerate(lines, 1):
        if found := _SUBJECT.match(line):
            _check_complete(name, where, lists)
            name, where, lists = found[1], f"{path}: row {number}", {}
            if not name:
                raise MerflowError(where, "a subject without a name", "Subject: <id>")
        elif found := _LIST.match(line):
            kind = "truth" if found[1].casefold().startswith("ground") else "predicted"
            place = f"{path}: row {number}"
            if not name:
                raise MerflowError(
                    place, f"'{line.strip()[:60]}' before a subject", "Subject: <id>"
                )
            if kind in lists:
                raise MerflowError(
                    place,
                    f"subject {name} has two lists '{found[1].strip()}'",
                    "one list of predictions and one of the truth a subject",
                    "keep the lines of one run: the file was appended to",
                )
            lists[kind] = _numbers(place, _bracketed(lines, number - 1, found[2], place), classes)
            if len(lists) == 2:
                subjects.append(Subject(name, where, lists["predicted"], lists["truth"]))
        elif found := _TOTAL.match(line):
            printed = Printed(found[1], found[2])
    _check_complete(name, where, lists)
    _check_dictionary(path, lines, subjects)
    return PublishedLog(form, table_of(path, subjects, classes, oracle=oracle), printed)


def _check_complete(name: str, where: str, lists: dict[str, list[int]]) -> None:
    """Refuse a subject that lacks one of its two lists."""
    missing = {"predicted": "predictions", "truth": "ground truth"}
    if name and (lacking := [word for kind, word in missing.items() if kind not in lists]):
        raise MerflowError(
            where,
            f"subject {name} has no {' and no '.join(lacking)}",
            "a line Predicted and a line Ground Truth for every subject",
            "the log is cut, or its run did not end: take a complete one",
        )


def _bracketed(lines: Sequence[str], index: int, start: str, where: str) -> str:
    """Return a list's text, which may go on over several lines."""
    text = start
    while "]" not in text:
        index += 1
        if index == len(lines) or _SUBJECT.match(lines[index]) or _LIST.match(lines[index]):
            raise MerflowError(where, f"a list without its end: '{start[:60]}'", "[0, 1, ...]")
        text += " " + lines[index]
    return text


def _numbers(where: str, text: str, classes: Sequence[str]) -> list[int]:
    """Return the class numbers of `[0, 1, 2]` or `[0 1 2]`."""
    inside = re.fullmatch(r"\s*(?:tensor\()?\[(.*?)\]\)?\s*", text, re.DOTALL)
    words = re.split(r"[,\s]+", inside[1].strip()) if inside and inside[1].strip() else []
    if inside is None:
        raise MerflowError(where, f"'{text.strip()[:60]}' is not a list", "[0, 1, ...]")
    return [class_number(where, word, classes) for word in words]


def _check_dictionary(path: Path, lines: Sequence[str], subjects: Sequence[Subject]) -> None:
    """Refuse a final dictionary {subject: {pred, truth}} that differs from the lists above it."""
    for number, line in enumerate(lines, 1):
        if not re.match(r"\s*\{['\"].*'pred'", line):
            continue
        try:
            kept = ast.literal_eval(line.strip())
            pairs = {str(k): (list(v["pred"]), list(v["truth"])) for k, v in kept.items()}
        except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, MemoryError):
            continue  # The lists above have the same content; its form differs between versions.
        for subject in subjects:
            if pairs.get(subject.name, (subject.predicted, subject.truth)) != (
                subject.predicted,
                subject.truth,
            ):
                raise MerflowError(
                    f"{path}: row {number}",
                    f"subject {subject.name} has other predictions than in {subject.where}",
                    "one run in one log",
                    "take a log of one run",
                )
