"""Versions of libraries and the arithmetic level, as manifests record them."""

import os
import platform
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from merflow import __version__, arithmetic

STAGES = ("numpy", "opencv-python", "dlib-bin", "h5py")
"""Packages with an effect on the output of a stage, by arithmetic or file format."""
TRAINING = ("numpy", "keras", "tensorflow", "scikit-learn", "scipy")
WORKFLOW = ("snakemake", *STAGES, "keras", "tensorflow", "scikit-learn")
"""Packages that the manifest and the report name."""
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
"""Keras' backends: the package of each."""


SAME = {"opencv-python": ("opencv-contrib-python", "opencv-python-headless")}
"""Packages that hold the same library: the first of them that is installed is meant."""


@cache
def version_of(package: str) -> str:
    """Return an installed package's version, or `not installed`."""
    for name in (package, *SAME.get(package, ())):
        if found := _listed_version(name):
            return found
    from importlib.metadata import PackageNotFoundError, version  # costs a job of a stage 30 ms

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _listed_version(package: str) -> str:
    """Return the version that a package's folder `<name>-<version>.dist-info` states; else ""."""
    start = f"{package.replace('-', '_')}-"
    for folder in map(Path, sys.path):
        names = _names(folder)
        for name in (n for n in names if n.startswith(start) and n.endswith(".dist-info")):
            try:
                text = (folder / name / "METADATA").read_text(encoding="utf-8")
            except OSError:
                return ""
            found = re.search(r"^Version: (\S+)$", text, re.MULTILINE)
            return found[1] if found else ""
    return ""


@cache
def _names(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(os.listdir(folder))
    except OSError:
        return ()


def stage_record(*before: str) -> dict[str, Any]:
    """Return the record of a stage: version, arithmetic levels, libraries.

    before: the levels recorded for its inputs.
    """
    return _record(before, {name: version_of(name) for name in STAGES})


def training_record(backend: str, *before: str) -> dict[str, Any]:
    """Return the record of a training: that of a stage, with Python and the C library."""
    names = {*TRAINING} - {*BACKENDS.values()} | {BACKENDS.get(backend, "tensorflow")}
    system = {"python": platform.python_version(), "libc": " ".join(platform.libc_ver()).strip()}
    return _record(before, {**{name: version_of(name) for name in sorted(names)}, **system})


def _record(before: tuple[str, ...], libraries: dict[str, str]) -> dict[str, Any]:
    levels = arithmetic.together(arithmetic.level(), *before)
    return {"merflow": __version__, "arithmetic": levels, "libraries": libraries}
