"""Config values with rules of their own: factors, seeds, paths, names of classes."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from merflow.errors import nearest
from merflow.io.csv_table import safe_cell


def _factor(value: Any) -> str:  # noqa: ANN401
    """Return a factor as paths write it: 10 -> x10, 'x1+10' -> x1+x10."""
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
    """Refuse a value listed twice: the same run would be counted as two runs that agree."""
    seen = [frozenset(str(value).split("+")) for value in values]  # x1+x10 is x10+x1.
    for place, value in enumerate(values):
        if seen[place] in seen[:place]:
            raise ValueError(f"{value} is listed twice; list each value once")
    return values


def _class_name(name: str) -> str:
    """Refuse a name of a class that a CSV would not give back unchanged."""
    if not name or not name.isprintable() or name != name.strip() or safe_cell(name) != name:
        raise ValueError(f"class {name!r}: expected a name that does not begin with = + - or @")
    return name


def _label(text: str) -> str:
    """Refuse a label that a table cannot print in one line."""
    if not text.isprintable() or text != text.strip() or safe_cell(text) != text:
        raise ValueError(f"{text!r}: expected one line that does not begin with = + - or @")
    return text


def _path_text(path: str) -> str:
    """Refuse a path that no system call takes."""
    if "\0" in path:
        raise ValueError(f"path {path[:40]!r}: expected no NUL character")
    longest = max(len(part.encode("utf-8", "replace")) for part in path.split("/"))
    if longest > MAX_PART or len(path) > MAX_PATH:
        raise ValueError(
            f"path of {len(path)} characters, {path[:40]!r}...: expected at most {MAX_PART} bytes "
            f"between slashes and {MAX_PATH} in all"
        )
    return path


REGION_NAMES = ("whole", "brows", "eyes", "nose", "cheeks", "mouth")
LANDMARKS = 68


def _region(value: Any) -> Any:  # noqa: ANN401
    """Refuse what is neither the name of a region nor a list of names and landmarks."""
    if not isinstance(value, list | tuple):
        return _region_name(value)
    if not value:
        raise ValueError("found an empty list; names of regions or landmarks from 0 to 67")
    found = [_member(member) for member in value]
    for member in found:
        if found.count(member) > 1:
            raise ValueError(f"{member} is listed twice; list each member once")
    return found


def _region_name(value: Any) -> Any:  # noqa: ANN401
    if value in REGION_NAMES:
        return value
    names = ", ".join(REGION_NAMES)
    if isinstance(value, str):
        raise ValueError(
            f"unknown region {value!r}{nearest(value, REGION_NAMES)}; one of {names}, or a list "
            "of names and landmarks from 0 to 67"
        )
    form = f", as [{value}]" if type(value) is int else ""
    raise ValueError(f"found {value!r}; one of {names}, or a list{form}")


def _member(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _region_name(value)
    if type(value) is not int or not 0 <= value < LANDMARKS:
        raise ValueError(
            f"found {value!r} in the list; a whole number from 0 to {LANDMARKS - 1} (landmark of "
            "68), or the name of a region"
        )
    return value


MAX_PART, MAX_PATH = 255, 2000
"""Longest part of a path and longest path (bytes)."""
PathText = Annotated[str, AfterValidator(_path_text)]
RegionName = Literal["whole", "brows", "eyes", "nose", "cheeks", "mouth"]
Landmark = Annotated[int, Field(ge=0, lt=LANDMARKS)]
Region = Annotated[RegionName | tuple[RegionName | Landmark, ...], BeforeValidator(_region)]
Factor = Annotated[str, BeforeValidator(_factor)]
Seed = Annotated[int, Field(ge=0)]
ClassName = Annotated[str, AfterValidator(_class_name)]
Label = Annotated[str, Field(max_length=60), AfterValidator(_label)]


def later(default: Any, **limits: Any) -> Any:  # noqa: ANN401
    """Return a field that results of earlier versions do not have.

    At its default it is left out where settings are written, so nothing made before is stale.
    """
    return Field(default, exclude_if=lambda value: value == default, **limits)
