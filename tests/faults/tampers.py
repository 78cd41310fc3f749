"""Damage 14 files of a finished project, have `merflow verify --remake` name them, and run again.

    python tests/faults/tampers.py [FOLDER OF A FINISHED PROJECT]

The run must end with the bytes of before. Without a folder a project is drawn and run first.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
from project import Project

RUN = "results/runs/quick/x1/seed0"
EDITED = (
    *("results/truth/quick.csv", f"{RUN}/scores.csv", f"{RUN}/pooled.csv", "results/config.yaml"),
    *("results/tables/scores.csv", "results/tables/effects.csv", "results/report.html"),
    *("results/manifest.json", f"{RUN}/casme2-sub01/history.csv"),
)
COPIED = {
    f"{RUN}/casme2-sub01/weights.weights.h5": f"{RUN}/smic-s01/weights.weights.h5",
    "results/grey32/packed/composite/x1.h5": "results/grey32/packed/composite/x10.h5",
    "results/grey32/cropped/smic/s01.h5": "results/grey32/cropped/casme2/sub01.h5",
}
TIMED = ("cost.csv", "cost.md", "report.html")
"""Files with measured times."""


def damage(project: Project) -> int:
    """Change 14 files; return their number."""
    for name in EDITED:
        project.path(name).write_bytes(project.path(name).read_bytes() + b"\n")
    for name, source in COPIED.items():
        project.path(name).write_bytes(project.path(source).read_bytes())
    one = project.path(f"{RUN}/smic-s01/predictions.csv")
    one.write_bytes(one.read_bytes().replace(b"0.", b"0.0", 1))
    fold = project.path("results/folds/quick/casme2-sub01.csv")
    fold.write_bytes(b"".join(fold.read_bytes().splitlines(keepends=True)[:-1]))
    return len(EDITED) + len(COPIED) + 2


def bytes_of(project: Project) -> dict[str, bytes]:
    """Return the files that must be the same after the run."""
    results = project.path("results")
    kinds = [*results.rglob("*.csv"), *results.rglob("*.h5"), *(results / "tables").iterdir()]
    kept = (path for path in kinds if path.name not in TIMED)
    return {path.relative_to(results).as_posix(): path.read_bytes() for path in kept}


def main() -> None:
    """Damage a copy of a project, make it whole, compare."""
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:]:
            project = Project(Path(sys.argv[1])).copy(Path(folder, "copy"))
        else:
            project = Project(Path(folder))
            project.draw()
        project.run()
        before, count = bytes_of(project), damage(project)
        found = project.merflow("verify", "--remake")
        assert f"changed: {count}\n" in found.stdout, found.stdout
        run = project.run()
        after = bytes_of(project)
        differ = [name for name, data in after.items() if before[name] != data]
        gone = sorted(set(before) - set(after))
        left = project.merflow("verify", "--strict")
        jobs = sum(line.startswith("[") for line in run.splitlines())
        print(f"{count} damaged, all named; {jobs} jobs; {len(differ)} files differ: {differ}")
        print(f"absent: {gone}; verify afterwards: exit code {left.returncode}\n{left.stdout}")
        sys.exit(bool(differ) or left.returncode != 0)


if __name__ == "__main__":
    main()
