"""The processor time of an external program per fold: both contracts and the same work in process.

Random clips in the number and with the subjects of the official composite (442 clips, 68 subjects).
The three ways alternate, so that a busy machine slows all of them. Programs run without a sandbox,
because the system does not report the processor time of what a sandbox ran.

    python benchmarks/program_cost.py --folds 5
"""

from merflow.clip import ClipKey
from merflow.config.settings import Experiment
from merflow.models.factory import make_method
from merflow.models.method_interface import ClipFile, TrainingData

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CLASSES = ("negative", "positive", "surprise")
SVM = """
def learn(x, y, new):
    from sklearn.svm import SVC
    return SVC(kernel="linear").fit(flat(x), y).predict(flat(new))
"""
MEAN = """
def learn(x, y, new):
    known, new = flat(x), flat(new)
    means = np.stack([known[y == k].mean(0) for k in range(3)])
    return np.stack([((new - mean) ** 2).sum(1) for mean in means], 1).argmin(1)
"""
FLAT = """
import csv, json, sys
from pathlib import Path
import numpy as np
def flat(x):
    return x.reshape(len(x), -1).astype(np.float32)
"""
FIRST = """
folder = Path(sys.argv[-1])
train, test = np.load(folder / "train.npz"), np.load(folder / "test.npz")
keys, classes = test["keys"], train["classes"]
found = learn(train["x"], train["y"], test["x"])
"""
SECOND = """
folder = Path(sys.argv[-1])
settings = json.loads((folder / "settings.json").read_text())
classes = settings["classes"]
arrays = {name: np.memmap(folder / name, at["dtype"], "r", at["offset"], tuple(at["shape"]))
          for name, at in settings["clips"].items()}
def clips(table):
    rows = list(csv.DictReader(open(folder / table, newline="")))
    return rows, arrays[rows[0]["file"]][[int(row["row"]) for row in rows]]
(rows, x), (tested, new) = clips("train.csv"), clips("test.csv")
keys = [[row["dataset"], row["subject"], row["clip"]] for row in tested]
found = learn(x, np.array([int(row["y"]) for row in rows]), new)
"""
WRITE = """
with open(folder / "predictions.csv", "w", newline="") as file:
    out = csv.writer(file)
    out.writerow(["dataset", "subject", "clip", "predicted"])
    out.writerows([*key, classes[k]] for key, k in zip(keys, found))
"""
CASES = (
    ("linear SVM, flow 28 x 28 (2 MB)", SVM, (28, 28, 3), np.float16),
    ("nearest mean, flow 28 x 28 (2 MB)", MEAN, (28, 28, 3), np.float16),
    ("nearest mean, frames 10 x 64 x 64 (18 MB)", MEAN, (10, 64, 64, 1), np.uint8),
    ("nearest mean, frames 30 x 128 x 128 (217 MB)", MEAN, (30, 128, 128, 1), np.uint8),
)


def seconds() -> float:
    """Return the processor time (s) of this process and of those that it has waited for."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(run: Callable[[], object]) -> tuple[float, float]:
    """Return the processor time and the time on the clock (s) of a call."""
    before, clock = seconds(), time.perf_counter()
    run()
    return seconds() - before, time.perf_counter() - clock


def by_program(contract: int, path: Path, data: TrainingData, x: np.ndarray, keys: list) -> None:
    """Train and predict one fold by a program."""
    experiment = Experiment(
        method="command",
        command=f"python {path}",
        contract=contract,
        sandbox="off",
        preparation="p",
        collection="c",
    )
    make_method(experiment, CLASSES, 0).fit(data).predict(x, keys)


def compare(folder: Path, learner: str, shape: tuple, kind: type, folds: int) -> dict:
    """Return the median (processor, clock) seconds of a fold for each way."""
    y = np.arange(442) % 3
    rng = np.random.default_rng(0)
    x = rng.integers(0, 250, (442, *shape), np.uint8).astype(kind) + y.reshape(
        -1, *[1] * len(shape)
    ).astype(kind)
    keys = [ClipKey("d", f"s{i % 68:02d}", f"c{i:03d}") for i in range(442)]
    path, scope = folder / "clips.npy", {}
    np.save(path, x)
    exec(FLAT + learner, scope)  # The text that the programs are made of.
    programs = {1: folder / "first.py", 2: folder / "second.py"}
    programs[1].write_text(FLAT + learner + FIRST + WRITE)
    programs[2].write_text(FLAT + learner + SECOND + WRITE)
    rows = {key: row for row, key in enumerate(keys)}
    shared = ClipFile(path, path.stat().st_size - x.nbytes, x.shape, x.dtype.str, "x1", rows)
    spent = {"in": [], 1: [], 2: []}
    for fold in range(folds):
        out = np.flatnonzero([key.subject == f"s{fold:02d}" for key in keys])
        kept = np.setdiff1d(np.arange(442), out)
        train_keys, test_keys = (tuple(keys[i] for i in part) for part in (kept, out))
        data = TrainingData(x[kept], y[kept], train_keys, files=(shared,))
        new = x[out]
        ways = {
            "in": lambda data=data, new=new: scope["learn"](data.x, data.y, new),
            1: lambda d=data, n=new, k=test_keys: by_program(1, programs[1], d, n, k),
            2: lambda d=data, n=new, k=test_keys: by_program(2, programs[2], d, n, k),
        }
        for way, run in ways.items():
            spent[way].append(measured(run))
    return {way: np.median(values, axis=0) for way, values in spent.items()}


def main() -> None:
    """Print the seconds of a fold: processor time, and time on the clock in brackets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    folds = parser.parse_args().folds
    print("| a fold, s of processor (of clock) | in process | contract 1 | contract 2 |")
    print("|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, learner, shape, kind in CASES:
            found = compare(Path(folder), learner, shape, kind, folds)
            shown = " | ".join(f"{used:.2f} ({clock:.2f})" for used, clock in found.values())
            print(f"| {name} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
