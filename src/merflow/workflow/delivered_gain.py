"""Delivered gain: the magnification measured in each clip (`results/delivered.csv`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.evaluation.columns import DELIVERED, GAINS
from merflow.io.hdf5 import get_json, open_hdf5
from merflow.io.packed import KIND
from merflow.stages.magnification.credibility import COMPRESSED, LARGE

if TYPE_CHECKING:
    from pandas import DataFrame


def read_delivery(path: Path) -> list[dict[str, Any]]:
    """Return the rows of one packed file, `results/<preparation>/packed/<collection>/<factor>.h5`.

    x1 has none: it is not magnified.
    """
    with open_hdf5(path, KIND) as handle:
        keys, facts = get_json(handle, "keys"), get_json(handle, "magnify")
    name = path.parents[2].name if len(path.parents) > 2 else ""
    return [
        {
            "preparation": name,
            **dict(zip(DELIVERED.names[1:4], key, strict=True)),
            "factor": path.stem,
            **{column: found.get(column) for column in DELIVERED.names[5:]},
            "doubt": found.get("doubt", ""),
        }
        for key, found in zip(keys, facts, strict=True)
        if found
    ]


def write_delivered(path: Path, packs: Sequence[Path]) -> None:
    """Write `results/delivered.csv` of the packed files."""
    rows = [row for pack in packs for row in read_delivery(pack)]
    frame = DELIVERED.frame(rows).drop_duplicates()
    DELIVERED.write(path, frame.sort_values(list(DELIVERED.names[:5]), kind="stable"))


def read_delivered(path: Path) -> "DataFrame":
    """Read `results/delivered.csv`; without the file, or with x1 alone, no rows."""
    return DELIVERED.read(path, may_be_empty=True) if path.exists() else DELIVERED.frame([])


def summaries(delivered: "DataFrame") -> "DataFrame":
    """Return a row for each preparation and factor, in order of appearance.

    measured: clips with a gain; delivered, gain: medians over these; credible: how many of these;
    large, compressed: how many of the others, by the reason for doubt.
    """
    rows = []
    for (preparation, factor), group in delivered.groupby(["preparation", "factor"], sort=False):
        measured = group[group["gain"].notna()]
        rows.append({
            "preparation": preparation,
            "factor": factor,
            "method": group["method"].iloc[0],
            "clips": len(group),
            "measured": len(measured),
            "delivered": measured["delivered"].median(),
            "gain": measured["gain"].median(),
            "credible": int(measured["credible"].fillna(value=False).sum()),
            "large": int((measured["doubt"] == LARGE).sum()),
            "compressed": int((measured["doubt"] == COMPRESSED).sum()),
        })  # fmt: skip
    return GAINS.frame(rows)
