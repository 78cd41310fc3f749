"""Compare every stage, one fold and the quick demo with the golden digests, to the bit.

`make golden-check` compares, `make golden` writes the golden file after a change that is
meant (raise the stage's version in `stage_table.STAGES` first).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cases import CASES  # first: it fixes the arithmetic level

# isort: split
import digests

from merflow import arithmetic
from merflow.config.fingerprints import STAGE_VERSION
from merflow.io.clip_store import Store
from merflow.io.files import digest, file_digest
from merflow.io.packed import read_packed

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("scores.csv", "scores.md", "scores.tex", "scores.txt", "effects.csv")
"""The workbook is left out: its bytes depend on the system's zlib."""


def quick_demo(folder: Path) -> dict[str, str]:
    """Run the quick demo whole in an empty folder; return a digest of each step, in order."""
    merflow, snakemake = ([sys.executable, "-m", name] for name in ("merflow", "snakemake"))
    demo = ("demo", "data/quick", "--small", "--subjects", "2", "--clips", "3")
    config = ("-s", ROOT / "Snakefile", "--configfile", ROOT / "config" / "quick.yaml")
    for command in (
        [*merflow, *demo],
        [*snakemake, "--cores", "2", "--resources", "gpu=1", *config],
    ):
        done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    results = folder / "results"
    runs = sorted(results.glob("runs/*/x*/seed*"))
    return {
        "aligned": contents(results, "aligned/*/*.h5"),
        "cropped": contents(results, "grey32/cropped/*/*.h5"),
        "interpolated": contents(results, "grey32/interpolated/*/*/*.h5"),
        "packed": digest(
            [digests.sha256(read_packed(p).x) for p in sorted(results.glob("grey32/packed/*/*.h5"))]
        ),
        "weights": digest([facts["weights"] for run in runs for facts in folds_of(run)]),
        "pooled.csv": digest([file_digest(run / "pooled.csv") for run in runs]),
        **{name: file_digest(results / "tables" / name) for name in TABLES},
    }


def contents(results: Path, pattern: str) -> str:
    """Return a digest of the frames in all stores of a stage."""
    found = {}
    for path in sorted(results.glob(pattern)):
        with Store(path) as store:
            found[path.relative_to(results).as_posix()] = store.made_by["content"]
    return digest(found)


def folds_of(run: Path) -> list[dict]:
    """Return the records of a run's folds."""
    return [json.loads(path.read_text()) for path in sorted(run.glob("*/run.json"))]


def made() -> dict[str, dict]:
    """Return what this machine makes: every case's array, and the quick demo's digests."""
    cases = {name: (STAGE_VERSION.get(stage), make()) for name, (stage, make) in CASES.items()}
    with tempfile.TemporaryDirectory() as folder:
        return {"cases": cases, "quick demo": quick_demo(Path(folder))}


def compare() -> int:
    """Print what differs, first things first; return the exit code."""
    kept, found = digests.read(), made()
    lines = []
    for name, (_, array) in found["cases"].items():
        apart = digests.difference(kept["cases"][name], array)
        if apart:
            meant = "as another processor can make it" if apart.small else "a changed stage"
            lines.append(f"  {name}: {apart} ({meant})")
    for name, value in found["quick demo"].items():
        if value != kept["quick demo"][name]:
            lines.append(f"  quick demo, {name}: other bytes")
    if not lines:
        count = len(found["cases"]) + len(found["quick demo"])
        print(f"golden: {count} digests equal to the bit ({where()})")
        return 0
    print("golden: different, in the order of the workflow:", *lines, where(), sep="\n")
    print("a change that is meant: raise STAGE_VERSION, then `make golden`")
    return 1


def where() -> str:
    """Return this machine's level and processor."""
    name, level = arithmetic.processor_name(), arithmetic.processor_level()
    return f"arithmetic {arithmetic.level()}, processor {name} ({level})"


def main() -> int:
    """Compare, or write with `--write`."""
    if arithmetic.level() != "portable":
        print(f"golden: the digests are those of the portable level; here: {where()}")
        return 2
    if sys.argv[1:] != ["--write"]:
        return compare()
    found = made()
    cases = {
        name: {"version": version, **digests.described(array)}
        for name, (version, array) in found["cases"].items()
    }
    digests.write({"cases": cases, "quick demo": found["quick demo"]})
    print(f"{digests.FILE.relative_to(ROOT)}: written on {where()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
