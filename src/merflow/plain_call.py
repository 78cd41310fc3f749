"""Call a command that has plain words only, without building the command line.

Jobs of a run come this way: loading the command line (cyclopts) costs as much as a small job.
Whatever is not plain, such as `--help`, `--flag=value`, a switch, a missing or a wrong value, is
left to the command line, which has all the messages.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from merflow.commands.options import Option

FOLDER = Path(__file__).parent / "commands"
FLAG = re.compile(r"--[a-z]+(-[a-z]+)*")
WRITTEN = {int: re.compile(r"[0-9]{1,9}"), float: re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")}
"""Numbers as everybody writes them."""
NOTHING = {"", "none", "null"}
"""Words that the command line may take for no value."""


class NotPlainError(Exception):
    """The words need the command line."""


def plain_call(words: Sequence[str]) -> Callable[[], None] | None:
    """Return the call that the words of a command line ask for; None where they are not plain."""
    try:
        name, plain, flags = _divided(words)
        stem = name.replace("-", "_")
        if not (FOLDER / f"{stem}.py").is_file():
            return None
        function = getattr(import_module(f"merflow.commands.{stem}"), stem, None)
        return function and _bound(function, plain, flags)
    except NotPlainError:
        return None


def _divided(words: Sequence[str]) -> tuple[str, list[str], dict[str, list[str]]]:
    """Return the command, the words without a flag, and the values of each flag."""
    plain: list[str] = []
    flags: dict[str, list[str]] = {}
    waiting = iter(words)
    for word in waiting:
        if FLAG.fullmatch(word):
            flags.setdefault(word[2:].replace("-", "_"), []).append(next(waiting, ""))
        else:
            plain.append(word)
    every = [*plain, *(value for values in flags.values() for value in values)]
    if not plain or any(word.startswith("-") or word.lower() in NOTHING for word in every):
        raise NotPlainError
    return plain[0], plain[1:], flags


def _bound(
    function: Callable[..., None], plain: list[str], flags: dict[str, list[str]]
) -> Callable[[], None]:
    given: list[Any] = []
    named: dict[str, Any] = {}
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.VAR_POSITIONAL:
            given += [_value(one.annotation, plain.pop(0)) for _ in [*plain]]
        elif one.kind is one.KEYWORD_ONLY and one.name in flags:
            named[one.name] = _values(one.annotation, flags.pop(one.name))
        elif one.kind is one.POSITIONAL_OR_KEYWORD and plain:
            given.append(_value(one.annotation, plain.pop(0)))
        elif one.default is one.empty:
            raise NotPlainError
    if plain or flags:
        raise NotPlainError
    return partial(function, *given, **named)


def _values(kind: Any, words: list[str]) -> Any:  # noqa: ANN401
    """Return the value of a flag that was given once or, if it takes several, more often."""
    if get_origin(_bare(kind)) is Sequence:
        return [_value(*get_args(_bare(kind)), word) for word in words]
    if len(words) > 1:
        raise NotPlainError
    return _value(kind, words[0])


def _value(kind: Any, word: str) -> Any:  # noqa: ANN401
    """Return a word as the type that a command asks for."""
    kind = _bare(kind)
    if kind in (str, Path) or (kind in WRITTEN and WRITTEN[kind].fullmatch(word)):
        return kind(word)
    if get_origin(kind) is Literal and word in get_args(kind):
        return word
    raise NotPlainError


def _bare(kind: Any) -> Any:  # noqa: ANN401
    """Return a type without its help text and without None."""
    if options := getattr(kind, "__metadata__", ()):
        if not all(isinstance(option, Option) for option in options):
            raise NotPlainError
        kind = kind.__origin__
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return kind
