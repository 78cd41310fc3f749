"""`merflow <command>`: the folder `commands/` is the list of commands; errors become messages."""

import ast
import logging
import sys
from pathlib import Path

from cyclopts import App

from merflow import __version__
from merflow.errors import FAILED, MerflowError

FOLDER = Path(__file__).parent / "commands"
GROUPS = {
    "Stages": ["catalogue", "align", "crop", "magnify", "interpolate", "flow", "pack", "skipped"],
    "Training and scores": ["split", "train", "score", "table", "report"],
}


def commands() -> dict[str, str]:
    """Return every command and the first sentence of its description, importing none of them."""
    found = {}
    for file in sorted(FOLDER.glob("[a-z]*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == file.stem:
                found[file.stem] = (ast.get_docstring(node) or "").split("\n\n")[0]
    return found


def build() -> App:
    """Return the command line; a command's module is imported when it is called."""
    app = App(
        name="merflow",
        help="From raw micro-expression frames to a UF1/UAR table that can be trusted. "
        "The whole way is one workflow: `make demo`, or `snakemake --cores all`.",
        version=__version__,
        help_format="markdown",
    )
    group_of = {name: group for group, names in GROUPS.items() for name in names}
    for name, about in commands().items():
        app.command(
            f"merflow.commands.{name}:{name}",
            name=name,
            help=about,
            group=group_of.get(name, "Tools"),
        )
    return app


def main() -> None:
    """Run one command; a fault ends in a message and its exit code, not in a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        build()()
    except MerflowError as error:
        print(f"merflow: {error}", file=sys.stderr)
        raise SystemExit(error.code) from None
    except KeyboardInterrupt:
        print("merflow: stopped", file=sys.stderr)
        raise SystemExit(130) from None
    except MemoryError:
        print("merflow: out of memory; give the job more (mem_mb)", file=sys.stderr)
        raise SystemExit(FAILED) from None


if __name__ == "__main__":
    main()
