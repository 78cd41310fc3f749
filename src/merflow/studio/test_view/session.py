"""The studio's side: the child, what it is doing, and what it has found so far."""

import contextlib
import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

from merflow.errors import FAILED, MerflowError
from merflow.studio.responses import Clash, Missing
from merflow.studio.test_view.worker import serve

PATIENCE = 20.0
"""Longest wait for what is said of one frame of a camera (s)."""
LEFT = 6.0
"""A camera that has sent no frame for so long (s) has been left: another may begin."""


class TrialDesk:
    """One test at a time. `state` is what the page polls; pictures are asked for one by one."""

    def __init__(self, root: Path, config: Path) -> None:
        self.root, self.config = root, config
        self.found: Any = None
        self.reel: dict[str, Any] | None = None
        self.pictures: list[bytes] = []
        self._about: dict[str, Any] = {"id": 0, "state": "idle", "kind": "", "title": ""}
        self._error: MerflowError | None = None
        self._process: Any = None
        self._pipe: Any = None
        self._lock = threading.Lock()
        self._frames = threading.Lock()
        self._said: dict[str, Any] | None = None
        self._came = threading.Condition(self._lock)
        self._last_frame = 0.0

    def start(self, kind: str, title: str, message: dict[str, Any]) -> dict[str, Any]:
        """Begin a test; refuse while another one runs."""
        with self._lock:
            if self._busy():
                raise Clash(title, f"'{self._about['title']}' is running", fix="stop it first")
            if self._process is None or not self._process.is_alive():
                self._spawn()
            self.found, self.reel, self.pictures, self._error = None, None, [], None
            number = self._about["id"] + 1
            self._about = {
                "id": number, "state": "running", "kind": kind, "title": title,
                "told": "starting", "of": (0, 0), "begun": time.monotonic(),
            }  # fmt: skip
            self._last_frame = time.monotonic()
            self._pipe.send({"do": kind, **message})
        return self.state()

    def _busy(self) -> bool:
        if self._about["state"] == "running":
            return True
        watched = time.monotonic() - self._last_frame < LEFT
        return self._about["state"] == "watching" and watched

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        words = (theirs, str(self.root), str(self.config))
        self._process = context.Process(target=serve, args=words, daemon=True)
        self._process.start()
        theirs.close()
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
                        self._about["title"], "its process ended without a word",
                        "enough memory, most likely", "the terminal may say more", code=FAILED,
                    ))  # fmt: skip

    def _take(self, message: dict[str, Any]) -> None:
        if "told" in message:
            self._about |= message
        elif "reel" in message:
            self.reel = message["reel"]
        elif "pictures" in message:
            self.pictures += message["pictures"]
        elif "frame" in message:
            self._said = message["frame"]
            self._came.notify_all()
        elif "failed" in message and self._about["state"] == "watching":
            self._said = {"failed": MerflowError(**message["failed"])}
            self._came.notify_all()
        elif "failed" in message:
            self._end("failed", MerflowError(**message["failed"]))
        else:
            self.found = message["done"]
            # Loading the model may have taken longer than a camera may be silent.
            self._last_frame = time.monotonic()
            self._end("watching" if self._about["kind"] == "live" else "done")

    def _end(self, word: str, error: MerflowError | None = None) -> None:
        self._about["state"], self._error = word, error
        self._about["seconds"] = round(time.monotonic() - self._about["begun"], 1)
        self._came.notify_all()

    def state(self) -> dict[str, Any]:
        """Return how far the test is; its result is asked for by itself."""
        with self._lock:
            about = {k: v for k, v in self._about.items() if k != "begun"}
            if about["state"] == "running":
                about["seconds"] = round(time.monotonic() - self._about["begun"], 1)
            about["ready"] = len(self.pictures)
            about["reel"] = self.reel and {k: v for k, v in self.reel.items() if k != "numbers"}
            about["error"] = str(self._error) if self._error else ""
            return about

    def frame(self, number: int, jpeg: bytes, at: float) -> dict[str, Any]:
        """Give the child one frame of the camera and return what it says of it."""
        with self._frames, self._lock:
            if self._about["id"] != number:
                raise Missing("camera", "this look through the camera has ended")
            if self._about["state"] != "watching":
                # A frame that was under way while the camera was stopped.
                return {"ended": True}
            self._last_frame = time.monotonic()
            self._said = None
            self._pipe.send({"do": "frame", "jpeg": jpeg, "at": at})
            self._came.wait_for(
                lambda: self._said is not None or self._about["state"] != "watching", PATIENCE
            )
            if self._about["state"] != "watching":
                return {"ended": True}
            if self._said is None:
                raise MerflowError("camera", "no answer to a frame", code=FAILED)
            if "failed" in self._said:
                raise self._said["failed"]
            return self._said

    def stop(self, number: object) -> dict[str, Any]:
        """End a test. The camera's end is gentle, so that the model stays loaded."""
        with self._lock:
            if isinstance(number, bool) or number != self._about["id"] or number == 0:
                raise Missing("request: id", f"no test {str(number)[:40]!r}")
            if self._about["state"] == "watching":
                self._end("stopped")
            elif self._about["state"] == "running":
                self._kill()
                self._end("stopped")
        return self.state()

    def _kill(self) -> None:
        # Its listener closes the pipe, at the end of it: a number closed here could be given to
        # the next pipe while the listener still reads from it.
        self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join(10)
            self._process = None

    def close(self) -> None:
        """End the child; the server is going down."""
        with self._lock:
            self._kill()
