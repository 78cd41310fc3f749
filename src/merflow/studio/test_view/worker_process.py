"""The child process of the Test view: keeps one model in memory and runs one test at a time.

A process, because a framework's computation cannot be cancelled within a process; and because the
studio itself imports no framework.
"""

import logging
import os
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.errors import FAILED, MerflowError, SkipClip
from merflow.inference.trained_spotter import TrainedSpotter, open_spotter
from merflow.studio.project import Project
from merflow.studio.test_view.camera import CameraTest
from merflow.studio.test_view.dataset import whole_dataset
from merflow.studio.test_view.recording import recording
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import Model, open_model, usable
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

LOG = logging.getLogger("merflow")
SAFE_PATH = ("PYTHONSAFEPATH", "merflow")
"""Variable with which Python imports nothing from the working folder, and the studio's value."""


class Worker:
    """The state between messages: the loaded model, and the camera test."""

    def __init__(self, project: Project, pipe: Connection) -> None:
        self.project, self.pipe = project, pipe
        self._loaded: tuple[str, Model, Fitted] | None = None
        self._spotter: tuple[str, TrainedSpotter] | None = None
        self._camera: CameraTest | None = None

    def handle(self, message: Mapping[str, Any]) -> None:
        """Run what one message asks for and send the result."""
        kind = message["do"]
        if kind == "frame":
            self.pipe.send({"camera": self._camera.frame(message["jpeg"], message["at"])})
            return
        self._camera = None
        model, fitted = self.loaded(message["run"])
        if kind == "dataset":
            plan, clips = Plan(self.project.settings()), self.project.clips(message["name"])
            done = whole_dataset(plan, message["run"], model, fitted, clips, self.on_progress)
        else:
            # Two finders: the camera's predictions run in a second thread.
            align = model.pipeline.align
            finder = load_finder(align.points, align.model)
            points = message["points"]
            shown = load_finder(points, align.model if points == align.points else "")
            if kind == "recording":
                done = recording(
                    Path(message["path"]), message["fps"], model, fitted, finder, shown,
                    self.pipe.send, self.on_progress, self.spotter(message["spotter"]),
                )  # fmt: skip
            else:
                sizes = message["window"], message["stride"]
                self._camera = CameraTest(model, fitted, finder, shown, *sizes)
                done = {"classes": list(model.classes)}
        self.pipe.send({"done": done})

    def loaded(self, folder: str) -> "tuple[Model, Fitted]":
        """Return a run's final model; the last one is kept."""
        if self._loaded is None or self._loaded[0] != folder:
            self.on_progress("loading the model", 0, 0)
            model = usable(open_model(Path(folder)))
            self._loaded = (folder, model, model.load())
        return self._loaded[1:]

    def spotter(self, folder: str) -> "TrainedSpotter | None":
        """Return a trained spotter, or None for merflow's rule; the last one is kept."""
        if not folder:
            return None
        if self._spotter is None or self._spotter[0] != folder:
            self.on_progress("loading the spotter", 0, 0)
            self._spotter = (folder, open_spotter(Path(folder)))
        return self._spotter[1]

    def on_progress(self, step: str, done: int, total: int) -> None:
        """Send the progress of the test."""
        self.pipe.send({"step": step, "progress": (done, total)})


def serve(pipe: Connection, root: str, config: str) -> None:
    """Handle messages until the studio closes the pipe."""
    # Ctrl-C in a terminal reaches the whole group; the studio decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Programs of the project are not affected: they may import from their folder.
    if os.environ.get(SAFE_PATH[0]) == SAFE_PATH[1]:
        del os.environ[SAFE_PATH[0]]
    os.chdir(root)
    worker = Worker(Project(Path(root), Path(config)), pipe)
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        # Parts of the error, since not every exception can be pickled.
        try:
            worker.handle(message)
        except SkipClip as error:
            pipe.send({"failed": {"where": "the recording", "found": error.reason}})
        except MerflowError as error:
            pipe.send({"failed": vars(error)})
        except (BrokenPipeError, ConnectionResetError):
            return
        except Exception as error:
            LOG.exception("the test failed")
            found = f"{type(error).__name__}: {error}"
            pipe.send({"failed": {"where": "test", "found": found, "code": FAILED}})
