"""CPU seconds of `merflow check` on full-size sheets, and of the intervals of 68 subjects.

python benchmarks/check_speed.py
"""

from merflow.commands.check import check
from merflow.evaluation.confidence import interval
from merflow.evaluation.metrics import f1_ratios

import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
import full_size


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the better of two calls."""
    spent = []
    for _ in range(2):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def quiet_check(dataset: str, root: Path) -> None:
    """Check a dataset's sheets, printing nothing."""
    with contextlib.redirect_stdout(io.StringIO()):
        check(dataset=dataset, root=root, annotations_only=True, json=True)


def main() -> None:
    """Print a line for each dataset, and one for the intervals."""
    for dataset in sorted(full_size.VARIANTS):
        plan = full_size.plan(dataset)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            full_size.write(root, plan, frames=plan.dataset in ("jaffe", "ktfe"))
            spent = seconds(lambda d=dataset, r=root: quiet_check(d, r))
        print(f"check {dataset}: {len(plan.expected)} clips, {spent:.2f} s")
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4, (68, 3, 3)).astype(float)
    strata = np.repeat([0, 1, 2], [16, 24, 28])
    spent = seconds(lambda: interval(counts, strata, f1_ratios, resamples=2000))
    print(f"interval, 68 subjects, 2000 resamples: {spent:.3f} s")


if __name__ == "__main__":
    main()
