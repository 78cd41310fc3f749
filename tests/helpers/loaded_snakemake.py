"""Dry runs without the second and a half that Snakemake and merflow take to load.

A process that has loaded both and done nothing forks a child for every dry run. The child is
`python -m snakemake WORDS` in its folder from there on. Runs that make files are processes of
their own, as a user starts them.
"""

import json
import os
import runpy
import subprocess
import sys
import tempfile
from functools import lru_cache
from importlib import import_module
from pathlib import Path

LOADED = ("snakemake.cli", "merflow.workflow.setup", "docutils.core", "openpyxl", "smart_open")
OF_A_TEST = {"PYTEST_CURRENT_TEST", "PWD", "OLDPWD"}
"""Variables that differ between tests and mean nothing here."""


def dry_run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Return what `python -m snakemake` ends with in a folder, both streams together in stdout."""
    server = _server(frozenset(_environment().items()))
    with tempfile.NamedTemporaryFile("r") as output:
        asked = {"words": words, "folder": str(folder), "output": output.name}
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(words, code, output.read())


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OF_A_TEST}


@lru_cache(maxsize=2)
def _server(environment: frozenset[tuple[str, str]]) -> subprocess.Popen:
    """Start a process with such an environment; it ends when nobody asks it any more."""
    return subprocess.Popen(
        [sys.executable, __file__], env=dict(environment), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _serve() -> None:
    for name in LOADED:
        import_module(name)

    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        asked = json.loads(line)
        if not (child := os.fork()):
            _become(**asked)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


def _become(words: list[str], folder: str, output: str) -> None:
    """Be Snakemake to the end of the process."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(output, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.chdir(folder)
    sys.modules["snakemake.workflow"].Workflow._rundir = folder  # as noted while it loads
    sys.argv = ["snakemake", *words]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    _serve()
