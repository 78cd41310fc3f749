"""Look on the package index for a wheel of every locked package, for each system and Python.

`make platforms`. Nothing is installed: uv resolves the lock as if it ran there, and names the
packages that only a source archive could give. What must be compiled there is what differs from
Linux on x86-64, where the lock is installed and tested. Exit status 1: a system that
docs/platforms.md calls resolved lacks a wheel.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = str(Path(sys.executable).with_name("uv"))
PYTHONS = ("3.11", "3.12", "3.13")
REFERENCE = "Linux x86-64"
SYSTEMS = {
    REFERENCE: ("x86_64-manylinux_2_28", ""),
    "Linux arm64": ("aarch64-manylinux_2_28", ""),
    "macOS 14, Apple silicon": ("aarch64-apple-darwin", "14.0"),
    "macOS 14, Intel": ("x86_64-apple-darwin", "14.0"),
}
"""System -> uv's name of it, and the version of macOS."""
RESOLVED = ("Linux arm64", "macOS 14, Apple silicon")
NO_WHEEL = re.compile(r"Because ([\w.-]+)==\S+ has no (?:usable wheels|wheels with a matching)")


def entries(lock: str) -> dict[str, str]:
    """Return package -> its lines of the lock, hashes included; several versions stay together."""
    found: dict[str, str] = {}
    for entry in re.findall(r"^[\w.-]+==.*(?:\n +--hash.*)*", lock, re.MULTILINE):
        name = entry.partition("==")[0]
        found[name] = f"{found.get(name, '')}{entry}\n"
    return found


def without_wheel(lock: str, python: str, platform: str, macos: str = "") -> list[str]:
    """Return the packages of a lock that have no wheel for a platform."""
    wanted, missing = entries(lock), []
    environment = {**os.environ, **({"MACOSX_DEPLOYMENT_TARGET": macos} if macos else {})}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "lock.txt")
        words = ["--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        words += ["--python-version", python, "--python-platform", platform]
        while True:
            file.write_text("".join(wanted.values()), encoding="utf-8")
            done = subprocess.run(
                [UV, "pip", "install", *words, "--target", f"{folder}/none", "-r", str(file)],
                env=environment, capture_output=True, text=True,
            )  # fmt: skip
            if not done.returncode:
                return missing
            named = NO_WHEEL.search(" ".join(done.stderr.split()))
            if not named or named[1] not in wanted:
                sys.exit(f"{platform}, Python {python}: uv failed\n{done.stderr}")
            missing.append(named[1])
            del wanted[named[1]]


def main() -> int:
    """Print a line for each system and Python; return 1 for a wheel that should be there."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    print(f"{len(entries(lock))} locked packages")
    failed = 0
    for python in PYTHONS:
        usual = without_wheel(lock, python, *SYSTEMS[REFERENCE])
        print(f"Python {python}, {REFERENCE}: source archives only: {', '.join(usual) or 'none'}")
        for system, asked in SYSTEMS.items():
            if system == REFERENCE:
                continue
            lacking = sorted({*without_wheel(lock, python, *asked)} - {*usual})
            print(f"Python {python}, {system}: lacks {', '.join(lacking) or 'nothing'}", flush=True)
            failed |= bool(lacking) and system in RESOLVED
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
