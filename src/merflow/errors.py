"""The error type of merflow: where, what was found, what was expected, what to do."""

import difflib
import math
import re
from collections.abc import Iterable

DONE, WARNED, BAD_INPUT, FAILED = 0, 1, 2, 3
"""Exit codes of every command: done, warnings under --strict, bad input, the work failed."""


class MerflowError(Exception):
    """An error that the user can correct; `str()` is the whole message."""

    def __init__(
        self, where: str, found: str, expected: str = "", fix: str = "", *, code: int = BAD_INPUT
    ) -> None:
        self.where, self.found, self.expected, self.fix = where, found, expected, fix
        self.code = code
        super().__init__(where, found, expected, fix)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.found}"]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  to do: {self.fix}")
        return "\n".join(lines)


class SkipClip(MerflowError):
    """A clip is skipped (no face, too few frames); the run continues without it."""

    def __init__(self, reason: str) -> None:
        super().__init__("clip", reason)
        self.reason = reason


def check_number(
    flag: str, value: float, least: float, most: float = math.inf, *, above: bool = False
) -> None:
    """Refuse a flag's number outside least..most; with `above`, also `least`."""
    if math.isfinite(value) and least <= value <= most and not (above and value == least):
        return
    if above:
        span = f"a number above {least:g}"
    elif most < math.inf:
        span = f"{least:g} to {most:g}"
    else:
        span = f"{least:g} or more"
    raise MerflowError(flag, f"{value}", span)


NEAR = 0.7
"""Least likeness (0 to 1) of a name that is offered. By benchmarks/nearest_names.py, a name
with one typing error gets itself back in 98%, with two in 82%, and a foreign word gets a name from
2% of the lists of settings, networks, datasets, schemes, commands, targets (at 0.5 from 35%)."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` with the most similar known name, or an empty string.

    Case, blanks and signs do not count: `Learning-Rate` is `learning_rate`.
    """
    names = {_plain(name): name for name in known}
    # One wrong letter of three is less alike than NEAR, and still near.
    cutoff = NEAR if len(_plain(word)) > 3 else 0.66
    close = difflib.get_close_matches(_plain(word), names, n=1, cutoff=cutoff)
    return f" (did you mean '{names[close[0]]}'?)" if close else ""


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).casefold()


def unknown(where: str, kind: str, word: str, known: Iterable[str]) -> MerflowError:
    """Return the error for an unknown name."""
    names = sorted(known)
    listed = f"one of {', '.join(names)}" if names else f"a {kind} that is known; none is here"
    return MerflowError(where, f"unknown {kind} '{word}'{nearest(word, names)}", listed)
