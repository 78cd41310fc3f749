"""Build wheel and source archive, install the wheel into a clean environment, use it elsewhere.

python tests/release/package_check.py [FOLDER]    `make wheel-check`: everything from the package index

The archives stay in `dist/` of the folder. Nothing of the source tree is on the path of the new
environment: a file that the package lacks is missing there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Variables through which code of this source tree could reach the new environment."""


def main() -> None:
    """Install with all dependencies, draw the small demo, run it whole; report times and sizes."""
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp("-merflow-wheel"))
    folder = chosen.absolute()
    _timed("sources", lambda: copy_sources(folder / "source"))
    wheel, archive = _timed("build", lambda: build(folder / "source", folder / "dist"))
    print(f"{wheel.name} {_mib(wheel)}, {archive.name} {_mib(archive)}")
    python = _timed("environment", lambda: environment(folder / "environment"))
    _timed("install", lambda: run([python, "-m", "pip", "install", "-q", str(wheel)], folder))
    print(f"environment: {_mib(folder / 'environment')}")
    project = folder / "a project"
    merflow = [str(python.with_name("merflow"))]
    _timed("init", lambda: run([*merflow, "init", str(project)], folder))
    words = ["demo", "data/quick", "--small", "--subjects", "2", "--clips", "3"]
    _timed("demo", lambda: run([*merflow, *words], project))
    config = shipped(python, folder) / "config/quick.yaml"
    done = _timed("run", lambda: run([*merflow, "run", "--config", str(config)], project))
    print(done[-1500:])
    shutil.rmtree(folder / "environment")


def copy_sources(folder: Path) -> Path:
    """Copy what git would take, without what lies beside it in this checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def build(source: Path, out: Path, *options: str) -> tuple[Path, Path]:
    """Build the source archive, and the wheel from it; return wheel and archive."""
    wheel = build_wheel(source, out, *options)
    return wheel, next(out.glob("*.tar.gz"))


def build_wheel(source: Path, out: Path, *options: str) -> Path:
    """Build by uv as the options say, and return the wheel."""
    run([_uv(), "build", "-q", "--python", sys.executable, "-o", str(out), *options], source)
    return next(out.glob("*.whl"))


def environment(folder: Path, packages: Path | None = None) -> Path:
    """Make an environment and return its Python.

    packages: a folder of installed packages that it also finds, behind its own.
    """
    words = ["--without-pip"] if packages else []
    run([sys.executable, "-m", "venv", *words, str(folder)], ROOT)
    if packages:
        own = next(folder.glob("lib/python*/site-packages"))
        (own / "others.pth").write_text(f"{packages}\n", encoding="utf-8")
    return folder / "bin" / "python"


def shipped(python: Path, folder: Path) -> Path:
    """Return the folder of the workflow's files in the environment of `python`."""
    code = "from merflow.shipped import shipped; print(shipped('.'))"
    return Path(run([str(python), "-c", code], folder).strip())


def names(wheel: Path) -> list[str]:
    """Return the names of the files in a wheel, sorted."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def run(words: Sequence[str | Path], folder: Path) -> str:
    """Run a command as a user without this source tree would; return its output."""
    clean = {name: value for name, value in os.environ.items() if name not in LEAKS}
    done = subprocess.run(
        [*map(str, words)], cwd=folder, env=clean, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def _uv() -> str:
    """Return uv of this environment (`make setup` installs it), else that of the path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"


def _timed(name: str, work: Callable[[], T]) -> T:
    begin = time.monotonic()
    found = work()
    print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)
    return found


def _mib(path: Path) -> str:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return f"{sum(p.stat().st_size for p in files if not p.is_symlink()) / 2**20:.1f} MiB"


if __name__ == "__main__":
    main()
