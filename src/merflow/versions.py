"""Versions of what computes, as records keep them."""

import platform
from functools import cache

STAGES = ("numpy", "opencv-python", "dlib-bin", "h5py")
"""Packages whose arithmetic or file format a stage's output depends on."""
TRAINING = ("numpy", "keras", "tensorflow", "scikit-learn", "scipy")
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
"""Keras' backends: the package of each."""


@cache
def version_of(package: str) -> str:
    """Return an installed package's version, or `not installed`."""
    from importlib.metadata import PackageNotFoundError, version  # light commands go without

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def of_stages() -> dict[str, str]:
    """Return the versions that a stage's record keeps; the lock file fixes all of them."""
    return {name: version_of(name) for name in STAGES}


def of_training(backend: str = "") -> dict[str, str]:
    """Return the versions that a fold's record keeps: its libraries, Python, the C library."""
    names = {*TRAINING} - {*BACKENDS.values()} | {BACKENDS.get(backend, "tensorflow")}
    system = {"python": platform.python_version(), "libc": " ".join(platform.libc_ver()).strip()}
    return {**{name: version_of(name) for name in sorted(names)}, **system}
