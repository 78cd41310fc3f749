"""Command line: every file in `commands/` is a command; errors become messages."""

import errno
import logging
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from merflow import __version__
from merflow.command_help import About, commands, described, epilogue, usage
from merflow.errors import BAD_INPUT, FAILED, MerflowError
from merflow.plain_call import plain_call
from merflow.stage_table import WITH_FILES

if TYPE_CHECKING:
    from cyclopts import App

GROUPS = {
    "Start here": ("init", "make-manifest", "check", "run", "studio"),
    "Results": (
        *("report", "score", "score-intervals", "compare", "audit", "why", "verify"),
        *("literature", "record"),
    ),
    "Trained models": ("predict", "evaluate", "preview", "jitter"),
    "Data": ("demo", "export", "checksums"),
    "This machine": ("doctor", "clean", "schema"),
    "Upper bounds that no table shows": ("oracle", "region-oracle"),
    "Steps of a run": (
        *("plan", "catalogue", "archive", *(stage.name for stage in WITH_FILES)),
        *("skipped", "split", "pretrain", "train", "final", "choose", "table", "provenance"),
        *("spot", "score-spotting", "recognise", "spotting-table"),
    ),
}
"""The commands as help lists them: those for a beginner first, in the order of their use."""
OTHERS = "Others"
"""Group of a command that is in none of GROUPS."""
OLD_NAMES = {"manifest": "make-manifest"}
"""Earlier names of commands, which still work."""


def build(asked: str = "") -> "App":
    """Return the command line.

    asked: the command that is described in full, by default the one that was typed; the modules of
    all others are not imported.
    """
    from cyclopts import App, Group, Parameter

    app = App(
        name="merflow",
        help="From raw micro-expression frames to a UF1/UAR table that can be trusted. Start with "
        "`merflow init`, which makes a project; `merflow COMMAND --help` describes a command.",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
        usage="Usage: merflow COMMAND",
    )
    app["--help"].group = app["--version"].group = Group("Options", sort_key=len(GROUPS) + 1)
    groups = {name: Group(name, sort_key=number) for number, name in enumerate(GROUPS)}
    place = {name: (group, i) for group, names in GROUPS.items() for i, name in enumerate(names)}
    asked = asked or OLD_NAMES.get(_asked(), _asked())
    others = Group(OTHERS, sort_key=len(GROUPS))
    for name, about in commands().items():
        group, number = place.get(name, (OTHERS, 0))
        _add(app, name, about, name == asked, group=groups.get(group, others), sort_key=number)
    for old, new in OLD_NAMES.items():
        _add(app, old, commands()[new], new == asked, new, show=False)
    return app


def _add(
    app: "App",
    name: str,
    about: About,
    asked: bool,
    command: str = "",
    **options: Any,  # noqa: ANN401
) -> None:
    """Add a command, by another name than its own too; described in full if it is asked for."""
    command = command or name
    stem = command.replace("-", "_")
    app.command(
        described(command) if asked else f"merflow.commands.{stem}:{stem}",
        name=name,
        help=about.text if asked else about.summary,
        help_epilogue=epilogue(command, about),
        usage=usage(command) if asked else None,
        **options,
    )


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
