"""Folds that share one start of TensorFlow: a server imports it and forks a process for each fold.

A fold has its own process, so its bytes, its memory and its end are those of a fold trained alone;
only the import (2 CPU seconds) is shared. The first `merflow train` of a run starts the server,
which ends with the run, or after IDLE seconds without work. Only a process with one thread may be
forked safely: TensorFlow starts threads when it first computes, and the server never computes.

Linux only. Wherever sharing fails, a fold is trained in the process that was asked for it.
"""

import atexit
import contextlib
import hashlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from merflow import paths

VARIABLE = "MERFLOW_SHARED_START"
"""Environment variable of a job: process id of the Snakemake that owns the server, then the
experiments that share a start (`4711,demo,other`)."""
EARLY = (
    *("MERFLOW_", "PYTHON", "LD_", "OMP_", "GOTO_", "OPENBLAS_", "MKL_", "NUMEXPR_", "VECLIB_"),
    *("NPY_", "OPENCV_", "TF_", "XLA_", "JAX_", "KERAS_", "ONEDNN_", "ATEN_", "TORCH_", "CUDA_"),
)
"""Variables that libraries read while they load: jobs that differ in one do not share a server."""
IDLE = 120.0
STARTED = b"started\n"


def value(owner: int, experiments: list[str]) -> str:
    """Return the value of VARIABLE for the jobs of a Snakemake process."""
    return ",".join([str(owner), *experiments])


# The job: hands its command line to the server


def handed_over() -> int | None:
    """Run `merflow train` of this command line in a fork of the server; return its exit code.

    None: this process has to train.
    """
    owner, *experiments = os.environ.get(VARIABLE, "").split(",")
    if not owner or sys.argv[1:2] != ["train"] or not hasattr(os, "pidfd_open"):
        return None
    run = paths.parts(paths.RUN, sys.argv[2]) if len(sys.argv) > 2 else None
    if run is None or run["experiment"] not in experiments or _gpu_in_use_once_loaded():
        return None
    try:
        with _connected(_folder(owner), owner) as server:
            return _asked(server)
    except OSError as error:
        print(f"note: no shared start of TensorFlow ({error}); training here", file=sys.stderr)
        return None


def _gpu_in_use_once_loaded() -> bool:
    """Return whether a fork could not use the GPU: Keras asks CUDA when it loads PyTorch."""
    torch = os.environ.get("KERAS_BACKEND") == "torch"
    return torch and any(Path("/dev").glob("nvidia[0-9]*"))


def _folder(owner: str) -> Path:
    """Return the private folder of the server for this environment, made if it is missing."""
    early = sorted(item for item in os.environ.items() if item[0].startswith(EARLY))
    key = hashlib.sha256(repr((sys.executable, sys.path, early)).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir(), f"merflow-{os.getuid()}-{owner}-{key}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def _connected(folder: Path, owner: str) -> socket.socket:
    """Return a connection to the server of a folder, which is started if there is none."""
    import fcntl

    with _socket_of(folder) as place:
        if found := _connection(place):
            return found
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if found := _connection(place):
                return found
            ready, listening = os.pipe()
            command = [sys.executable, "-m", __name__, str(folder), owner, str(listening)]
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
            with open(folder / "log", "w") as log:
                null = subprocess.DEVNULL
                subprocess.Popen(command, stdin=null, stdout=log, stderr=log, pass_fds=[listening])
            os.close(listening)
            os.read(ready, 1)  # Returns when the server listens, or has ended.
            os.close(ready)
            if found := _connection(place):
                return found
    raise ConnectionError(f"the server did not start, see {folder / 'log'}")


@contextlib.contextmanager
def _socket_of(folder: Path) -> Iterator[str]:
    """Give a short path of the socket in a folder: more than 107 characters cannot be used."""
    opened = os.open(folder, os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/socket"
    finally:
        os.close(opened)


def _connection(place: str) -> socket.socket | None:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.connect(place)
    except (FileNotFoundError, ConnectionRefusedError):
        found.close()
        return None
    return found


def _asked(server: socket.socket) -> int | None:
    """Send this process' command line, folder, environment and streams; return the exit code."""
    asked = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [1, 2])
    server.sendall(asked)
    with server.makefile("rb") as answer:
        if answer.readline() != STARTED:
            raise ConnectionError("the server ended")
        code = answer.readline()
    if not code or int(code) < 0:
        how = signal.strsignal(-int(code)) if code else "by whom is not known"
        print(f"merflow: the process of this fold was killed ({how})", file=sys.stderr)
        if code == b"-9\n":
            print("  to do: if memory ran out, train fewer folds at a time", file=sys.stderr)
        return 128 - int(code or -signal.SIGKILL)
    return int(code)


# The server


def serve(folder: Path, owner: int, listening: int) -> None:
    """Import what training needs, then fork a process for each job until the owner ends."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: os._exit(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Forked processes leave nothing to wait for.
    running = os.pidfd_open(owner)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        with _socket_of(folder) as place:
            door.bind(place)
        door.listen(64)
        os.write(listening, b"1")
        os.close(listening)
        _import_early()
        _answer(door, running)
    shutil.rmtree(folder, ignore_errors=True)


def _import_early() -> None:
    from merflow.models.training import backend

    backend.load()
    import merflow.models.training.fit
    import merflow.workflow.train_fold  # noqa: F401

    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise SystemExit(f"{backend.backend()} started {threads} threads while it was imported")


def _answer(door: socket.socket, running: int) -> None:
    while True:
        ready = select.select([door, running], [], [], IDLE)[0]
        if door not in ready:
            return
        connection = door.accept()[0]
        if os.fork() == 0:
            os.close(running)
            door.close()
            _keep(connection)
        connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the process of a fold, send its exit code, stop it when the job ends; never return."""
    size, streams, _, _ = socket.recv_fds(connection, 8, 2)
    with connection.makefile("rb") as asked:
        words, folder, environment = json.loads(asked.read(int.from_bytes(size, "big")))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.sendall(STARTED)
    fold = os.fork()
    if fold == 0:
        connection.close()
        for number, stream in enumerate(streams, start=1):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        del os.environ[VARIABLE]
        _run(words)
    ended = os.pidfd_open(fold)
    if ended not in select.select([ended, connection], [], [])[0]:
        # The job is gone: first as Ctrl-C does.
        signal.pidfd_send_signal(ended, signal.SIGINT)
        if not select.select([ended], [], [], 10)[0]:
            signal.pidfd_send_signal(ended, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(fold, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(b"%d\n" % code)
    os._exit(0)


def _run(words: list[str]) -> None:
    """Be `python -m merflow` with these words, and never return."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The server's own streams know the kind of file that they were opened on.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = words
    code: object = 0
    try:
        runpy.run_module("merflow", run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
