"""Nothing stays in the system's temporary folder: after a write, a failure, a kill -9."""

import os
import signal
import subprocess
import sys

import pytest

WRITE = """
import os, sys, openpyxl
from pathlib import Path
from merflow.io.files import temporary_folder
from merflow.models import weights_file
from merflow.reporting.render.xlsx import write_workbook
from merflow.reporting.table import Heading, Table
from merflow.synthetic.sheets import Book, write_book
import numpy as np

end = {"kill": lambda: os.kill(os.getpid(), 9), "fail": lambda: 1 / 0, "": lambda: None}[sys.argv[1]]
kept = openpyxl.workbook.Workbook.save

def save(book, place):
    kept(book, place)
    # As long as openpyxl is at work, its files exist; here one more stands for them.
    from openpyxl.worksheet._writer import create_temporary_file
    create_temporary_file()
    end()

openpyxl.workbook.Workbook.save = save
what = sys.argv[2]
if what == "table":
    write_workbook(Path("t.xlsx"), [("a", [Table("", [Heading("x")], [["1"]])])])
elif what == "demo":
    write_book(Path("."), Book("b.xlsx", [("a", [["x"], [1]])]))
elif what == "weights":
    with temporary_folder() as folder:
        (folder / "x").write_text("x")
        end()
elif what == "next":
    with temporary_folder():
        pass
"""


def run(folder, *words):
    system = folder / "system"
    system.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", WRITE, *words],
        cwd=folder, env={**os.environ, "TMPDIR": str(system)}, capture_output=True, text=True,
    )  # fmt: skip
    return done, sorted(os.listdir(system))


@pytest.mark.parametrize("what", ["table", "demo", "weights"])
def test_no_temporary_file_stays(tmp_path, what):
    done, left = run(tmp_path, "", what)
    assert done.returncode == 0, done.stderr
    assert left == []
    done, left = run(tmp_path, "fail", what)
    assert "ZeroDivisionError" in done.stderr
    assert left == []


@pytest.mark.parametrize("what", ["table", "demo", "weights"])
def test_the_next_run_removes_what_a_killed_one_left(tmp_path, what):
    done, left = run(tmp_path, "kill", what)
    assert done.returncode == -signal.SIGKILL
    assert len(left) == 1 and left[0].startswith(".part-")
    assert run(tmp_path, "", "next")[1] == []
