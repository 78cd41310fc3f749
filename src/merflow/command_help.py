"""Help texts of the commands, from their docstrings and signatures."""

import ast
import functools
import inspect
import re
import shlex
import textwrap
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, NamedTuple

from merflow.commands.options import Option
from merflow.plain_call import FOLDER

EXIT_CODES = "Exit codes: 0 done, 2 bad input, 3 the work failed."
STRICT_CODES = "Exit codes: 0 done, 1 warnings under --strict, 2 bad input, 3 the work failed."
OTHER_CODES = {
    "run": "Exit codes: 0 done, 1 the run did not finish (bad data, a failed job, stopped), "
    "2 wrong config or target."
}
"""Exit codes of commands that have others."""


class About(NamedTuple):
    """Help texts from the docstring of a command; every paragraph is one line."""

    summary: str
    text: str
    examples: str
    options: dict[str, str]
    """Parameter -> its description."""


@functools.cache
def commands() -> dict[str, About]:
    """Return the help texts of every command, importing none of them."""
    found = {}
    for file in sorted(FOLDER.glob("[a-z]*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == file.stem:
                found[file.stem.replace("_", "-")] = _about(ast.get_docstring(node) or "")
    return found


def _about(docstring: str) -> About:
    text, *sections = re.split(r"\n\n(?=Args:|Examples:)", docstring)
    examples = [textwrap.dedent(s[10:]) for s in sections if s.startswith("Examples:")]
    options = [textwrap.dedent(s[6:]) for s in sections if s.startswith("Args:")]
    described = re.findall(r"^(\w+): (.*(?:\n[ \n].*)*)", "".join(options), re.MULTILINE)
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return About(
        paragraphs[0],
        "\n\n".join(paragraphs),
        "".join(examples).strip("\n"),
        {name: " ".join(words.split()) for name, words in described},
    )


def epilogue(name: str, about: About) -> str:
    """Return what stands below the options: examples and exit codes."""
    examples = textwrap.indent(about.examples, "  ")
    usual = STRICT_CODES if "strict" in about.options else EXIT_CODES
    return f"Examples:\n{examples}\n\n{OTHER_CODES.get(name, usual)}"


@functools.cache
def described(name: str) -> Callable[..., None]:
    """Return the function of a command, its parameters described as cyclopts shows them."""
    from cyclopts import Parameter

    function, about = _copied(_imported(name)), commands()[name]
    defaults = {one.name: one.default for one in inspect.signature(function).parameters.values()}
    for key, kind in function.__annotations__.items():
        given: dict[str, Any] = {"help": about.options[key]} if key in about.options else {}
        metadata = getattr(kind, "__metadata__", ())
        for one in (one for one in metadata if isinstance(one, Option)):
            given |= {word: value for word, value in one._asdict().items() if value is not None}
        shown = Parameter(**given, show_default=_shown_default(defaults.get(key)))
        function.__annotations__[key] = Annotated[kind.__origin__ if metadata else kind, shown]
    return function


def usage(name: str) -> str:
    """Return the usage line of a command: what must be given, in brackets what may be."""
    words, switches = [], []
    optional = False
    for one in inspect.signature(_imported(name)).parameters.values():
        shown = one.name.upper()
        if one.kind is one.VAR_POSITIONAL:
            words.append(f"{shown}..." if _must(one) else f"[{shown}...]")
        elif one.kind is not one.KEYWORD_ONLY:
            words.append(shown if one.default is one.empty else f"[{shown}]")
        elif one.default is one.empty:
            switches.append(f"--{one.name.replace('_', '-')} {shown}")
        else:
            optional = True
    return " ".join(["Usage: merflow", name, *words, *switches, *["[OPTIONS]"] * optional])


def _must(one: inspect.Parameter) -> bool:
    """Return whether at least one of several values must be given."""
    metadata = getattr(one.annotation, "__metadata__", ())
    return any(getattr(option, "required", False) for option in metadata)


def _copied(function: FunctionType) -> FunctionType:
    """Return a copy of a function, so that describing it leaves the command as it is."""
    code, names, defaults = function.__code__, function.__globals__, function.__defaults__
    copy = FunctionType(code, names, function.__name__, defaults, function.__closure__)
    copy.__kwdefaults__, copy.__doc__ = function.__kwdefaults__, function.__doc__
    copy.__module__, copy.__annotations__ = function.__module__, {**function.__annotations__}
    return copy


def _imported(name: str) -> FunctionType:
    stem = name.replace("-", "_")
    return getattr(import_module(f"merflow.commands.{stem}"), stem)


def _shown_default(value: object) -> bool | str:
    """Return how help shows a default; False for one that stands for nothing."""
    if value is False or value is None or value in ("", ()):
        return False
    return "this folder" if value == Path() else True


def example_lines(about: About) -> list[list[str]]:
    """Return the words of every example, without `merflow`."""
    return [shlex.split(line)[1:] for line in about.examples.splitlines() if line.strip()]
