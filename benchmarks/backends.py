"""The same networks and the same workflow on TensorFlow, JAX and PyTorch.

    python benchmarks/backends.py all backends                          what `make backends` runs
    python benchmarks/backends.py write answers.npz                     (with TensorFlow)
    KERAS_BACKEND=jax python benchmarks/backends.py check answers.npz   (in another environment)

`write` keeps one forward pass of every network, `check` compares another backend's with it:
weights and clips come from numpy, so nothing but the backend differs. It prints the largest
difference of a probability for each network and fails above the tolerance. `all` makes an
environment in the folder it is given that sees this one's packages and adds JAX and PyTorch
(`envs/backends.txt`), compares every network there, and runs the small demo whole on each backend.
"""

import csv
import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4
CLASSES = 4
ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
SMALL = {
    "capsulenet": {"filters": 8, "capsules": 8},
    "causalnet": {"blocks": [1, 1, 2], "width": 24, "hidden": 128, "cells": 8},
    "dual_branch_gru": {"units": 64},
    "dual_branch_region": {"units": 64},
    "htnet": {"width": 24, "blocks": [1, 1, 2], "patch_size": 2},
    "mmnet": {"filters": 32},
    "r3d18": {"filters": 16, "spatial_attention": True, "channel_attention": "map"},
    "r2plus1d18": {"filters": 16, "outline_mask": True, "channel_attention": "pooled"},
    "resnet18_flow": {"filters": 16},
    "slstt": {"patch": 8, "width": 64, "heads": 4, "depth": 2, "units": 64, "lstm_layers": 1},
    "vgg16_transfer": {"units": 64, "frames": "mean"},
    "se_densenet3d": {"attention": "combined"},
}


def answer(name: str, softer: float) -> np.ndarray:
    """Return (3, 4) probabilities of three clips; `softer` multiplies the last layer's weights."""
    from merflow.models.network_registry import build_network, module

    rng = np.random.default_rng(7)
    flow = len(module(name).SMALLEST) == 3
    shape = (29, 28, 3) if flow else (7, 33, 32, 3)
    model = build_network(name, shape, CLASSES, SMALL.get(name))
    values = [drawn(rng, w.path, w.shape) for w in model.weights]
    values = [v * softer if v.shape[-1:] == (CLASSES,) else v for v in values]
    model.set_weights(values)
    x = rng.normal(0, 1, (3, *shape)) if flow else rng.integers(0, 256, (3, *shape)) / 64
    return model.predict(x.astype(np.float32), verbose=0)


def telling(name: str) -> tuple[np.ndarray, float]:
    """Return an answer that is not all 0 and 1, which would agree whatever came before it."""
    softer = 1.0
    for _ in range(40):
        p = answer(name, softer)
        if p.max() < 0.9 or name == "joshi_2dcnn_vote":  # Votes are shares of frames.
            break
        softer /= 4
    return p, softer


def drawn(rng: np.random.Generator, path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return one weight: spread by its fan-in, variances above zero, seeds as they must be."""
    if "seed" in path:
        return np.zeros(shape, np.uint32)
    if "variance" in path or "gamma" in path:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    fan_in = max(1, int(np.prod(shape[:-1])))
    return (rng.normal(0, 1, shape) * np.sqrt(2 / fan_in)).astype(np.float32)


def write(path: Path) -> int:
    """Write the answers of this backend."""
    from merflow.models.network_registry import names

    found = {name: telling(name) for name in names()}
    np.savez(path, **{name: p for name, (p, _) in found.items()})
    np.savez(path.with_suffix(".softer.npz"), **{name: s for name, (_, s) in found.items()})
    return 0


def check(path: Path) -> int:
    """Compare this backend's answers with those written before."""
    from merflow.models.network_registry import names

    import keras

    known, softer, worst = np.load(path), np.load(path.with_suffix(".softer.npz")), 0.0
    print(f"{keras.backend.backend()}, keras {keras.version()}")
    for name in names():
        apart = float(np.abs(answer(name, float(softer[name])) - known[name]).max())
        worst = max(worst, apart)
        print(f"{name:20} {apart:.1e}", flush=True)
    return int(worst > TOLERANCE)


def everything(folder: Path) -> int:
    """Make the environment, compare every network, run the small demo on every backend."""
    folder = folder.resolve()
    python = environment(folder / "env")
    answers = folder / "answers.npz"
    run([sys.executable, __file__, "write", answers], "tensorflow")
    for backend in BACKENDS[1:]:
        run([python, __file__, "check", answers], backend)
    faces = folder / "data" / "quick"
    run([python, "-m", "merflow", "demo", faces, "--small", "--subjects", "2", "--clips", "3"])
    tables = {}
    for backend in BACKENDS:
        work = folder / backend
        work.mkdir(exist_ok=True)
        (work / "data").unlink(missing_ok=True)
        (work / "data").symlink_to("../data")
        settings = ["-s", ROOT / "Snakefile", "--configfile", ROOT / "config" / "quick.yaml"]
        words = ["--cores", "all", "--resources", "gpu=1", "--directory", work, *settings]
        run([python, "-m", "snakemake", *words], backend)
        text = (work / "results/tables/scores.csv").read_text(encoding="utf-8")
        tables[backend] = list(csv.DictReader(text.splitlines()))
    for rows in zip(*tables.values(), strict=True):
        scores = "  ".join(f"{b} {float(r['uf1']):.3f}" for b, r in zip(tables, rows, strict=True))
        print(f"{rows[0]['factor']:4} {rows[0]['part']:8} UF1  {scores}")
    return 0


def environment(folder: Path) -> Path:
    """Return the Python of an environment with this one's packages and `envs/backends.txt`."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        inside = subprocess.check_output(
            [python, "-c", "import site; print(site.getsitepackages()[0])"], text=True
        )
        # After its own packages on the path, so that nothing of this environment is touched.
        seen = "\n".join(site.getsitepackages())
        (Path(inside.strip()) / "zz_merflow.pth").write_text(f"{seen}\n")
        wanted = ROOT / "envs" / "backends.txt"
        run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted])
        (folder / "ready").touch()
    return python


def run(words: list, backend: str = "tensorflow") -> None:
    """Run a command on a backend; a failure ends everything."""
    print("$", *words, f"({backend})", flush=True)
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend, "PYTHONPATH": source}
    subprocess.run([str(word) for word in words], check=True, env={**os.environ, **quiet})


COMMANDS = {"write": write, "check": check, "all": everything}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    sys.exit(COMMANDS[sys.argv[1]](Path(sys.argv[2])))
