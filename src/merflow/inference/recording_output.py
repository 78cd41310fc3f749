"""Output of `merflow predict` for a recording: CSV files, JSON and a figure."""

from pathlib import Path
from typing import Any

import numpy as np

from merflow.evaluation.interval_files.output import predictions_text
from merflow.evaluation.intervals.record import VideoInterval
from merflow.inference.recording import LabelledSpan, RecordingPrediction
from merflow.io.csv_table import csv_text
from merflow.io.files import atomic, write_text


def write_recording(
    folder: Path, stem: str, found: RecordingPrediction, score: str, form: str = "merflow"
) -> None:
    """Write STEM.csv (windows), STEM.events.csv (movements), STEM.intervals.csv and STEM.png.

    form: of the intervals, as `merflow score-intervals` has them.
    """
    head = ("first", "last", "seconds", "movement", "answer", *(f"p_{c}" for c in found.classes))
    windows = [_cells(found, row) for row in found.windows]
    movements = [(*_cells(found, row), row.reason) for row in found.movements]
    write_text(folder / f"{stem}.csv", csv_text(head, windows))
    write_text(folder / f"{stem}.events.csv", csv_text((*head, "reason"), movements))
    write_text(folder / f"{stem}.intervals.csv", intervals_text(found, form))
    with atomic(folder / f"{stem}.png") as part:
        draw(part, found, score)


def intervals_text(found: RecordingPrediction, form: str = "merflow") -> str:
    """Return the movements of a recording as CSV, in merflow's form or one of a challenge."""
    rows = [
        VideoInterval(
            "",
            found.name,
            found.name,
            int(found.numbers[one.first]),
            int(found.numbers[one.last]),
            "",
            "" if one.probabilities is None else one.label,
            one.strength,
        )
        for one in found.movements
    ]
    return predictions_text(form, rows)


def _cells(found: RecordingPrediction, row: LabelledSpan) -> tuple[str, ...]:
    """Return a row's cells; frames by the recording's own numbers, seconds from its start."""
    shown = _row_json(found, row)
    p = shown["probabilities"] or dict.fromkeys(found.classes)
    numbers = (shown["seconds"], shown["movement"], *p.values())
    seconds, moved, *cells = ("" if v is None else f"{v:.9g}" for v in numbers)
    return (str(shown["first"]), str(shown["last"]), seconds, moved, row.label, *cells)


def as_json(found: RecordingPrediction) -> dict[str, Any]:
    """Return what `--json` prints of a recording."""
    movements = [_row_json(found, row) | {"reason": row.reason} for row in found.movements]
    return {
        "name": found.name,
        "frames": len(found.numbers),
        "fps": found.fps,
        "rests": found.rests,
        "spotter": found.spotter,
        "events": movements,
        "windows": [_row_json(found, row) for row in found.windows],
    }


def _row_json(found: RecordingPrediction, row: LabelledSpan) -> dict[str, Any]:
    p = row.probabilities
    return {
        "first": int(found.numbers[row.first]),
        "last": int(found.numbers[row.last]),
        "seconds": row.first / found.fps,
        "movement": None if np.isnan(row.strength) else row.strength,
        "answer": row.label,
        "probabilities": p if p is None else dict(zip(found.classes, p.tolist(), strict=True)),
    }


def draw(path: Path, found: RecordingPrediction, score: str) -> None:
    """Draw movement and probabilities over time, PNG; `score` is printed below."""
    from matplotlib.figure import Figure

    page = Figure(figsize=(9, 4.6), layout="constrained")
    top, low = page.subplots(2, 1, sharex=True)
    seconds = np.arange(len(found.ratio)) / found.fps
    top.plot(seconds, found.ratio, color="0.3", lw=1)
    top.axhline(found.limit, color="0.6", lw=0.8, ls=":")
    top.set_ylabel(f"score of\n{found.spotter}" if found.spotter else "movement\n(times the rest)")
    top.set_title(found.name, fontsize=10)
    for k, name in enumerate(found.classes):
        low.plot([], [], color=f"C{k}", lw=6, label=name)
    for row in found.movements:
        start, end = row.first / found.fps, (row.last + 1) / found.fps
        if row.probabilities is None:
            low.axvspan(start, end, color="0.85")
            continue
        top.axvspan(start, end, color=f"C{int(row.probabilities.argmax())}", alpha=0.2)
        width = (end - start) / len(found.classes)
        for k, p in enumerate(row.probabilities):
            low.bar(start + k * width, p, width, align="edge", color=f"C{k}")
    low.set(ylim=(0, 1), ylabel="probability", xlim=(0, len(found.ratio) / found.fps))
    low.set_xlabel("seconds")
    low.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    page.supxlabel(score, fontsize=7, color="0.35")
    page.savefig(path, format="png", dpi=120)
