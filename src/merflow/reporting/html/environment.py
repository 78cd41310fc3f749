"""The Jinja environment of the report: every value printed is escaped, a missing name is an error.

Control and direction characters become visible marks, so no name of a clip or a class can break
the page or change the order of its text.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import median

from jinja2 import Environment, PackageLoader, StrictUndefined

from merflow.evaluation.score_table import factor_rank
from merflow.reporting.captions import bracket, number, part_name, spread
from merflow.reporting.table import words
from merflow.text import plural

DASH = "–"


def render(template: str, context: Mapping[str, object]) -> str:
    """Return a template of this package filled with `context`."""
    return environment().get_template(template).render(context)


@cache
def environment() -> Environment:
    """Return the environment; templates and the page's style and script are in `templates/`."""
    made = Environment(
        loader=PackageLoader("merflow.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printable,
    )
    made.globals["DASH"] = DASH
    made.tests["known"] = known
    made.filters |= {
        "bracket": lambda ends: bracket(*ends),
        "duration": duration,
        "factor_number": factor_number,
        "figure": figure,
        "listing": listing,
        "min_median_max": min_median_max,
        "number": number,
        "part_name": part_name,
        "plural": plural,
        "px": lambda value: f"{value:.1f}".removesuffix(".0"),
        "sort_key": lambda value: f"{value:.9g}" if known(value) else "",
        "spread": spread,
        "words": words,
    }
    return made


def printable(value: object) -> object:
    """Return a value as text without control or direction characters; markup stays as it is."""
    if hasattr(value, "__html__"):
        return value
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def known(value: float | None) -> bool:
    """Return whether a number is there: not None and not NaN."""
    return value is not None and not math.isnan(value)


def figure(value: float, form: str) -> str:
    """Return a number in a format, a dash for NaN.

    >>> figure(1234.5, "{:,.0f}"), figure(math.nan, "{:,.0f}")
    ('1,234', '–')
    """
    return form.format(value) if known(value) else DASH


def listing(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def min_median_max(values: Sequence[float]) -> str:
    """Return `6 – 7.5 – 9`, or a dash where nothing was counted."""
    if not len(values) or not max(values):
        return DASH
    return " – ".join(f"{value:g}" for value in (min(values), median(values), max(values)))


def duration(seconds: float) -> str:
    """Return a time in the units that suit its length.

    >>> duration(0.42), duration(75), duration(7384)
    ('0.42 s', '1 min 15 s', '2 h 03 min')
    """
    if not known(seconds):
        return DASH
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def factor_number(factor: str) -> float:
    """Return a number that sorts factors in the order of the tables."""
    kind, numbers, _ = factor_rank(factor)
    return kind * 1e6 + (numbers[0] if numbers else 0)
