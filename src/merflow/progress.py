"""Progress with the time left: a bar on a terminal, a plain line every ten seconds elsewhere.

Code that takes long reports its steps with `report`, `counted` or `report_job`. Nothing is shown
unless a command has opened `shown`, so stages, jobs and the studio stay silent.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")
EVERY = 10.0
"""Seconds between plain lines."""


class _Lines:
    """Plain lines, for logs and pipes."""

    def __init__(self, name: str) -> None:
        self.name, self.step, self.began, self.shown = name, "", 0.0, time.monotonic()

    def show(self, step: str, done: float, total: float) -> None:
        now = time.monotonic()
        if step != self.step:
            self.step, self.began = step, now
        if now - self.shown > EVERY:
            text = self.name + step + _state(done, total, now - self.began)
            print(text, file=sys.stderr, flush=True)
            self.shown = now

    def close(self) -> None:
        """Nothing is left behind by plain lines."""


def _state(done: float, total: float, seconds: float) -> str:
    """Return how much is done, as text; empty when that is not known."""
    if not total:
        return ""
    left = f", about {seconds * (total - done) / done:.0f} s left" if done else ""
    return f": {100 * done / total:.0f}%{left}"


class _Bar:
    """One line of a terminal, which disappears at the end."""

    def __init__(self, name: str) -> None:
        self.name, self.bar, self.step, self.task = name, None, "", None

    def show(self, step: str, done: float, total: float) -> None:
        if self.bar is None:  # Late, so that messages about the input stand above it.
            self.bar = _rich_bar()
        if step != self.step or self.task is None:
            if self.task is not None:
                self.bar.remove_task(self.task)
            self.step, self.task = step, self.bar.add_task(self.name + step, total=total or None)
        self.bar.update(self.task, completed=done, total=total or None)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()


def _rich_bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar


def _display_for(name: str) -> "_Bar | _Lines":
    return _Bar(name) if sys.stderr.isatty() else _Lines(name)


_display: ContextVar[Any] = ContextVar("display", default=None)
_passes: ContextVar[Any] = ContextVar("passes", default=None)


@contextmanager
def shown(name: str = "", only: str = "") -> Iterator[None]:
    """Show what this thread reports within the block, on stderr, after `name`.

    only: the one step to show, which contains the others.
    """
    display = _display_for(name)
    token = _display.set((display, only))
    try:
        yield
    finally:
        _display.reset(token)
        display.close()


def report(step: str, done: float = 0, total: float = 0) -> None:
    """Report the present step, and how much of it is done (total 0: not known)."""
    if (found := _display.get()) is None:
        return
    display, only = found
    if only in ("", step):
        display.show(step, done, total)


def counted(items: Iterable[Item], step: str, total: int) -> Iterator[Item]:
    """Yield the items and report how many of `total` have been taken."""
    for number, item in enumerate(items):
        report(step, number, total)
        yield item


@contextmanager
def in_passes(step: str, shares: Sequence[float]) -> Iterator[None]:
    """Within the block, `report_job` counts for one step of several passes over the frames.

    shares: of each pass in the time; they only serve the estimate of the time left.
    """
    token = _passes.set([step, [*shares], 0.0])
    try:
        yield
    finally:
        _passes.reset(token)


def report_job(done: int, count: int) -> None:
    """Report that `done` of the `count` jobs of one pass are done."""
    if (passes := _passes.get()) is None:
        return
    step, shares, before = passes
    share = shares[0] if shares else 0.0
    report(step, before + share * done / count, 1)
    if done == count:
        passes[1:] = [shares[1:], before + share]


def track(items: Sequence[Item], doing: str) -> Iterator[Item]:
    """Yield the items and show the progress."""
    display = _display_for("")
    try:
        for number, item in enumerate(items):
            display.show(doing, number, len(items))
            yield item
    finally:
        display.close()
