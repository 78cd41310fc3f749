"""Folds per minute on a GPU: four networks, each backend, 1, 2 and 4 trainings at a time.

    python benchmarks/gpu.py                   measure, and write the table of docs/performance.md
    python benchmarks/gpu.py --device cpu      try the script on a processor; writes nothing
    python benchmarks/gpu.py --backends jax torch --networks cnn3d --shares 1 8 --folds 5

A fold has the shape of MEGC2019: 442 clips, of which those of one of 68 subjects (6 clips) are left
out; epochs and batches are those of config/megc2019.yaml, pixels are noise. Every Keras backend
that is installed is measured, in processes of its own, so none is imported where it is not asked
for. Trainings that share the GPU start together; each loads its backend ("start"), trains a first
fold, in which the device starts and functions are compiled, and then, all at the same moment,
further folds. Wall-clock seconds: nothing else should use the machine.
"""

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training
from merflow.io.files import write_text
from merflow.models.factory import TrainingData, make_method
from merflow.models.training import backend, gpu_choice

import argparse
import datetime
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
MARKS = ("<!-- benchmarks/gpu.py writes from here -->\n", "<!-- to here -->\n")
BACKENDS = ("tensorflow", "jax", "torch")
CLASSES = ("negative", "positive", "surprise")
CLIPS, SUBJECTS = 442, 68
FRAMES, FLOW = (10, 64, 64, 1), (28, 28, 3)
VIDEO = {"epochs": 20, "batch_size": 8}
NETWORKS = {
    "cnn3d": (FRAMES, VIDEO),
    "r3d18": (FRAMES, VIDEO),
    "ststnet": (FLOW, {"epochs": 50, "batch_size": 32, "learning_rate": 5e-4}),
    "dual_branch_gru": (FRAMES, VIDEO),
}
"""Network -> input and training: a small 3D network, a large one, one on flow, a recurrent one."""
HEAD = (
    "| backend | network | at a time | start (s) | first fold (s) | further folds (s) | folds per "
    "minute, a process each | folds per minute, further | GPU memory in use (MiB) |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


# A training process


def train(asked: dict) -> None:
    """Train a first fold, wait for a line on the standard input, and train further folds."""
    started = time.perf_counter()
    backend.load()
    start = time.perf_counter() - started
    shape, training = NETWORKS[asked["network"]]
    chosen = training | {"epochs": asked["epochs"] or training["epochs"]}
    settings = Training(device=asked["device"], gpu_share=asked["share"], **chosen)
    entry = Experiment(network=asked["network"], preparation="p", collection="c", training=settings)
    clips = drawn(asked["clips"], shape)
    started = time.perf_counter()
    device = fold(entry, clips, 0)
    first = time.perf_counter() - started
    print(json.dumps({"start": start, "first": first, "device": device}), flush=True)
    sys.stdin.readline()
    for number in range(1, asked["folds"] + 1):
        fold(entry, clips, number)
    print("done", flush=True)


def drawn(count: int, shape: tuple[int, ...]) -> TrainingData:
    """Return clips of noise, as they are packed: bytes of frames, 16-bit floats of flow."""
    rng = np.random.default_rng(0)
    keys = tuple(ClipKey("drawn", f"s{i % SUBJECTS}", f"c{i}") for i in range(count))
    values = rng.integers(0, 256, (count, *shape))
    x = values.astype(np.uint8) if len(shape) == 4 else (values / 64 - 2).astype(np.float16)
    return TrainingData(x, np.arange(count) % len(CLASSES), keys)


def fold(entry: Experiment, clips: TrainingData, number: int) -> str:
    """Train without the clips of one subject and predict them; return the device's name."""
    size = max(1, len(clips.y) // SUBJECTS)
    tested = np.arange(size) + size * (number % SUBJECTS)
    rest = np.setdiff1d(np.arange(len(clips.y)), tested)
    keys = tuple(clips.keys[i] for i in rest)
    data = TrainingData(clips.x[rest], clips.y[rest], keys)
    fitted = make_method(entry, CLASSES, number).fit(data)
    fitted.predict(clips.x[tested])
    return fitted.facts["device"]


# All measurements


def measured(name: str, network: str, share: int, given: argparse.Namespace) -> dict:
    """Return the figures of so many trainings at a time; {'error': ...} if one fails."""
    asked = {"network": network, "share": share, "device": given.device}
    asked |= {"folds": given.folds, "clips": given.clips, "epochs": given.epochs}
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    variables = {**os.environ, "KERAS_BACKEND": name, "PYTHONPATH": source, **one_gpu()}
    pipe = subprocess.PIPE
    streams = {"stdin": pipe, "stdout": pipe, "stderr": subprocess.DEVNULL, "text": True}
    command = [sys.executable, __file__, "--train", json.dumps(asked)]
    jobs = [subprocess.Popen(command, env=variables, **streams) for _ in range(share)]
    try:
        first = [json.loads(line_of(job)) for job in jobs]
        used = sum(gpu.total - gpu.free for gpu in gpu_choice.usable()[:1])
        started = time.perf_counter()
        for job in jobs:
            job.stdin.write("go\n")
            job.stdin.flush()
        for job in jobs:
            line_of(job)
        seconds = time.perf_counter() - started
    except RuntimeError as error:
        return {"error": str(error)}
    finally:
        for job in jobs:
            job.kill()
            job.communicate()
    found = {key: mean(one[key] for one in first) for key in ("start", "first")}
    return found | {"further": seconds / given.folds, "device": first[0]["device"], "used": used}


def line_of(job: subprocess.Popen) -> str:
    """Return the next line of a training process, or raise with its exit code."""
    if line := job.stdout.readline():
        return line
    raise RuntimeError(f"ended with code {job.wait()}")


def one_gpu() -> dict[str, str]:
    """Return the variable by which all trainings use the same GPU: the first."""
    found = gpu_choice.usable()
    return {gpu_choice.VISIBLE: found[0].name} if found else {}


def row(name: str, network: str, share: int, figures: dict) -> str:
    """Return a line of the table."""
    cells = [name, f"`{network}`", str(share)]
    if "error" in figures:
        return f"| {' | '.join(cells)} | {figures['error']}{' |' * 6}"
    alone, further = (60 * share / figures[key] for key in ("first", "further"))
    cells += [f"{figures[key]:.1f}" for key in ("start", "first", "further")]
    cells += [f"{alone:.1f}", f"{further:.1f}", str(figures["used"] or "–")]
    return f"| {' | '.join(cells)} |"


def about(devices: set[str], given: argparse.Namespace) -> str:
    """Return what was measured, and on what."""
    pipes = Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"))
    with_mps = "with" if (pipes / "control").exists() else "without"
    return (
        f"Measured on {datetime.date.today()} on {', '.join(sorted(devices)) or 'no device'}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {with_mps} MPS: "
        f"{given.clips} clips, {given.folds} further folds in each process "
        "(`benchmarks/gpu.py`).\n\n"
    )


def write(text: str) -> None:
    """Put the text between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    write_text(PAGE, before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])


def main(given: argparse.Namespace) -> int:
    """Measure everything; write the page if a GPU was measured."""
    if given.device == "gpu" and not gpu_choice.usable():
        print("no NVIDIA GPU is listed by nvidia-smi; --device cpu tries the script without one")
        return 3
    rows, devices, failed = [], set(), 0
    print(HEAD, end="", flush=True)
    for name in given.backends or filter(importlib.util.find_spec, BACKENDS):
        for network in given.networks:
            for share in given.shares:
                figures = measured(name, network, share, given)
                devices |= {figures["device"]} if "device" in figures else set()
                failed += "error" in figures
                rows.append(row(name, network, share, figures))
                print(rows[-1], flush=True)
    text = about(devices, given) + HEAD + "\n".join(rows) + "\n"
    if given.device == "gpu" and devices:
        write(text)
    else:
        print(f"\n{about(devices, given)}Not written to the documentation.")
    return int(failed > 0)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, help="default: those installed")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--shares", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--folds", type=int, default=3, help="further folds of each process")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--epochs", type=int, default=0, help="default: those of the network")
    parser.add_argument("--train", type=json.loads, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    options = arguments().parse_args()
    if options.train:
        train(options.train)
    else:
        sys.exit(main(options))
