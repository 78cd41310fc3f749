"""`merflow make-manifest`: write the manifest of your own clips from folders named by class."""

import shlex
from pathlib import Path

import yaml

from merflow.datasets.manifest_writer import rows_of, write_manifest
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import check_number
from merflow.text import plural


def make_manifest(
    *,
    from_class_folders: Path,
    subjects: Path | None = None,
    out: Path | None = None,
    dataset: str = "mine",
    fps: float | None = None,
) -> None:
    """Write a manifest for clips in folders named by their class.

    Examples:
        merflow make-manifest --from-class-folders ~/clips --subjects who.csv
        merflow make-manifest --from-class-folders ~/clips --dataset pilot --fps 200

    Args:
        from_class_folders: Folder with one folder per class, which holds videos, folders of frames,
            or images.
        subjects: Table (CSV or XLSX) with the columns path and subject. Without it the clips cannot
            be split by subject, and training on them alone is refused.
        out: Manifest to write; default: manifest.csv in the folder.
        dataset: Name of the dataset in the config.
        fps: Frames per second (Hz) of frame folders; videos have their own.
    """
    if fps is not None:
        check_number("--fps", fps, 0, above=True)
    folder = from_class_folders
    rows = rows_of(folder, dataset, subjects, fps)
    target = out or folder / "manifest.csv"
    write_manifest(target, rows)
    subject_ids = sorted({row[1] for row in rows})
    counted = f"{plural(len(rows), 'clip')} of {plural(len(subject_ids), 'subject')}"
    print(f"{counted} in {target}")
    if subject_ids == [NO_SUBJECT]:
        print("No subjects are known: these clips can be pretrained on, not split by subject.")
    entry = {"reader": "manifest", "root": str(folder)}
    if target.resolve() != folder.resolve() / "manifest.csv":
        entry["sheet"] = str(target.resolve())
    sheet = f" --sheet {shlex.quote(entry['sheet'])}" if "sheet" in entry else ""
    given = f"--dataset {dataset} --reader manifest --root {shlex.quote(str(folder))}{sheet}"
    print(f"See what it holds: merflow check {given}")
    # Characters of a path can have a meaning in YAML.
    line = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=10_000)
    print(f"In the config: datasets: {{{dataset}: {line.strip()}}}")
