"""Folds of an experiment: made by its protocol, or read from a file.

The file is a CSV with the columns `fold,dataset,subject` and optionally `side`. Without `side` a
row names a test subject of the fold, and all other subjects train. With `side`, `test` or
`train`, a fold uses only the subjects it names. The unit is the subject: no file can put clips of
one subject on both sides.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.errors import MerflowError, unknown
from merflow.evaluation.fold import Fold
from merflow.evaluation.protocols import GivenRow, folds, given
from merflow.evaluation.run_id import FINAL
from merflow.io.csv_table import read_csv
from merflow.io.files import safe_name

COLUMNS = ("fold", "dataset", "subject")
SIDES = ("train", "test")


def experiment_folds(
    entry: Experiment, keys: Sequence[ClipKey], labels: Sequence[str]
) -> list[Fold]:
    """Return the folds of an experiment over clips `keys` with class names `labels`."""
    if entry.protocol == "file":
        return given(keys, labels, read_rows(Path(entry.folds_file)))
    return folds(
        keys,
        labels,
        entry.protocol,
        test_on=entry.test_on,
        count=entry.folds,
        share=entry.holdout,
        seed=entry.seeds[0],
    )


def read_rows(path: Path) -> list[GivenRow]:
    """Read a file of folds."""
    sheet = read_csv(path, COLUMNS)
    sides = sheet["side"] if "side" in sheet.columns else ["test"] * len(sheet.rows)
    columns = [sheet[name] for name in COLUMNS]
    rows = []
    for number, (side, *cells) in enumerate(zip(sides, *columns, strict=True)):
        fold, dataset, subject = (cell.strip() for cell in cells)
        if side.strip() not in SIDES:
            raise unknown(sheet.where(number), "side", side.strip(), SIDES)
        safe_name(fold, sheet.where(number))
        if fold.lower() == FINAL:
            raise MerflowError(
                sheet.where(number),
                f"a fold named '{fold}'",
                "another name: the final model uses a folder of this name",
            )
        rows.append(GivenRow(fold, side.strip(), (dataset, subject)))
    for row, count in Counter(rows).items():
        if count > 1:
            subject = "/".join(row.subject)
            raise MerflowError(str(path), f"subject {subject} twice in fold {row.fold}", "once")
    return rows
