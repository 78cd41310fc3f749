"""The workflow as a child process: started, its output read line by line, stopped with signals."""

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
from merflow.studio.routing import Conflict, Missing

LINES_LIMIT = 5000
"""Most lines of output kept."""
STOP_SIGNALS = ((signal.SIGINT, 20.0), (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
"""Signals that stop a job, sent to its whole process group, and the wait after each (s)."""
STEP = re.compile(r"^\[ *(\d+) of (\d+)\] ")
TOTAL = re.compile(r"^(\d+) jobs? to do(?:, about (.+))?$")
NOW = re.compile(r" \| running: ([^|]+)")
LEFT = re.compile(r" \| about ([^|]+) left$")


class Job:
    """A child process in its own process group, so that all of its children end with it.

    left, now: what the output says of the time left and of the jobs under way.
    """

    def __init__(
        self,
        number: int,
        title: str,
        command: Sequence[str],
        folder: Path,
        address: Sequence[str] = (),
    ) -> None:
        self.number, self.title, self.started = number, title, time.monotonic()
        self.address = tuple(address)
        self.ended: float | None = None
        self.code: int | None = None
        self.stopping = False
        self.done, self.total = 0, 0
        self.left, self.now = "", ""
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
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def _read_output(self) -> None:
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            with self._lock:
                self._note_progress(line)
                if len(self._lines) < LINES_LIMIT:
                    self._lines.append(line[:2000])
        code = self._process.wait()
        with self._lock:
            self.code, self.ended = code, time.monotonic()

    def _note_progress(self, line: str) -> None:
        if match := STEP.match(line):
            self.done, self.total = int(match[1]), int(match[2])
            left, now = LEFT.search(line), NOW.search(line)
            self.left, self.now = left[1] if left else "", now[1].strip() if now else ""
        elif match := TOTAL.match(line):
            self.total, self.left = int(match[1]), match[2] or ""

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.code is None

    def state(self, after: int = 0) -> dict[str, Any]:
        """Return the job's progress, and its output from line `after` on."""
        with self._lock:
            seconds = (self.ended or time.monotonic()) - self.started
            if self.code is None:
                state = "stopping" if self.stopping else "running"
            else:
                state = "stopped" if self.stopping else "failed" if self.code else "done"
            return {
                "id": self.number,
                "title": self.title,
                "state": state,
                "code": self.code,
                "seconds": round(seconds, 1),
                "address": list(self.address),
                "left": self.left,
                "now": self.now,
                "done": self.done,
                "total": self.total,
                "lines": self._lines[after:],
                "next": len(self._lines),
            }

    def stop(self) -> None:
        """Start to stop the process; a thread sends the signals."""
        with self._lock:
            if self.stopping or self.code is not None:
                return
            self.stopping = True
        threading.Thread(target=self._send_signals, daemon=True).start()

    def _send_signals(self) -> None:
        for sign, seconds in STOP_SIGNALS:
            # The group's number is the child's, and stays taken while any member lives.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, at most `seconds`."""
        self._reader.join(seconds)


class WorkflowControl:
    """Starts and stops the workflow, one job at a time: Snakemake locks the folder anyway."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.job: Job | None = None
        self._count, self._closed = 0, False
        self._lock = threading.Lock()

    def start(self, title: str, command: Sequence[str], address: Sequence[str] = ()) -> Job:
        """Start a job; refuse while another one runs.

        address: parts of the page's address that shows its result.
        """
        with self._lock:
            if self.job is not None and self.job.running:
                fix = "wait for it, or stop it first"
                raise Conflict(title, f"'{self.job.title}' is running", fix=fix)
            if self._closed:
                raise Conflict(title, "its project is not open any more", fix="reload this page")
            self._count += 1
            self.job = Job(self._count, title, command, self.folder, address)
            return self.job

    def stop(self, number: object) -> Job:
        """Stop the job of that number."""
        with self._lock:
            if self.job is None or isinstance(number, bool) or number != self.job.number:
                raise Missing("request: id", f"no job {str(number)[:40]!r}")
        self.job.stop()
        return self.job

    def close(self) -> None:
        """Stop the running job and wait for its end; no other one starts."""
        with self._lock:
            self._closed = True
        if self.job is not None and self.job.running:
            self.job.stop()
            self.job.wait(sum(seconds for _, seconds in STOP_SIGNALS))
