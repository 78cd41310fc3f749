"""Choose one GPU for a job: on a machine with several, one that no other merflow job uses."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []
"""Open lock files; the system releases them when the process ends, also after a crash."""


def choose_gpu() -> None:
    """Set CUDA_VISIBLE_DEVICES to a free GPU where there are several and none was chosen."""
    if "CUDA_VISIBLE_DEVICES" in os.environ or _held:
        return
    found = installed()
    if len(found) < 2:
        return
    # Where all are in use: share the one with the most free memory, first in the list.
    os.environ["CUDA_VISIBLE_DEVICES"] = next(filter(_lock, found), found[0])


def installed() -> list[str]:
    """Return the numbers of the NVIDIA GPUs the driver lists, most free memory first."""
    query = ["nvidia-smi", "--query-gpu=index,memory.free", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = [line.split(",") for line in listed.stdout.splitlines() if line.count(",") == 1]
    pairs.sort(key=lambda pair: (-_number(pair[1]), _number(pair[0])))
    return [number.strip() for number, _ in pairs]


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _lock(number: str) -> bool:
    """Lock the GPU until this process ends; False when another process holds the lock."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock: set CUDA_VISIBLE_DEVICES there.
        return False
    path = Path(tempfile.gettempdir()) / f"merflow-{os.getuid()}-gpu{number}.lock"
    handle = open(path, "a")  # noqa: SIM115
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return False
    _held.append(handle)
    return True
