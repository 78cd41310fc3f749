"""Choose one GPU for a job: on a machine with several, the one with the fewest trainings on it.

A job holds a slot of its GPU until it ends: a lock file in the temporary folder. A GPU that k
trainings share (`training.gpu_share`) has k slots, each of them 1/k of the GPU.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple

VISIBLE = "CUDA_VISIBLE_DEVICES"
QUERY = "uuid,memory.total,memory.free"
DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""What the drivers of NVIDIA and AMD leave on Linux, and WSL2's driver."""


class Gpu(NamedTuple):
    """A GPU: as CUDA_VISIBLE_DEVICES names it, as the driver does, and its memory (MiB).

    Memory that the driver does not tell is 0.
    """

    name: str
    uuid: str
    total: int = 0
    free: int = 0


_held: list[IO[str]] = []
"""Open lock files; the system releases them when the process ends, also after a crash."""
_chosen: list[Gpu] = []
"""The choice of this process, which starts a backend once."""


def possible() -> bool:
    """Return whether this machine may have a GPU that a backend can use; False is certain."""
    there = shutil.which("nvidia-smi") or any(map(os.path.exists, DEVICES))
    return sys.platform != "linux" or bool(there)


def choose_gpu(share: int = 1) -> Gpu | None:
    """Return the GPU of this process; of several, set CUDA_VISIBLE_DEVICES to it.

    share: how many trainings share a GPU. None where no GPU is known. If CUDA_VISIBLE_DEVICES lists
    several, the choice is one of them.
    """
    if _chosen:
        return _chosen[0]
    found = usable()
    if not found:
        return None
    if len(found) > 1:
        found = [_taken(found, share)]
        os.environ[VISIBLE] = found[0].name
    _chosen.append(found[0])
    return found[0]


def usable() -> list[Gpu]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES lists, or where it is not set, all."""
    there = installed()
    if VISIBLE not in os.environ:
        return there
    names = [name.strip() for name in os.environ[VISIBLE].split(",")]
    # As CUDA reads the list: it ends at the first name that is none.
    ends = next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))
    return [_named(name, there) for name in names[:ends]]


def installed() -> list[Gpu]:
    """Return the NVIDIA GPUs that the driver lists, in its order, named by their UUIDs."""
    query = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.stdout.splitlines()]
    return [Gpu(row[0], row[0], _number(row[1]), _number(row[2])) for row in rows if len(row) == 3]


def _named(name: str, there: Sequence[Gpu]) -> Gpu:
    """Return the GPU of a number or a UUID, which may be cut short; a part of a GPU (MIG) as is."""
    if name.isdecimal() and int(name) < len(there):
        return there[int(name)]._replace(name=name)
    fits = [gpu for gpu in there if gpu.uuid.startswith(name)]
    return fits[0]._replace(name=name) if len(fits) == 1 else Gpu(name, name)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _taken(found: Sequence[Gpu], share: int) -> Gpu:
    """Return the GPU with the fewest trainings, then the most free memory; hold a slot of it."""
    with _alone() as locks:
        if not locks:  # Windows has no flock: set CUDA_VISIBLE_DEVICES there.
            return max(found, key=lambda gpu: gpu.free)
        chosen = min(found, key=lambda gpu: (_load(gpu), -gpu.free))
        # Where all slots are taken, there are more trainings than the GPUs have slots.
        slots = (_lock(_place(f"gpu-{_plain(chosen)}-{n}of{share}")) for n in count())
        _held.append(next(filter(None, slots)))
    return chosen


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Let one process at a time choose; False where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        yield False
        return
    with open(_place("gpus"), "a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield True


def _load(gpu: Gpu) -> Fraction:
    """Return how much of a GPU the held slots are: 1/2 for a slot `...-0of2.lock`."""
    load = Fraction(0)
    for path in _place("gpus").parent.glob(_place(f"gpu-{_plain(gpu)}-*of*").name):
        if handle := _lock(path):
            handle.close()
        else:
            load += Fraction(1, int(re.findall(r"of(\d+)\.lock", path.name)[-1]))
    return load


def _lock(path: Path) -> IO[str] | None:
    """Return the file, locked until it is closed; None when another process holds the lock."""
    import fcntl

    handle = open(path, "a")  # noqa: SIM115
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def _place(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"merflow-{os.getuid()}-{name}.lock"


def _plain(gpu: Gpu) -> str:
    return re.sub(r"[^\w-]", "_", gpu.uuid)
