"""Command line: every file in `commands/` is a command; errors become messages."""

import ast
import errno
import logging
import os
import re
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, NamedTuple

from merflow import __version__
from merflow.commands.options import Option
from merflow.errors import BAD_INPUT, FAILED, MerflowError
from merflow.plain_call import FOLDER, plain_call
from merflow.stage_table import WITH_FILES

if TYPE_CHECKING:
    from cyclopts import App

GROUPS = {
    "Stages": ["plan", "catalogue", *(stage.name for stage in WITH_FILES), "skipped"],
    "Training and scores": [
        *("split", "train", "score", "compare", "choose", "table", "report", "provenance"),
    ],
}
OLD_NAMES = {"record": "provenance", "manifest": "make-manifest"}
"""Earlier names of commands, which still work."""


EXIT_CODES = "Exit codes: 0 done, 1 warnings under --strict, 2 bad input, 3 the work failed."


class About(NamedTuple):
    """Help texts from the docstring of a command."""

    summary: str
    text: str
    examples: str


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
    return About(text.split("\n\n")[0], text, "".join(examples))


def build() -> "App":
    """Return the command line; the module of a command is imported when the command is asked."""
    from cyclopts import App

    app = App(
        name="merflow",
        help="From raw micro-expression frames to a UF1/UAR table that can be trusted. "
        "All steps run as one workflow: `make demo`, or `snakemake --cores all`.",
        version=__version__,
        help_format="plaintext",
    )
    group_of = {name: group for group, names in GROUPS.items() for name in names}
    asked = OLD_NAMES.get(_asked(), _asked())
    for name, about in commands().items():
        app.command(
            _described(_target(name)) if name == asked else _target(name),
            name=name,
            help=about.text if name == asked else about.summary,
            help_epilogue=f"Examples:\n{about.examples}\n\n{EXIT_CODES}",
            group=group_of.get(name, "Tools"),
        )
    for old, new in OLD_NAMES.items():
        app.command(
            _described(_target(new)) if new == asked else _target(new), name=old, show=False
        )
    return app


def _target(name: str) -> str:
    stem = name.replace("-", "_")
    return f"merflow.commands.{stem}:{stem}"


def _described(target: str) -> Callable[..., None]:
    """Return a command with its options as cyclopts wants them described."""
    from cyclopts import Parameter

    module, name = target.split(":")
    function = getattr(import_module(module), name)
    for key, kind in function.__annotations__.items():
        if options := [one for one in getattr(kind, "__metadata__", ()) if isinstance(one, Option)]:
            about = {
                name: value for name, value in options[0]._asdict().items() if value is not None
            }
            function.__annotations__[key] = Annotated[kind.__origin__, Parameter(**about)]
    return function


def _asked() -> str:
    """Return the command that was typed."""
    return next((word for word in sys.argv[1:] if not word.startswith("-")), "")


def main() -> None:
    """Run one command; an error prints a message and sets the exit code, without a traceback."""
    sys.unraisablehook, sys.excepthook = _not_from_hdf5, _not_inside_hdf5
    # Names of files that are not UTF-8 are printed with escapes.
    sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if (old := _asked()) in OLD_NAMES:
        print(f"note: `merflow {old}` is now `merflow {OLD_NAMES[old]}`", file=sys.stderr)
    try:
        try:
            if os.environ.get("MERFLOW_PLAN") and _asked() != "plan":
                _require_scheduled()
            (plain_call(sys.argv[1:]) or build())()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # `merflow check | head` closes the pipe early: exit with the code of the shell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except MerflowError as error:
        print(f"merflow: {error}", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        # At once: after a failed write, HDF5 would crash while closing and hide the exit code.
        os._exit(error.code)
    except OSError as error:
        # A path from the command line that no system call takes.
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        named = str(error.filename)
        print(f"merflow: {named[:60]}...: {error.strerror}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        print("merflow: stopped", file=sys.stderr)
        raise SystemExit(130) from None
    except MemoryError:
        print("merflow: out of memory; give the job more memory (mem_mb)", file=sys.stderr)
        raise SystemExit(FAILED) from None


def _require_scheduled() -> None:
    """Refuse a job when the plan of its run was replaced."""
    from merflow.io.scheduled_plan import require_scheduled

    require_scheduled()


def _not_from_hdf5(report: "sys.UnraisableHookArgs") -> None:
    """Hide messages of HDF5's clean-up after a failed write, which is already reported."""
    if "h5py" not in f"{report.object!r} {report.err_msg}":
        sys.__unraisablehook__(report)


def _not_inside_hdf5(kind: type, error: BaseException, trace: TracebackType | None) -> None:
    """Hide the traceback of HDF5's clean-up after a failed write."""
    last = trace
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not last.tb_frame.f_code.co_filename.startswith("h5py"):
        sys.__excepthook__(kind, error, trace)


if __name__ == "__main__":
    main()
