"""`merflow make-manifest`: write the manifest of your own clips from folders or from a list."""

import shlex
import sys
from pathlib import Path

import yaml

from merflow.datasets.clip_list import read_list
from merflow.datasets.elan_manifest import SEGMENT_HEADER, rows_of_annotations
from merflow.datasets.list_manifest import missing_text, rows_of_list
from merflow.datasets.manifest_table import ManifestTable, clip_keys
from merflow.datasets.manifest_writer import HEADER, rows_of, write_manifest
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError, check_number
from merflow.text import plural


def make_manifest(
    *,
    from_class_folders: Path | None = None,
    from_list: Path | None = None,
    frames: Path | None = None,
    form: str = "",
    subjects: Path | None = None,
    out: Path | None = None,
    dataset: str = "",
    fps: float | None = None,
    annotations: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write a manifest for clips in folders named by their class, of a list, or of annotations.

    A manifest that exists keeps its rows and columns: new clips are added to it, and its clips that
    are not in the class folders are named.

    The form of class folders is recognised: class/clip, class/subject_clip, subject/class/clip,
    class/subject/clip or subject/split/class/clip (u_test is read, u_train repeats other subjects).

    Examples:
        merflow make-manifest --from-class-folders ~/clips --subjects who.csv
        merflow make-manifest --from-class-folders ~/clips --dataset pilot --fps 200
        merflow make-manifest --from-class-folders ~/clips --form subject/class/clip --fps 200
        merflow make-manifest --from-list combined_3class_gt.csv --frames ~/faces
        merflow make-manifest --annotations interview.eaf --frames ~/recordings

    Args:
        from_class_folders: Folder with folders named by class, which hold videos, folders of
            frames, or images; folders of subjects and of train and test may stand above or between.
        from_list: List of clips with classes (CSV, XLSX, or a folder of train and test lists).
        frames: Folder below which the clips of the list, or the recordings of annotations, are
            found by name.
        form: Form of the class folders where the tree fits several.
        subjects: Table (CSV or XLSX) with the columns path and subject. Without it and without
            folders of subjects the clips cannot be split by subject, and training on them alone is
            refused.
        out: Manifest to write; default: manifest.csv in the folder.
        dataset: Name of the dataset in the config; default: mine. A list names its datasets.
        fps: Frames per second (Hz) of frame folders; videos have their own. No rate is guessed.
        annotations: ELAN file (.eaf) with the segments of a long recording, which is found by its
            name below --frames, by default beside the file.
        overwrite: Replace a manifest that exists, with the edits and columns in it.
    """
    if fps is not None:
        check_number("--fps", fps, 0, above=True)
    if annotations is not None:
        folder = _recordings_of(
            annotations, frames, from_list, from_class_folders, subjects, form, fps
        )
        rows, notes = rows_of_annotations(folder, annotations, dataset or "mine")
    elif from_list is not None:
        folder = _frames_of(from_list, from_class_folders, frames, subjects, form, dataset)
        listed = read_list(from_list)
        rows, missing = rows_of_list(folder, listed, fps)
        notes = [*listed.notes, *filter(None, [missing_text(missing, listed)])]
    elif from_class_folders is None or frames is not None:
        raise MerflowError(
            "merflow make-manifest",
            "--frames without --from-list" if frames else "no source of clips",
            "--from-class-folders DIR, --from-list LIST --frames DIR, or --annotations FILE",
        )
    else:
        folder = from_class_folders
        ask = _ask if sys.stdin is not None and sys.stdin.isatty() else None
        rows, notes = rows_of(folder, dataset or "mine", subjects, fps, form, ask)
    target = out or folder / "manifest.csv"
    header = SEGMENT_HEADER if annotations else HEADER
    # Annotations are of one recording, and a list may name a part of the clips.
    whole = annotations is None and from_list is None
    table, written = write_manifest(
        target, rows, header, overwrite=overwrite, dataset=dataset, whole=whole
    )
    print("".join(f"{note}\n" for note in [*notes, *written]), end="")
    _print_summary(table, dataset or "mine", folder, target)


def _recordings_of(
    annotations: Path,
    frames: Path | None,
    from_list: Path | None,
    folders: Path | None,
    subjects: Path | None,
    form: str,
    fps: float | None,
) -> Path:
    """Return the folder of annotated recordings; refuse options that annotations do not take."""
    unused = {
        "--from-list": from_list, "--from-class-folders": folders, "--subjects": subjects,
        "--form": form, "--fps": fps,
    }  # fmt: skip
    if given := [name for name, value in unused.items() if value]:
        raise MerflowError(
            given[0], "has no effect with --annotations", fix=f"leave out {given[0]}"
        )
    folder = frames or annotations.absolute().parent
    if not folder.is_dir():
        raise MerflowError("--frames", f"no such folder: {folder}", "the folder of the recordings")
    return folder


def _frames_of(
    listed: Path,
    folders: Path | None,
    frames: Path | None,
    subjects: Path | None,
    form: str,
    dataset: str,
) -> Path:
    """Return the folder of a list's frames; refuse options that a list does not take."""
    unused = {
        "--from-class-folders": folders, "--subjects": subjects, "--form": form,
        "--dataset": dataset,
    }  # fmt: skip
    if given := [name for name, value in unused.items() if value]:
        raise MerflowError(
            given[0],
            "has no effect with --from-list, which names subjects, classes and datasets",
            "--from-list LIST --frames DIR",
            f"leave out {given[0]}",
        )
    if frames is None or not frames.is_dir():
        raise MerflowError(
            f"--from-list {listed}",
            "no folder of frames" if frames is None else f"no such folder: {frames}",
            "--frames DIR, the folder below which the clips are",
        )
    return frames


def _ask(found: str) -> float:
    """Return the frame rate (Hz) that the user types."""
    print(found)
    text = input("Frames per second of these clips (Hz): ").strip()
    try:
        rate = float(text)
    except ValueError:
        rate = float("nan")
    check_number("--fps", rate, 0, above=True)
    return rate


def _print_summary(table: ManifestTable, dataset: str, folder: Path, target: Path) -> None:
    """Print what the manifest holds, how to look at it, and the lines for the config.

    dataset: name of the clips in a manifest that names none.
    """
    subjects = {key[:2] for key in clip_keys(table)}
    counted = f"{plural(len(table.rows), 'clip')} of {plural(len(subjects), 'subject')}"
    print(f"{counted} in {target}")
    if {*table.cells("subject")} == {NO_SUBJECT}:
        print("No subjects are known: these clips can be pretrained on, not split by subject.")
    entry = {"reader": "manifest", "root": str(folder)}
    if target.resolve() != folder.resolve() / "manifest.csv":
        entry["sheet"] = str(target.resolve())
    sheet = f" --sheet {shlex.quote(entry['sheet'])}" if "sheet" in entry else ""
    # Characters of a path can have a meaning in YAML.
    line = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=10_000).strip()
    names = sorted({*table.cells("dataset")} - {""}) or [dataset]
    for name in names:
        given = f"--dataset {name} --reader manifest --root {shlex.quote(str(folder))}{sheet}"
        print(f"See what it holds: merflow check {given}")
    print(f"In the config: datasets: {{{', '.join(f'{name}: {line}' for name in names)}}}")
    rates = zip(table.cells("path"), table.cells("fps"), strict=True)
    if any(not fps and Path(path).suffix == "" for path, fps in rates):
        print("Folders of frames have no frame rate here: add `fps:` to each entry, or give --fps.")
