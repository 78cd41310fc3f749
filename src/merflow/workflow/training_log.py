"""The history of a training as CSV, and its epochs so far while it runs."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.io.json_file import read_json
from merflow.paths import LIVE

if TYPE_CHECKING:
    from merflow.models.factory import Method

FIX = "delete the folder of the fold and call `merflow run`"
LIVE_SECONDS = 1.0
"""Least time between two writes of LIVE (s)."""


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts of a training from its run.json."""
    facts = read_json(path, missing="this fold has not been trained", fix=FIX)
    if not isinstance(facts.get("skipped"), list) or not all(
        isinstance(key, list) and len(key) == 3 for key in facts["skipped"]
    ):
        raise MerflowError(str(path), "no list of skipped clips", "what `train` wrote", FIX)
    return facts


def history_text(history: Sequence[dict[str, Any]]) -> str:
    """Return the history as CSV, one row per epoch, floats as %.9g."""
    header = list(history[0]) if history else ["epoch"]
    rows = [
        [f"{v:.9g}" if isinstance(v, float) else str(v) for v in row.values()] for row in history
    ]
    return csv_text(header, rows)


@contextlib.contextmanager
def curve_so_far(method: "Method", out: Path) -> Iterator[None]:
    """Write the epochs of a training to LIVE until it ends; the studio draws them."""
    if not hasattr(method, "on_epoch"):
        yield
        return
    rows: list[dict[str, Any]] = []
    written = 0.0

    def on_epoch(row: dict[str, Any]) -> None:
        nonlocal written
        rows.append(row)
        # Choosing the epochs trains several times; only the last curve counts.
        if row["epoch"] == 1:
            del rows[:-1]
        if time.monotonic() - written >= LIVE_SECONDS:
            write_text(out / LIVE, history_text(rows))
            written = time.monotonic()

    method.on_epoch = on_epoch
    try:
        yield
    finally:
        (out / LIVE).unlink(missing_ok=True)
