"""A new project: its files at once, the demo's faces by a child process that the page watches."""

import re
import sys
import threading
from pathlib import Path
from typing import Any

from merflow.studio.routing import Conflict
from merflow.studio.workflow_process import STOP_SIGNALS, Job

DRAWN = re.compile(r"^(\w+): (\d+) (?:of (\d+) )?clips ")
DEMO_DATASETS = 3
"""Datasets that the demo draws: CASME II, SAMM and SMIC."""


class ProjectCreation:
    """Draws the faces of a demo project, one project at a time."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.folder = Path()
        self._lock = threading.Lock()

    def start(self, folder: Path, words: list[str]) -> None:
        """Start a command of merflow in the folder of a new project."""
        with self._lock:
            self.refuse_running(folder)
            # -P: no module is imported from the folder, which may hold anything.
            command = [sys.executable, "-P", "-m", "merflow", *words]
            self.folder = folder
            self.job = Job(1, "writing the demo", command, folder)

    def refuse_running(self, folder: Path) -> None:
        """Refuse a second demo while one is being written."""
        if self.job is not None and self.job.running:
            raise Conflict(str(folder), f"the demo in {self.folder} is being written")

    def state(self) -> dict[str, Any]:
        """Return the progress as a share (0 to 1), and the output."""
        if self.job is None:
            return {"state": "none"}
        state = self.job.state()
        return {
            "state": state["state"],
            "folder": str(self.folder),
            "seconds": state["seconds"],
            "share": share_done(state["lines"]),
            "lines": state["lines"][-20:],
        }

    def stop(self) -> None:
        """Stop the command."""
        if self.job is not None:
            self.job.stop()

    def close(self) -> None:
        """Stop the command and wait for its end."""
        if self.job is not None and self.job.running:
            self.job.stop()
            self.job.wait(sum(seconds for _, seconds in STOP_SIGNALS))


def share_done(lines: list[str]) -> float:
    """Return the share of the demo's clips that are drawn, from the command's output (0 to 1)."""
    shares: dict[str, float] = {}
    for line in lines:
        if match := DRAWN.match(line):
            shares[match[1]] = int(match[2]) / int(match[3]) if match[3] else 1.0
    return min(1.0, sum(shares.values()) / DEMO_DATASETS)
