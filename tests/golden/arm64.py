"""Run merflow's stages and a step of training as arm64 code, by emulation. `make arm64`.

python tests/golden/arm64.py [FOLDER]       needs Debian's apt-get and the package index; 3 GB

Debian's Python for arm64 and the locked wheels for arm64 are unpacked into a folder, nothing is
installed on this machine, and qemu runs them. Each case is computed twice: the bytes must repeat.
The table also shows how far they are from those of this machine. Exit status 1: a case failed or
did not repeat.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "src"))

from levels import difference  # noqa: E402

# isort: split
import numpy as np  # noqa: E402

PYTHON = "3.11"
PLATFORM = "aarch64-manylinux_2_28"
"""As in envs/platforms.py."""
PACKAGES = [
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libpython3-stdlib",
    "python3-distutils",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "zlib1g",
    "libexpat1",
    "libffi8",
    "libssl3",
    "libbz2-1.0",
    "liblzma5",
    "libsqlite3-0",
    "libuuid1",
    "libcrypt1",
    "libnsl2",
    "libtirpc3",
    "libdb5.3",
    "libreadline8",
    "libtinfo6",
    "libncursesw6",
    "libgl1",
    "libglib2.0-0",
    "libglvnd0",
    "libglx0",
    "libx11-6",
    "libxcb1",
    "libxau6",
    "libxdmcp6",
    "libbsd0",
    "libmd0",
    "libpcre2-8-0",
]
"""Debian 12's Python, and the libraries that Python, NumPy and OpenCV load."""
CASES = """
two drawn frames/video mjpg/video mpeg4/align/crop/magnify phase/magnify linear/magnify lagrangian/
select/interpolate/flow/features/svm weights/small step weights/small step predictions
""".replace("\n", "").split("/")
LAUNCHER = """\
#!/bin/sh
export PYTHONPATH={root}/src:{folder}/site PYTHONNOUSERSITE=1 PYTHONHOME={folder}/system/usr
exec {folder}/qemu/usr/bin/qemu-aarch64-static -cpu max -L {folder}/system \\
  {folder}/system/usr/bin/python{python} "$@"
"""
START = 'import sys\nsys.executable = "{folder}/python"\n'
"""sitecustomize.py of the emulated Python: its child processes are emulated too."""


def prepare(folder: Path) -> Path:
    """Unpack Python, wheels and qemu for arm64 into a folder; return the command that starts it."""
    state = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial", "debs", "qemu debs"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        "Dir::State::status": state / "status",
        "APT::Sandbox::User": "root",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    _call(["apt-get", *words, "-q", "update"], folder)
    _call(["apt-get", *words, "-q", "download", *PACKAGES], state / "debs")
    _call(["apt-get", "-q", "download", "qemu-user-static"], state / "qemu debs")
    for place, target in (("debs", "system"), ("qemu debs", "qemu")):
        for deb in sorted((state / place).glob("*.deb")):
            _call(["dpkg", "-x", str(deb), str(folder / target)], folder)
    lock = ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")]
    target = ["--target", "site", "--python-version", PYTHON, "--python-platform", PLATFORM]
    uv = str(Path(sys.executable).with_name("uv"))
    _call([uv, "pip", "install", "-q", *target, *lock], folder)
    (folder / "site/sitecustomize.py").write_text(START.format(folder=folder))
    start = folder / "python"
    start.write_text(LAUNCHER.format(folder=folder, root=ROOT, python=PYTHON))
    start.chmod(0o755)
    return start


def computed(python: Path | str, case: str, out: Path) -> np.ndarray:
    """Return the array of a case, made by a Python in a process of its own."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "MERFLOW_"))}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    _call([str(python), str(HERE / "more_cases.py"), str(out), "-", case], HERE, environment)
    with np.load(out) as saved:
        return saved[case]


def _call(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def main(folder: Path) -> int:
    """Print a line for each case; return 1 for one that does not repeat."""
    python, failed = prepare(folder), 0
    print(f"{'case':24} {'s':>4}  {'again':8} difference from this machine")
    for case in CASES:
        begin = time.monotonic()
        first, again = (computed(python, case, folder / f"{n}.npz") for n in ("first", "again"))
        spent = (time.monotonic() - begin) / 2
        here = computed(sys.executable, case, folder / "here.npz")
        repeats = difference(again, first) or "equal"
        failed |= repeats != "equal"
        print(
            f"{case:24} {spent:4.0f}  {repeats:8} {difference(first, here) or 'equal'}", flush=True
        )
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1]).absolute()))
    with tempfile.TemporaryDirectory(prefix="merflow-arm64-") as name:
        sys.exit(main(Path(name)))
