"""A node that shares no file system with the machine that submits: each job in a sandbox of its own.

python node.py submit JOBSCRIPT      start a job and print its number
python node.py status NUMBER         running, success or failed

For Snakemake's executor cluster-generic. STORAGE_NODES names a folder for the jobs; STORAGE_HIDDEN
the folder that jobs cannot see, with the project, its datasets and everything else of the test;
STORAGE_SEEN a folder below it that they can see, the storage, if it is one. The sandbox is
bubblewrap's: all else can be read and nothing be written but the job's own, empty folder.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NODES = Path(os.environ["STORAGE_NODES"])
HIDDEN, SEEN = os.environ["STORAGE_HIDDEN"], os.environ.get("STORAGE_SEEN", "")


def submit(script: Path) -> str:
    """Copy a job's script into a new folder and start it there."""
    number = str(sum(1 for _ in NODES.iterdir()) + 1)
    folder = NODES / number
    folder.mkdir()
    shutil.copy(script, folder / "job.sh")
    subprocess.Popen(
        [sys.executable, __file__, "run", number],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return number


def run(number: str) -> None:
    """Run a job to its end, note its exit code and remove its files."""
    folder = NODES / number
    work = folder / "node"
    work.mkdir()
    (folder / "tmp").mkdir()
    here, temporary, job = (f"{HIDDEN}/{name}" for name in ("node", "tmp", "job.sh"))
    sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid"]
    sandbox += ["--die-with-parent", "--tmpfs", HIDDEN, *(["--bind", SEEN, SEEN] if SEEN else [])]
    sandbox += ["--bind", str(work), here, "--bind", str(folder / "tmp"), temporary]
    sandbox += ["--ro-bind", str(folder / "job.sh"), job, "--chdir", here]
    sandbox += ["--setenv", "HOME", here, "--setenv", "TMPDIR", temporary]
    with (folder / "log").open("wb") as log:
        done = subprocess.run(
            [*sandbox, "sh", job], stdout=log, stderr=subprocess.STDOUT, check=False
        )
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    part = folder / "part"
    part.write_text(str(done.returncode))
    part.rename(folder / "code")


def status(number: str) -> str:
    """Return the state of a job."""
    code = NODES / number / "code"
    if not code.exists():
        return "running"
    return "success" if code.read_text() == "0" else "failed"


if __name__ == "__main__":
    task, argument = sys.argv[1:]
    if task == "submit":
        print(submit(Path(argument)))
    elif task == "status":
        print(status(argument))
    else:
        run(argument)
