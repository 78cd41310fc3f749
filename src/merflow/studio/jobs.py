"""A long piece of work as a child of the studio: its output live, and an end on request."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from merflow.errors import FAILED, MerflowError
from merflow.studio.responses import Clash, Missing

KEEP = 5000
"""Lines of output held."""
GRACE = ((signal.SIGINT, 20.0), (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
"""How a job is ended: each signal goes to its whole group, and it gets so long (s) to obey."""
STEP = re.compile(r"^\[ *(\d+) of (\d+)\] ")
TOTAL = re.compile(r"^(\d+) jobs? to do")


class Job:
    """One child process in a process group of its own, so that all of its children end with it."""

    def __init__(self, number: int, title: str, command: Sequence[str], folder: Path) -> None:
        self.number, self.title, self.begun = number, title, time.monotonic()
        self.ended: float | None = None
        self.code: int | None = None
        self.stopping = False
        self.done, self.total = 0, 0
        self._lines: list[str] = []
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
            )
        except OSError as error:
            raise MerflowError(title, f"could not be started ({error})", code=FAILED) from None
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            with self._lock:
                if match := STEP.match(line):
                    self.done, self.total = int(match[1]), int(match[2])
                elif match := TOTAL.match(line):
                    self.total = int(match[1])
                if len(self._lines) < KEEP:
                    self._lines.append(line[:2000])
        code = self._process.wait()
        with self._lock:
            self.code, self.ended = code, time.monotonic()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.code is None

    def state(self, after: int = 0) -> dict[str, Any]:
        """Return how far it is, and the lines of output from number `after` on."""
        with self._lock:
            seconds = (self.ended or time.monotonic()) - self.begun
            if self.code is None:
                word = "stopping" if self.stopping else "running"
            else:
                word = "stopped" if self.stopping else "failed" if self.code else "done"
            return {
                "id": self.number,
                "title": self.title,
                "state": word,
                "code": self.code,
                "seconds": round(seconds, 1),
                "done": self.done,
                "total": self.total,
                "lines": self._lines[after:],
                "next": len(self._lines),
            }

    def stop(self) -> None:
        """Ask it to end; a thread sees to it that it does."""
        with self._lock:
            if self.stopping or self.code is not None:
                return
            self.stopping = True
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        for sign, seconds in GRACE:
            # The group's number is the child's, and stays taken while any member lives.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, at most so long (s)."""
        until = time.monotonic() + seconds
        while self.running and time.monotonic() < until:
            time.sleep(0.05)


class Desk:
    """The one job at a time that a project can bear: Snakemake locks its folder anyway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.job: Job | None = None
        self._count = 0
        self._lock = threading.Lock()

    def start(self, title: str, command: Sequence[str]) -> Job:
        """Start a job; refuse while another runs."""
        with self._lock:
            if self.job is not None and self.job.running:
                raise Clash(
                    title, f"'{self.job.title}' is running", fix="wait for it, or stop it first"
                )
            self._count += 1
            self.job = Job(self._count, title, command, self.folder)
            return self.job

    def stop(self, number: object) -> Job:
        """Stop the job of that number."""
        with self._lock:
            if self.job is None or isinstance(number, bool) or number != self.job.number:
                raise Missing("request: id", f"no job {str(number)[:40]!r}")
        self.job.stop()
        return self.job

    def close(self) -> None:
        """End what runs; the server is going down."""
        if self.job is not None and self.job.running:
            self.job.stop()
            self.job.wait(sum(seconds for _, seconds in GRACE))
