"""Every writer of merflow by itself: `write(path, version)` makes a file, `read(path)` tells which.

All writing is done in forked children, as each job of the workflow is a process of its own.
"""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import openpyxl

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.predictions import Pooled, write_pooled
from merflow.evaluation.score_table import About, score_rows, write_scores
from merflow.io import video
from merflow.io.clip_store import Store, write_store
from merflow.io.csv_table import read_csv
from merflow.io.files import write_json, write_text
from merflow.io.images import read_frames
from merflow.io.packed import read_packed, survey, write_packed
from merflow.models import weights_file
from merflow.reporting.layouts import sheets
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.results_table import wide_tables
from merflow.studio.marks import MarkCorrections

OLD, NEW = 1, 2
"""The two versions of every file."""


class Writer(NamedTuple):
    """write(path, version); read(path) gives the version, or raises."""

    file: str
    write: Callable[[Path, int], object]
    read: Callable[[Path], int]


def clips(version: int) -> list[ClipArrays]:
    frames = np.full((12, 40, 50, 3), version, np.uint8)
    return [
        ClipArrays(ClipKey("d", "s", f"c{i}"), frames, 9.0, np.arange(12), 0, None, 11)
        for i in range(2)
    ]


def write_clips(path: Path, version: int) -> None:
    write_store(path, "align", clips(version), {}, {})


def read_clips(path: Path) -> int:
    with Store(path) as store:
        return int(store.read(1).frames[-1, -1, -1, -1])


def pack(path: Path, version: int) -> None:
    source = path.with_name(f"source{version}.h5")
    if not source.exists():
        write_clips(source, version)
    write_packed(path, survey([source]), {})


def write_planes(path: Path, version: int) -> None:
    weights_file.write_arrays(path, {"mean": np.full(5000, version)}, {"kind": "svm"})


def pooled(version: int) -> Pooled:
    keys = tuple(ClipKey("d", f"s{i // 50}", f"c{i:03}") for i in range(300))
    truth = np.arange(300) % 3
    chances = np.full((300, 3), [0.5, 0.25, 0.25] if version == OLD else [0.25, 0.5, 0.25])
    folds = tuple(key.subject for key in keys)
    return Pooled.of(keys, ("a", "b", "c"), truth, chances.argmax(1), folds, chances)


def which_row(path: Path) -> int:
    sheet = read_csv(path, ("p_a",))
    assert len(sheet.rows) == 300
    return OLD if sheet["p_a"][-1] == "0.5" else NEW


def rows(version: int) -> list:
    about = About(f"e{version}", "cnn3d", "p", "x1", 0, "loso", "three")
    return score_rows(pooled(version), about, resamples=5)


ROWS = {version: rows(version) for version in (OLD, NEW)}
"""Made once, and pandas loaded for them: a child is to write, no more."""


def write_book(path: Path, version: int) -> None:
    write_workbook(path, sheets(wide_tables(ROWS[version]), {"version": str(version)}, {}))


def read_book(path: Path) -> int:
    book = openpyxl.load_workbook(path)
    return int(book["settings"].cell(2, 2).value)


def frame(version: int) -> np.ndarray:
    grain = np.random.default_rng(version).integers(0, 256, (90, 120, 3), np.uint8)
    return np.maximum(grain, 16) if version == OLD else np.minimum(grain, 200)


def read_frame(path: Path) -> int:
    key = ClipKey("d", "s", "c")
    found = read_frames(Clip(key, str(path.parent), (path.name,), (), 9.0, "x"))[0]
    return OLD if np.array_equal(found, frame(OLD)) else NEW + int((found != frame(NEW)).any())


def film(version: int) -> np.ndarray:
    still = cv2.resize(frame(3), (64, 48))
    return np.stack([np.roll(still, (2 * version - 3) * t, 1) for t in range(20)])


def read_film(path: Path) -> int:
    seen = video.read(path).frames.astype(int)
    assert len(seen) == 20
    errors = [np.abs(seen - film(version)).mean() for version in (OLD, NEW)]
    return int(np.argmin(errors)) + 1


def mark(path: Path, version: int) -> None:
    clip = Clip(ClipKey("d", "s", "c"), "", (), tuple(range(50)), 9.0, "x", onset=0, offset=49)
    corrections = MarkCorrections(path.parent)
    before = sheet = {"onset": 0, "apex": None, "offset": 49}
    if path.exists():
        lines = corrections.of(clip)
        before = sheet | {line.field: int(line.now) for line in lines}
    corrections.save(clip, sheet | {"onset": 10 * version}, before, None, sheet)


def read_mark(path: Path) -> int:
    return int(read_csv(path, ("is",))["is"][0]) // 10


def write_page(path: Path, version: int) -> None:
    write_text(path, "<html>" + f"{version}" * 200_000 + "</html>\n")


def read_page(path: Path) -> int:
    text = path.read_text()
    assert text.endswith("</html>\n") and len(text) == 200_014
    return int(text[6])


WRITERS = (
    Writer("store.h5", write_clips, read_clips),
    Writer("packed.h5", pack, lambda p: int(read_packed(p).x[-1].flat[-1])),
    Writer(
        "planes.weights.h5", write_planes, lambda p: int(weights_file.read_arrays(p)["mean"][-1])
    ),
    Writer("pooled.csv", lambda p, v: write_pooled(p, pooled(v)), which_row),
    Writer(
        "scores.csv",
        lambda p, v: write_scores(p, ROWS[v]),
        lambda p: int(read_csv(p, ("experiment",))["experiment"][-1][1]),
    ),
    Writer("scores.xlsx", write_book, read_book),
    Writer("report.html", write_page, read_page),
    Writer(
        "run.json",
        lambda p, v: write_json(p, {"version": v, "list": list(range(9000))}),
        lambda p: json.loads(p.read_text())["version"],
    ),
    Writer("d.csv", mark, read_mark),
    Writer("frame.png", lambda p, v: video.write_png(p, frame(v)), read_frame),
    Writer("film.mp4", lambda p, v: video.write(p, film(v), 25, range(20)), read_film),
    Writer("film.avi", lambda p, v: video.write(p, film(v), 25, range(20)), read_film),
)  # fmt: skip


def network_writer() -> Writer:
    """Return the writer of Keras weights; Keras is loaded for it."""
    from merflow.models.training import backend

    backend.prepare_once()
    from merflow.models.training.input_scaling import scaled_network

    shape, about = (4, 16, 16, 1), {"network": "cnn3d", "settings": {}, "batch_size": 1}
    about |= {"shape": list(shape), "classes": ["a", "b"]}
    model = scaled_network("cnn3d", {}, shape, 2, (np.zeros(1), np.ones(1)))

    def write(path: Path, version: int) -> None:
        model.set_weights([np.full(w.shape, version, np.float32) for w in model.get_weights()])
        weights_file.write_network(path, model, about)

    def read(path: Path) -> int:
        from merflow.models.training.saved_network import rebuild

        found = rebuild(path, weights_file.description(path)).get_weights()
        (version,) = {float(value) for w in found for value in w.flat}
        return int(version)

    return Writer("net.weights.h5", write, read)


def in_child(work: Callable[[], object], until: float | None = None) -> int | None:
    """Do `work` in a forked child; return its exit code, or None when it was killed.

    0 done, 3 a MerflowError, 99 anything else; until: seconds to the SIGKILL.
    """
    child = os.fork()
    if not child:
        code = 99
        try:
            work()
            code = 0
        except MerflowError as error:
            code = error.code
        finally:
            os._exit(code)
    if until is not None:
        _kill_after(child, until)
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def _kill_after(child: int, seconds: float) -> None:
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
