"""Progress: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
EVERY = 10.0
"""Seconds between plain lines."""


def track(items: Sequence[Item], doing: str) -> Iterator[Item]:
    """Yield the items and show the progress."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as bar

        yield from bar(items, description=doing, console=Console(stderr=True))
        return
    shown = time.monotonic()
    for number, item in enumerate(items):
        if time.monotonic() - shown > EVERY:
            print(f"{doing}: {number} of {len(items)}", file=sys.stderr, flush=True)
            shown = time.monotonic()
        yield item
