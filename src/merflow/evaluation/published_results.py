"""Published results on the official 442 clips: data with source, protocol and remarks.

Shown beside a table only when its clips are exactly the official ones. Figures known from memory
or from a third party's notes are not here. A mark says that public code or the authors' own words
show epochs chosen on the test subject; no mark says only that none was found in what was read.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from merflow.datasets.official_composite import CLIPS, SUBJECTS
from merflow.evaluation.schema import Column, Schema, records

PARTS = ("full", "smic", "casme2", "samm")
SOURCES = {
    "official": "MEGC2019 Recognition Challenge, official PDF",
    "a": "table image in github.com/christy1206/STSTNet",
    "b": "table image in github.com/wangzhifengharrison/HTNet",
    "a, b": "table images in github.com/christy1206/STSTNet and /wangzhifengharrison/HTNet",
    "c": "comparison table image in github.com/dannyFan-0201's repositories, three digits",
    "survey": "a survey's table, two digits",
    "own": "the authors' repository",
}
PUBLISHED = Schema(
    "published_results.csv",
    (
        Column("method", str, "name in the literature"),
        Column("year", str, "of publication; empty where unknown"),
        *(
            Column(f"{part}_{score}", float, "as printed; empty where not given")
            for part in PARTS
            for score in ("uf1", "uar")
        ),
        Column("source", str, "key of SOURCES"),
        Column("protocol", str, "protocol of the publication"),
        Column("chosen_on_test", str, "evidence that epochs were chosen on the test subject"),
        Column("remark", str, "what else is known"),
    ),
)


def published() -> list[Any]:
    """Return the rows of the literature as named tuples."""
    return records(PUBLISHED.read(Path(str(files("merflow.evaluation") / PUBLISHED.table))))


def is_official(scheme: str, clips: int, subjects: int) -> bool:
    """Return whether a table is of the official clips: the scheme refuses any other set of ids."""
    return scheme == "megc2019" and (clips, subjects) == (CLIPS, SUBJECTS)


def footnote(row: Any) -> str:  # noqa: ANN401
    """Return the note about a row below the table: choice on the test first."""
    words = []
    if row.chosen_on_test:
        words.append(f"epochs chosen on the test subject: {row.chosen_on_test}")
    if row.remark:
        words.append(row.remark)
    return f"{row.method}: {'; '.join(words)}." if words else ""
