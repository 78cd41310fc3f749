"""Checks of the environment for `merflow doctor`: found or missing, and what to do."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from merflow import arithmetic
from merflow.errors import MerflowError
from merflow.models import program_sandbox
from merflow.models.training import device_probe
from merflow.shipped import shipped
from merflow.workflow.face_finder import find_model

State = Literal["found", "warning", "missing"]
PYTHON = (3, 11)
LEAST_FREE_GIB = 10
WAIT_S = 180
"""Time limit for starting the framework, which is slow on a cold disk (s)."""

PIN = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;([^\\#]*))?")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's output. `todo` is empty when nothing needs to be done."""

    name: str
    state: State
    found: str
    todo: str = ""
    needed: bool = True


def examine(folder: Path, gpu: bool) -> list[Check]:
    """Return all checks of the project in `folder`; gpu: a usable GPU is required."""
    return [
        python(),
        packages(place(folder, "requirements.lock")),
        dlib_library(),
        *(landmarks(points) for points in (5, 68)),
        opencv(),
        arithmetic_level(),
        device(probe(), gpu),
        disk(folder),
        sandbox(),
        snakemake(folder),
        cluster(folder),
    ]


def python() -> Check:
    """Check the interpreter's version."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        least = ".".join(map(str, PYTHON))
        return Check("Python", "missing", version, f"install Python {least} or later")
    return Check("Python", "found", version)


def place(folder: Path, name: str) -> Path:
    """Return a file of a project's folder, else the one that comes with merflow."""
    return folder / name if (folder / name).exists() else shipped(name)


def packages(lock: Path, version: Callable[[str], str] = importlib.metadata.version) -> Check:
    """Compare the installed packages with requirements.lock."""
    if not lock.exists():
        return Check("packages", "warning", f"no {lock.name} here", "run doctor in the project")
    missing, other, right = [], [], 0
    for name, wanted in pins(lock.read_text(encoding="utf-8")):
        try:
            have = version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name} {wanted}")
            continue
        if have == wanted:
            right += 1
        else:
            other.append(f"{name} {have} (locked: {wanted})")
    found = f"{right} as locked"
    fix = f"pip install -r {os.path.relpath(lock)}"
    if missing:
        return Check("packages", "missing", f"{found}; not installed: {_few(missing)}", fix)
    if other:
        return Check("packages", "warning", f"{found}; other versions: {_few(other)}", fix)
    return Check("packages", "found", found)


def pins(text: str) -> list[tuple[str, str]]:
    """Return (name, version) of every `name==version` that applies to this machine."""
    from packaging.markers import Marker

    found = []
    for line in text.splitlines():
        match = PIN.match(line)
        if not match:
            continue
        marker = (match[3] or "").split(" --hash")[0].strip()
        if not marker or Marker(marker).evaluate():
            found.append((match[1], match[2]))
    return found


def dlib_library() -> Check:
    """Check that dlib can be loaded."""
    try:
        import dlib
    except ImportError as error:
        return Check("dlib", "missing", str(error), "pip install dlib (a compiler and cmake)")
    return Check("dlib", "found", str(dlib.__version__))


def landmarks(points: int) -> Check:
    """Check that the landmark model is installed; the 68-point model is optional."""
    name = f"{points}-point landmark model"
    try:
        path = find_model(points)
    except MerflowError as error:
        state: State = "missing" if points == 5 else "warning"
        return Check(name, state, error.found, error.fix, needed=points == 5)
    return Check(name, "found", f"{path.name}, {path.stat().st_size / 2**20:.0f} MiB")


def opencv() -> Check:
    """Check that OpenCV finds its system libraries and reads back an image that it wrote."""
    try:
        import cv2
        import numpy as np

        done, data = cv2.imencode(".png", np.full((8, 8, 3), 7, np.uint8))
        right = done and int(cv2.imdecode(data, cv2.IMREAD_COLOR).max()) == 7
    except ImportError as error:
        fix = "apt-get install libgl1 libglib2.0-0, or pip install opencv-contrib-python-headless"
        return Check("OpenCV", "missing", str(error), fix)
    if not right:
        return Check("OpenCV", "missing", "a PNG does not survive", "install it again")
    return Check("OpenCV", "found", str(cv2.__version__))


def arithmetic_level() -> Check:
    """Check that NumPy and OpenCV use the requested arithmetic level."""
    import cv2  # noqa: F401 - what is checked is what was loaded
    import numpy as np  # noqa: F401

    found = arithmetic.level()
    if found == "portable":
        found += f" (the processor has {arithmetic.processor_level()})"
    try:
        arithmetic.check()
    except MerflowError as error:
        return Check("arithmetic", "missing", f"{error.where}: {error.found}", error.fix)
    if not arithmetic.level().startswith(arithmetic.asked()):
        return Check(
            "arithmetic", "warning", found, "nothing: results are identical on this machine only"
        )
    return Check("arithmetic", "found", found)


def sandbox() -> Check:
    """Check that external programs can run in a sandbox; nothing else needs one."""
    if reason := program_sandbox.missing():
        fix = f"only for `method: command`: {program_sandbox.INSTALL}, allow user namespaces"
        return Check("sandbox", "warning", reason, fix, needed=False)
    return Check("sandbox", "found", "bwrap works", needed=False)


def probe() -> dict[str, Any]:
    """Return the framework's device and speed, or {'error': ...}."""
    try:
        command = [sys.executable, "-m", device_probe.__name__]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {WAIT_S} s"}
    for line in done.stdout.splitlines():
        if line.startswith(device_probe.MARK):
            return json.loads(line.removeprefix(device_probe.MARK))
    lines = done.stderr.strip().splitlines()
    return {"error": lines[-1] if lines else f"it ended with code {done.returncode}"}


def device(facts: dict[str, Any], gpu: bool) -> Check:
    """Return the check of what `probe` found; a required GPU must be usable."""
    name = "framework and device"
    if "error" in facts:
        return Check(name, "missing", facts["error"], "pip install -r requirements.lock")
    where = f"GPU ({', '.join(facts['gpus'])})" if facts["gpus"] else "processor"
    version = f" {facts['tensorflow']}" if "tensorflow" in facts else ""
    found = (
        f"Keras {facts['keras']} on {facts['backend']}{version}, {where}: a 1024 x 1024 product in "
        f"{facts['milliseconds']:.1f} ms ({facts['gflops']:.0f} GFLOP/s)"
    )
    if not facts["right"]:
        return Check(name, "missing", f"{found}, with a wrong result", "check driver and memory")
    if gpu and not facts["gpus"]:
        fix = "install the driver and tensorflow[and-cuda] (nvidia-smi must list the GPU)"
        return Check(name, "missing", f"{found}; no usable GPU", fix)
    return Check(name, "found", found)


def disk(folder: Path) -> Check:
    """Check the free space where results go."""
    free = shutil.disk_usage(folder).free / 2**30
    if free < LEAST_FREE_GIB:
        fix = f"free some space: {LEAST_FREE_GIB} GiB or more"
        return Check("disk", "warning", f"{free:.1f} GiB free", fix)
    return Check("disk", "found", f"{free:.0f} GiB free")


def snakemake(folder: Path) -> Check:
    """Check Snakemake and the default profile, which keeps one GPU for one job."""
    try:
        version = importlib.metadata.version("snakemake")
    except importlib.metadata.PackageNotFoundError:
        return Check("Snakemake", "missing", "not installed", "pip install -r requirements.lock")
    profile = "profiles/default/config.yaml"
    if not place(folder, profile).exists():
        fix = "install merflow again: `make setup` in its source tree"
        return Check("Snakemake", "warning", f"{version}, no profiles/default", fix)
    return Check("Snakemake", "found", f"{version}, profiles/default")


def cluster(folder: Path, which: Callable[[str], str | None] = shutil.which) -> Check:
    """Check for a cluster client; a single machine needs none."""
    if not which("sbatch"):
        return Check("cluster client", "warning", "no sbatch", "only for Slurm", needed=False)
    if not place(folder, "profiles/slurm/config.yaml").exists():
        found = "sbatch, no profiles/slurm here"
        return Check("cluster client", "warning", found, "write a profile", needed=False)
    return Check("cluster client", "found", "sbatch, profiles/slurm")


def text(checks: Sequence[Check]) -> str:
    """Return the checks as lines."""
    lines = []
    for check in checks:
        state = check.state if check.needed or check.state == "found" else "not needed"
        lines.append(f"{state:>10}  {check.name}: {check.found}")
        if check.todo:
            lines.append(f"{'':>10}  to do: {check.todo}")
    return "\n".join(lines)


def as_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Return the checks as JSON prints them."""
    return {"ok": not any(c.state == "missing" for c in checks), "checks": [*map(asdict, checks)]}


def _few(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
