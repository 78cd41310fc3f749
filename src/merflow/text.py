"""Text helpers for messages, tables and the report."""

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def plural(count: int, noun: str, more: str = "") -> str:
    """Return `1 clip`, `2 clips`, `1,200 clips`."""
    return f"{count:,} {noun if count == 1 else more or noun + 's'}"


def is_text(text: str) -> bool:
    """Return whether a text is valid Unicode: no surrogate, which UTF-8 cannot hold."""
    return text.isascii() or not SURROGATE.search(text)
