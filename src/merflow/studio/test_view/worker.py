"""The child's side: one model in memory, messages in, answers out, until the pipe closes.

A child, because a framework cannot be stopped in the middle of its work and a process can; and
because a page of pictures needs no framework until someone tests a run.
"""

import logging
import os
import signal
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merflow.errors import FAILED, MerflowError, SkipClip
from merflow.stages.faces import Finder
from merflow.studio.project import Project
from merflow.studio.test_view.camera_test import Live
from merflow.studio.test_view.dataset_test import whole_dataset
from merflow.studio.test_view.recording_test import recording
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import Model, open_model, usable
from merflow.workflow.plan import Plan

if TYPE_CHECKING:
    from merflow.models.factory import Fitted

LOG = logging.getLogger("merflow")


class Bench:
    """What stays between messages: the run that is loaded, and the camera that is watched."""

    def __init__(self, project: Project, pipe: Connection) -> None:
        self.project, self.pipe = project, pipe
        self._loaded: tuple[str, Model, Fitted, Finder] | None = None
        self._live: Live | None = None

    def handle(self, message: Mapping[str, Any]) -> None:
        """Do one piece of work and send what comes of it."""
        if message["do"] == "frame":
            self.pipe.send({"frame": self._live.frame(message["jpeg"], message["at"])})
            return
        self._live = None
        model, fitted, finder = self.loaded(message["run"])
        if message["do"] == "dataset":
            plan = Plan(self.project.settings())
            found = whole_dataset(
                plan, message["run"], model, fitted, self.project.clips(message["name"]), self.tell
            )
        elif message["do"] == "film":
            seen = self.looker(message["points"], model)
            found = recording(
                Path(message["path"]), message["fps"], model, fitted, finder, seen, self.pipe.send,
                self.tell,
            )  # fmt: skip
        else:
            seen = self.looker(message["points"], model)
            # The finder of the answers works in a thread beside the one that follows the face.
            own = load_finder(model.chain.align.points, model.chain.align.model)
            self._live = Live(model, fitted, own, seen, message["window"], message["stride"])
            found = {"classes": list(model.classes)}
        self.pipe.send({"done": found})

    def loaded(self, folder: str) -> "tuple[Model, Fitted, Finder]":
        """Return a run's final model; the last one is held."""
        if self._loaded is None or self._loaded[0] != folder:
            self.tell("loading the model", 0, 0)
            model = usable(open_model(Path(folder)))
            finder = load_finder(model.chain.align.points, model.chain.align.model)
            self._loaded = (folder, model, model.load(), finder)
        return self._loaded[1:]

    def looker(self, points: int, model: Model) -> Finder:
        """Return the finder of the landmarks that are shown."""
        own = model.chain.align
        return load_finder(points, own.model if points == own.points else "")

    def tell(self, what: str, done: int, total: int) -> None:
        """Send how far the work is."""
        self.pipe.send({"told": what, "of": (done, total)})


def serve(pipe: Connection, root: str, config: str) -> None:
    """Answer messages until the other side is gone."""
    # Ctrl-C in a terminal reaches the whole group; the studio decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.chdir(root)
    bench = Bench(Project(Path(root), Path(config)), pipe)
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        try:
            bench.handle(message)
        except MerflowError as error:
            pipe.send({"failed": parts(error)})
        except (BrokenPipeError, ConnectionResetError):
            return
        except Exception as error:
            LOG.exception("the test failed")
            text = f"{type(error).__name__}: {error}"
            pipe.send({"failed": parts(MerflowError("test", text, code=FAILED))})


def parts(error: MerflowError) -> dict[str, Any]:
    """Return an error as plain words: exceptions of every kind do not survive a pipe."""
    where = "the recording" if isinstance(error, SkipClip) else error.where
    return {"where": where, "found": error.found, "expected": error.expected, "fix": error.fix,
            "code": error.code}  # fmt: skip
