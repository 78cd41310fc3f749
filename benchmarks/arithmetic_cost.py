"""CPU time of each stage and of a default-size training, portable against native arithmetic.

    python benchmarks/arithmetic_cost.py [ROUNDS]

Each round runs one child process per level, in turn; a child runs every stage case of
tests/golden/cases.py a few times and trains the default network, without loading and first calls.
CPU seconds, because machines are shared; the lowest of all rounds counts.
"""

import merflow  # noqa: F401 - first: it fixes the arithmetic level

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# isort: split
from merflow import arithmetic

GOLDEN = Path(__file__).parents[1] / "tests/golden"
STAGES = {
    "align": 2,
    "crop": 20,
    "magnify phase": 10,
    "magnify linear": 20,
    "magnify lagrangian": 10,
    "select": 10,
    "interpolate": 100,
    "flow": 20,
    "features": 20,
}
"""The stage cases and how often a child repeats each."""
CLIPS, EPOCHS, BATCH, THREADS = 24, 5, 8, 2


def spent(work: Callable[[], object], times: int = 1) -> float:
    """Return the CPU seconds of one call, after a first one that is not counted."""
    work()
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def child() -> dict[str, float]:
    """Return CPU seconds by stage, and of the training, in this process."""
    sys.path.insert(0, str(GOLDEN))
    from merflow.config.settings import Experiment, Training
    from merflow.models.factory import make_method

    import cases
    import more_cases

    cases.cropped()  # The other stages start from it; the case "crop" itself is cached.
    crop = cases.cropped.__wrapped__
    seconds = {
        name: spent(crop if name == "crop" else cases.CASES[name][1], times)
        for name, times in STAGES.items()
    }
    data = more_cases.default_data(CLIPS)
    training = Training(epochs=EPOCHS, batch_size=BATCH, threads=THREADS, device="cpu")
    experiment = Experiment(
        method="keras", network="cnn3d", preparation="any", collection="any", training=training
    )
    seconds["training"] = spent(lambda: make_method(experiment, cases.CLASSES, 0).fit(data))
    return seconds


def main(rounds: int) -> None:
    """Print a table of the least CPU time of each level and the ratio."""
    made: dict[str, list[dict[str, float]]] = {level: [] for level in arithmetic.LEVELS}
    for _ in range(rounds):
        for level, results in made.items():
            environment = os.environ | {arithmetic.VARIABLE: level, "TF_CPP_MIN_LOG_LEVEL": "3"}
            command = [sys.executable, __file__, "child"]
            results.append(json.loads(subprocess.check_output(command, env=environment)))
    print(f"{arithmetic.processor_name()}, {arithmetic.processor_level()}, {rounds} rounds")
    print(f"training: {CLIPS} clips of 10x64x64x1, {EPOCHS} epochs, batches of {BATCH}, cnn3d")
    print(f"{'':20} {'portable':>10} {'native':>10}  ratio  (CPU ms)")
    for name in [*STAGES, "training"]:
        portable, native = (
            1000 * min(result[name] for result in made[level]) for level in ("portable", "native")
        )
        print(f"{name:20} {portable:10.1f} {native:10.1f}  {portable / native:5.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        print(json.dumps(child()))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 3)
