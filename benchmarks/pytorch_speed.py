"""Cost of an epoch in merflow and in a plain PyTorch loop, on the same machine.

    python benchmarks/pytorch_speed.py [--python /usr/bin/python3] [--rounds 5] [network ...]

The loop (`pytorch_networks.py`) has the same layers, optimiser, batches and clips. It runs in a
Python that has PyTorch (on Debian: `apt-get install python3-torch libopenblas0-pthread`, then
/usr/bin/python3), which need not be merflow's. Both sides use one thread and at most AVX2, and take
turns; CPU seconds of an epoch, the least of all rounds; starts and each round's first epoch, in
which libraries load and steps are compiled, do not count.
"""

from merflow import arithmetic
from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.models.factory import TrainingData, make_method

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

CLASSES = ("negative", "positive", "surprise")
FRAMES, FLOW = (48, (10, 64, 64, 1)), (442, (28, 28, 3))
NETWORKS = {
    "cnn3d": FRAMES,
    "ststnet": FLOW,
    "off_apexnet": FLOW,
    "micro_exp_stcnn": FRAMES,
    "joshi_3dcnn": FRAMES,
}
"""Clips and their shape: the demo's, and the flow pictures of the composite datasets."""
BATCH, EPOCHS = 8, 6
HERE = Path(__file__).resolve()
NO_TORCH = """no Python with PyTorch was found (tried {tried}).
Install it, for example `apt-get install python3-torch libopenblas0-pthread`, or name a Python that
has it: --python PATH"""


def ours(network: str) -> None:
    """Train in merflow and print CPU seconds of each epoch and the trained parameters."""
    clips, shape = NETWORKS[network]
    rng = np.random.default_rng(0)
    keys = tuple(ClipKey("demo", f"s{at % 9}", f"c{at}") for at in range(clips))
    x = rng.integers(0, 256, (clips, *shape)).astype(np.uint8)
    training = Training(epochs=EPOCHS, batch_size=BATCH, device="cpu", threads=1)
    entry = Experiment(network=network, preparation="p", collection="c", training=training)
    method = make_method(entry, CLASSES, 0)
    ends = []
    method.on_epoch = lambda row: ends.append(time.process_time())
    fitted = method.fit(TrainingData(x, np.arange(clips) % len(CLASSES), keys))
    trained = sum(int(np.prod(w.shape)) for w in fitted.model.trainable_weights)
    print(json.dumps({"seconds": np.diff(ends).tolist(), "parameters": trained}))


def limits() -> dict[str, str]:
    """Return an environment with one thread and at most AVX2, for both sides."""
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    level = arithmetic.portable_variables(os.environ) | {"MERFLOW_ARITHMETIC": "portable"}
    # NumPy of the other Python may know other features, and computes nothing that is measured.
    return {**os.environ, **level, **threads}


def python_with_torch(named: str | None) -> str:
    """Return a Python that has PyTorch: the named one, else this, else the system's."""
    tried = [named] if named else [sys.executable, "/usr/bin/python3", shutil.which("python3")]
    tried = list(dict.fromkeys(path for path in tried if path))
    for python in tried:
        code = (
            "import importlib.util as u; exit(not (u.find_spec('torch') and u.find_spec('numpy')))"
        )
        if shutil.which(python) and not subprocess.run([python, "-c", code]).returncode:
            return python
    sys.exit(NO_TORCH.format(tried=", ".join(tried)))


def result(*command: str, **changed: str) -> dict:
    """Run one side and return what it printed; changed: variables of its environment."""
    return json.loads(
        subprocess.check_output(command, env=limits() | changed, text=True).splitlines()[-1]
    )


def main() -> None:
    """Print both costs of each network and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("networks", nargs="*", metavar="network", help=", ".join(NETWORKS))
    parser.add_argument("--python", help="a Python that has PyTorch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", choices=list(NETWORKS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ours:
        ours(given.ours)
        return
    if unknown := set(given.networks) - set(NETWORKS):
        parser.error(f"{', '.join(sorted(unknown))}: not among {', '.join(NETWORKS)}")
    python = python_with_torch(given.python)
    for network in given.networks or NETWORKS:
        clips, shape = NETWORKS[network]
        job = {"network": network, "shape": shape, "clips": clips, "batch": BATCH, "epochs": EPOCHS}
        least, sides = {"ours": np.inf, "torch": np.inf}, {}
        for _ in range(given.rounds):
            sides["ours"] = result(sys.executable, str(HERE), "--ours", network)
            sides["torch"] = result(
                # Its NumPy, which computes nothing here, may have other names of features.
                python,
                str(HERE.with_name("pytorch_networks.py")),
                json.dumps(job),
                NPY_DISABLE_CPU_FEATURES="",
            )
            for side, printed in sides.items():
                # PyTorch's first epoch is left out as merflow's is.
                spent = printed["seconds"] if side == "ours" else printed["seconds"][1:]
                least[side] = min(least[side], *spent)
        if sides["ours"]["parameters"] != sides["torch"]["parameters"]:
            sys.exit(f"{network}: other parameters: {sides}")
        a, b = least["ours"], least["torch"]
        about = f"PyTorch {sides['torch']['torch']}, {sides['torch']['products']}"
        print(f"{network:16} merflow {a:.4f}  {about} {b:.4f}  ratio {a / b:.2f}", flush=True)


if __name__ == "__main__":
    main()
