"""Values of the config that are more than a number or a word: factors, seeds, class names."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from merflow.io.csv_table import safe_cell


def _factor(value: Any) -> str:  # noqa: ANN401
    """Return a factor as it stands in paths: 10 -> x10, 'x1+10' -> x1+x10."""
    parts = str(value).split("+")
    try:
        numbers = [float(part.strip().removeprefix("x")) for part in parts]
    except ValueError:
        numbers = [math.nan]
    names = [f"x{n:g}" for n in numbers]
    if not all(math.isfinite(n) and n > 0 for n in numbers) or len(set(names)) < len(names):
        raise ValueError(f"factor {value!r}: expected a number above 0 (10 or x10), or x1+x10")
    return "+".join(names)


def each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a run that stands twice: its rows would be counted as two that agree."""
    seen = [frozenset(str(value).split("+")) for value in values]  # x1+x10 is x10+x1.
    for place, value in enumerate(values):
        if seen[place] in seen[:place]:
            raise ValueError(f"{value} stands twice; each once")
    return values


def _class_name(name: str) -> str:
    """Refuse a class that would not be read again from a CSV as it was written there."""
    if not name or not name.isprintable() or name != name.strip() or safe_cell(name) != name:
        raise ValueError(f"class {name!r}: expected a word that does not begin with = + - or @")
    return name


Factor = Annotated[str, BeforeValidator(_factor)]
Seed = Annotated[int, Field(ge=0)]
ClassName = Annotated[str, AfterValidator(_class_name)]
