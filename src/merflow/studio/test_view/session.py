"""The studio's side of a test: starts the child process, collects its messages, stops it."""

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from merflow.errors import FAILED, MerflowError
from merflow.inference.recording import RecordingPrediction
from merflow.studio.routing import Conflict, Missing
from merflow.studio.test_view.worker_process import SAFE_PATH, serve

FRAME_SECONDS = 20.0
"""Longest wait for the result of one camera frame (s)."""
CAMERA_SECONDS = 6.0
"""A camera that has sent no frame for this time (s) has been closed: another test may start."""


@contextlib.contextmanager
def _no_import_from_the_project() -> Iterator[None]:
    """Start processes during a `with` that import no module from the working folder.

    It is the project's, and may hold a file such as pickle.py.
    """
    name, value = SAFE_PATH
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


class TestSession:
    """One test at a time for all pages, which poll `state` and request frames one by one."""

    def __init__(self, root: Path, config: Path) -> None:
        self.root, self.config = root, config
        self.result: Any = None
        self.recording: dict[str, Any] | None = None
        self.frames: list[bytes] = []
        self.faces: list[dict[str, Any]] = []
        self.partial: RecordingPrediction | None = None
        self._answers = 0
        self._about: dict[str, Any] = {"id": 0, "state": "idle", "kind": "", "title": ""}
        self._error: MerflowError | None = None
        self._process: Any = None
        self._closed = False
        self._pipe: Any = None
        self._lock = threading.Lock()
        self._frame_lock = threading.Lock()
        self._camera_reply: dict[str, Any] | None = None
        self._replied = threading.Condition(self._lock)
        self._last_frame = 0.0

    def start(
        self, kind: str, title: str, message: dict[str, Any], shown: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Start a test; refuse while another one runs. shown: what is tested, for the page."""
        with self._lock:
            if self._busy():
                raise Conflict(title, f"'{self._about['title']}' is running", fix="stop it first")
            if self._closed:
                raise Conflict(title, "its project is not open any more", fix="reload this page")
            if self._process is None or not self._process.is_alive():
                self._spawn()
            self.result, self.recording, self.frames, self._error = None, None, [], None
            self.faces, self.partial, self._answers = [], None, 0
            number = self._about["id"] + 1
            self._about = {
                "id": number, "state": "running", "kind": kind, "title": title,
                "step": "starting", "progress": (0, 0), "started": time.monotonic(),
                "tested": dict(shown or {}),
            }  # fmt: skip
            self._last_frame = time.monotonic()
            self._pipe.send({"do": kind, **message})
        return self.state()

    def _busy(self) -> bool:
        if self._about["state"] == "running":
            return True
        recent = time.monotonic() - self._last_frame < CAMERA_SECONDS
        return self._about["state"] == "watching" and recent

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child_end = context.Pipe()
        arguments = (child_end, str(self.root), str(self.config))
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with _no_import_from_the_project():
            self._process.start()
        child_end.close()
        threading.Thread(target=self._listen, args=(self._pipe,), daemon=True).start()

    def _listen(self, pipe: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = pipe.recv()
                with self._lock:
                    if pipe is self._pipe:
                        self._take(message)
        pipe.close()
        with self._lock:
            if pipe is self._pipe:
                self._pipe = None
                if self._about["state"] in ("running", "watching"):
                    self._end("failed", MerflowError(
                        self._about["title"], "its process ended without a message",
                        "enough memory", "see the terminal of the studio", code=FAILED,
                    ))  # fmt: skip

    def _take(self, message: dict[str, Any]) -> None:
        if "step" in message:
            self._about |= message
        elif "recording" in message:
            self.recording = message["recording"]
        elif "frames" in message:
            self.frames += message["frames"]
            self.faces += message["faces"]
        elif "partial" in message:
            self.partial = message["partial"]
            self._answers += 1
        elif "camera" in message:
            self._reply(message["camera"])
        elif "failed" in message and self._about["state"] == "watching":
            self._reply({"failed": MerflowError(**message["failed"])})
        elif "failed" in message:
            self._end("failed", MerflowError(**message["failed"]))
        else:
            self.result = message["done"]
            # Loading the model may have taken longer than CAMERA_SECONDS.
            self._last_frame = time.monotonic()
            self._end("watching" if self._about["kind"] == "camera" else "done")

    def _reply(self, reply: dict[str, Any]) -> None:
        self._camera_reply = reply
        self._replied.notify_all()

    def _end(self, state: str, error: MerflowError | None = None) -> None:
        self._about["state"], self._error = state, error
        self._about["seconds"] = round(time.monotonic() - self._about["started"], 1)
        self._replied.notify_all()

    def state(self) -> dict[str, Any]:
        """Return the progress of the test, without its result."""
        with self._lock:
            about = {k: v for k, v in self._about.items() if k != "started"}
            if about["state"] == "running":
                about["seconds"] = round(time.monotonic() - self._about["started"], 1)
            about["ready"] = len(self.frames)
            about["answers"] = self._answers + (self.result is not None)
            facts = self.recording
            about["recording"] = facts and {k: v for k, v in facts.items() if k != "numbers"}
            about["error"] = str(self._error) if self._error else ""
            return about

    def camera_frame(self, number: int, jpeg: bytes, at: float) -> dict[str, Any]:
        """Send one frame of the camera to the child process and return its reply."""
        with self._frame_lock, self._lock:
            if self._about["id"] != number:
                raise Missing("camera", "this camera test has ended")
            if self._about["state"] != "watching":
                # The frame was sent before the camera was stopped.
                return {"ended": True}
            self._last_frame = time.monotonic()
            self._camera_reply = None
            self._pipe.send({"do": "frame", "jpeg": jpeg, "at": at})
            self._replied.wait_for(
                lambda: self._camera_reply is not None or self._about["state"] != "watching",
                FRAME_SECONDS,
            )
            if self._about["state"] != "watching":
                return {"ended": True}
            if self._camera_reply is None:
                raise MerflowError("camera", "no reply to a frame", code=FAILED)
            if "failed" in self._camera_reply:
                raise self._camera_reply["failed"]
            return self._camera_reply

    def stop(self, number: object) -> dict[str, Any]:
        """Stop a test. After a camera test the process goes on, so the model stays loaded."""
        with self._lock:
            if isinstance(number, bool) or number != self._about["id"] or number == 0:
                raise Missing("request: id", f"no test {str(number)[:40]!r}")
            if self._about["state"] == "running":
                self._kill()
            if self._about["state"] in ("running", "watching"):
                self._end("stopped")
        return self.state()

    def _kill(self) -> None:
        # The listener closes the pipe when it ends: a file descriptor closed here could be reused
        # by the next pipe while the listener still reads from it.
        self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join(10)
            self._process = None

    def close(self) -> None:
        """End the child process; no other one starts."""
        with self._lock:
            self._closed = True
            self._kill()
