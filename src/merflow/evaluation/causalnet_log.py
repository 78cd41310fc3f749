"""Read CausalNet's results: one `<subject>_acc.txt` a subject, pairs of prediction and truth."""

import re
from collections.abc import Sequence
from pathlib import Path

from merflow.errors import MerflowError
from merflow.evaluation.log_lists import Subject, class_number
from merflow.io.csv_table import read_text
from merflow.text import plural

MAX_FILES = 10_000
_LINE = re.compile(r"^\s*(best epoch|best acc|matrix_acc)\s*:\s*(.*)$")


def read_folder(path: Path, classes: Sequence[str]) -> tuple[list[Subject], list[str]]:
    """Return the subjects of a folder and notes; numbers are positions in `classes`."""
    files = sorted(path.glob("*_acc.txt"))
    if not files or len(files) > MAX_FILES:
        raise MerflowError(
            str(path),
            "no <subject>_acc.txt files" if not files else f"more than {MAX_FILES} files",
            "the folder results/ of CausalNet, or the file of another log",
            "name the log's file, or the folder that holds the <subject>_acc.txt",
        )
    subjects, repeated, empty = [], [], []
    for file in files:
        name = file.name.removesuffix("_acc.txt")
        pairs, times = _pairs(file, classes)
        repeated += [name] * (times > 1)
        empty += [name] * (not pairs)
        subjects.append(Subject(name, str(file), [p for p, _ in pairs], [t for _, t in pairs]))
    if empty:
        raise MerflowError(
            str(path),
            f"no predictions of {plural(len(empty), 'subject')}: {_some(empty)}",
            "predictions of every subject: CausalNet keeps none where no epoch has a right "
            "prediction, and leaves these clips out of its total",
            "without clips that are all wrong the score is too high; keep them in the code that "
            "writes the files",
        )
    files_with = f"{plural(len(repeated), 'file')} with several runs, the last is read"
    return subjects, [f"{files_with}: {_some(repeated)}"] if repeated else []


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")


def _pairs(file: Path, classes: Sequence[str]) -> tuple[list[tuple[int, int]], int]:
    """Return the last list of (prediction, truth) of a file and the number of its lists."""
    lines = read_text(file).splitlines()
    places = [i for i, line in enumerate(lines) if (m := _LINE.match(line)) and m[1][0] == "m"]
    if not places:
        raise MerflowError(
            str(file), "no line matrix_acc", "best epoch: N, best acc: x, matrix_acc: [[0, 0], ...]"
        )
    where = f"{file}: row {places[-1] + 1}"
    start = lines[places[-1]].split(":", 1)[1]
    rest = [line for line in lines[places[-1] + 1 :] if not _LINE.match(line)]
    text = re.sub(r"\s+", "", start + "".join(rest))
    if not re.fullmatch(r"\[(\[[^\[\]]*\],?)*\]", text):
        raise MerflowError(where, f"'{text[:60]}'", "[[prediction, truth], ...]")
    pairs = []
    for inside in re.findall(r"\[([^\[\]]+)\]", text):
        words = inside.split(",")
        if len(words) != 2:
            raise MerflowError(where, f"'[{inside[:40]}]'", "[prediction, truth]")
        pairs.append(tuple(class_number(where, word, classes) for word in words))
    _check_accuracy(lines, places[-1], pairs, where)
    return pairs, len(places)


def _check_accuracy(
    lines: Sequence[str], last: int, pairs: Sequence[tuple[int, int]], where: str
) -> None:
    """Refuse pairs that do not have the accuracy printed above them."""
    above = [m for line in lines[:last] if (m := _LINE.match(line)) and m[1] == "best acc"]
    try:
        printed = float(above[-1][2]) if above and pairs else None
    except ValueError:
        printed = None
    if printed is None:
        return
    right = sum(p == t for p, t in pairs) / len(pairs)
    if min(abs(right - printed), abs(100 * right - printed)) > 5e-3:
        found = f"accuracy {right:.4f} of the pairs, {above[-1][2].strip()} above them"
        raise MerflowError(where, found, "pairs of the run that the lines above belong to")
