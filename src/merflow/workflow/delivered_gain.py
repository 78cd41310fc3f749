"""What magnification delivered, clip by clip: `results/delivered.csv`, and its summary."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from merflow import paths
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text, read_csv
from merflow.io.hdf5 import get_json, open_hdf5
from merflow.io.packed import KIND


class Delivered(NamedTuple):
    """One clip at one factor, as text: a row of `results/delivered.csv`.

    peak_px: the input's largest displacement; asked_px: that times the factor, as if the picture
    had 256 px; delivered: the factor found in the result; gain: that over the factor asked for;
    expected_gain: what benchmarks lead to expect. Empty where it was not measured.
    """

    preparation: str
    dataset: str
    subject: str
    clip: str
    factor: str
    method: str
    peak_px: str
    asked_px: str
    delivered: str
    gain: str
    expected_gain: str
    credible: str


class Summary(NamedTuple):
    """The clips of a preparation at a factor: medians over those that were measured."""

    preparation: str
    factor: str
    method: str
    clips: int
    measured: int
    delivered: float
    gain: float
    credible: int


def read_delivery(path: Path) -> list[Delivered]:
    """Return the rows of one packed file, `results/<preparation>/packed/<collection>/<factor>.h5`.

    None for x1, which nothing was done to.
    """
    with open_hdf5(path, KIND) as handle:
        keys, facts = get_json(handle, "keys"), get_json(handle, "magnify")
    name = path.parents[2].name if len(path.parents) > 2 else ""
    return [
        Delivered(name, *key, path.stem, *(_text(found.get(f)) for f in Delivered._fields[5:]))
        for key, found in zip(keys, facts, strict=True)
        if found
    ]


def _text(value: Any) -> str:  # noqa: ANN401
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def delivery_text(packs: Sequence[Path]) -> str:
    """Return `results/delivered.csv` of the packed files."""
    rows = sorted({row for path in packs for row in read_delivery(path)})
    return csv_text(Delivered._fields, rows)


def read_delivered(path: Path) -> list[Delivered]:
    """Read `results/delivered.csv`; without the file, or with x1 alone, nothing."""
    if not path.exists():
        return []
    sheet = read_csv(path, Delivered._fields, may_be_empty=True)
    return [Delivered(*row) for row in zip(*(sheet[c] for c in Delivered._fields), strict=True)]


def summaries(rows: Sequence[Delivered]) -> list[Summary]:
    """Return one summary for each preparation and factor, in order of appearance."""
    groups: dict[tuple[str, str], list[Delivered]] = {}
    for row in rows:
        groups.setdefault((row.preparation, row.factor), []).append(row)
    return [_summary(group) for group in groups.values()]


def read_summaries(path: Path) -> list[Summary]:
    """Return the summaries of `results/delivered.csv`."""
    return summaries(read_delivered(path))


def _summary(group: list[Delivered]) -> Summary:
    first = group[0]
    measured = [row for row in group if row.gain]
    try:
        pairs = np.array([(float(row.delivered), float(row.gain)) for row in measured])
    except ValueError as error:
        raise MerflowError(paths.DELIVERED, str(error), "numbers or nothing") from None
    delivered, gain = np.median(pairs, axis=0) if measured else (np.nan, np.nan)
    credible = sum(row.credible == "True" for row in measured)
    names = (first.preparation, first.factor, first.method)
    return Summary(*names, len(group), len(measured), float(delivered), float(gain), credible)
