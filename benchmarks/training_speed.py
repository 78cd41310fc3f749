"""Cost of a fold in merflow and in a plain loop, on the same network and clips.

    python benchmarks/training_speed.py [network ...]

Plain: the whole fold as float32 in numpy, then `model.compile` and `model.fit`, as in public code.
merflow: the method as in a fold (uint8 clips, scaling in the network, class weights, merflow's
batches, recomputed statistics of batch normalisation). Both are fitted in turn in one process; the
first round, in which libraries load, does not count. CPU seconds, because machines are shared; the
ratio is the result.
"""

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.models.factory import TrainingData, make_method
from merflow.models.network_registry import build_network

import subprocess
import sys
import time

import numpy as np

CLIPS, EPOCHS, BATCH, SHAPE = 48, 20, 8, (10, 64, 64, 1)
CLASSES = ("negative", "positive", "surprise")
ROUNDS = 2


def clips() -> TrainingData:
    """Return clips of noise: the content does not change the cost of a step."""
    rng = np.random.default_rng(0)
    keys = tuple(ClipKey("demo", f"s{i % 9}", f"c{i}") for i in range(CLIPS))
    x = rng.integers(0, 256, (CLIPS, *SHAPE)).astype(np.uint8)
    return TrainingData(x, np.arange(CLIPS) % 3, keys)


def ours(network: str, data: TrainingData) -> None:
    """Fit as a fold does."""
    training = Training(epochs=EPOCHS, batch_size=BATCH, device="cpu")
    entry = Experiment(network=network, preparation="p", collection="c", training=training)
    make_method(entry, CLASSES, 0).fit(data)


def plain(network: str, data: TrainingData) -> None:
    """Fit as public code does: everything in numpy, then `fit`."""
    x = data.x.astype(np.float32)
    x -= x.mean()
    x /= x.max()
    model = build_network(network, SHAPE, len(CLASSES))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    labels = np.eye(len(CLASSES), dtype=np.float32)[data.y]
    model.fit(x, labels, batch_size=BATCH, epochs=EPOCHS, shuffle=True, verbose=0)


def spent(fit, network: str, data: TrainingData) -> float:
    """Return the CPU seconds of one fit."""
    started = time.process_time()
    fit(network, data)
    return time.process_time() - started


START = """
import time
from merflow.commands.train import train
from merflow.models.training import backend
backend.prepare(threads=2, device="cpu", deterministic=True)
print(time.process_time())
"""


def main(networks: list[str]) -> None:
    """Print the start-up of a training process, then both ways of fitting each network."""
    start = float(subprocess.check_output([sys.executable, "-c", START], text=True))
    print(f"start of a training process: {start:.1f} CPU s (once for `folds_per_job` folds)")
    data = clips()
    print(f"{CLIPS} clips of {SHAPE}, {EPOCHS} epochs, batches of {BATCH}; CPU s a fold, fewest of "
          f"{ROUNDS} rounds")  # fmt: skip
    for network in networks:
        spent(ours, network, data)
        pairs = [[spent(fit, network, data) for fit in (ours, plain)] for _ in range(ROUNDS)]
        a, b = (min(column) for column in zip(*pairs, strict=True))
        print(f"{network:20} ours {a:6.1f}  plain {b:6.1f}  ratio {a / b:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["cnn3d", "dual_branch_gru", "se_densenet3d"])
