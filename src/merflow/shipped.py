"""Files that come with merflow beside its Python code, such as the workflow and the known errata.

In a source tree they lie at its root; in an installed package, in its folder `shipped`, with the
same names (`setup.py` copies them there).
"""

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as `Snakefile` or `config/errata`."""
    tree = PACKAGE.parents[1]
    root = tree if (tree / "Snakefile").is_file() else PACKAGE / "shipped"
    return root / name
