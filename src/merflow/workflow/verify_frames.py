"""Compare raw frames with the checksums that align and pack recorded."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from merflow import paths
from merflow.datasets.frame_contents import ABSENT
from merflow.io.files import file_digest
from merflow.text import plural
from merflow.workflow.verified import Fault, Verified

FIX = (
    "restore it, or call `merflow verify --remake`, then `merflow run`, which makes again what "
    "depends on it"
)
ROOT_FIX = "mount or copy the dataset, or correct its root; without it no frame can be compared"


FrameSums = Mapping[str, Mapping[str, str]]
"""Clip -> file -> SHA-256."""


def frame_faults(results: Path, sums: Mapping[tuple[str, str], FrameSums], found: Verified) -> None:
    """Add to `found` what the raw frames differ in; sums: of each (dataset, subject)."""
    roots = _roots(results)
    for dataset in dict.fromkeys(dataset for dataset, _ in sums):
        subjects = [subject for name, subject in sums if name == dataset]
        folders = _folders(results, dataset, roots.get(dataset, ""))
        there = [folder for folder in folders.values() if folder.is_dir()]
        if folders and not there:
            root = roots.get(dataset) or os.path.commonpath(folders.values())
            what = f"no frame of {dataset} is there: {plural(len(subjects), 'subject')} not checked"
            found.faults.append(Fault(str(root), "missing", what, "", ROOT_FIX))
            continue
        for subject in subjects:
            _compare(sums[dataset, subject], (dataset, subject), folders, found)


def read_sums_of(path: Path) -> FrameSums:
    """Return the sums of a subject from its file below results/frames; empty for a damaged one."""
    found = _json(path)
    return found if isinstance(found, dict) else {}


def _compare(
    sums: FrameSums,
    owner: tuple[str, str],
    folders: Mapping[tuple[str, str], Path],
    found: Verified,
) -> None:
    """Compare the frames of one subject."""
    dataset, subject = owner
    rows = [
        (folders[subject, clip] / name, expected)
        for clip, files in sums.items()
        if (subject, clip) in folders
        for name, expected in files.items()
    ]
    if left := [clip for clip in sums if (subject, clip) not in folders]:
        many = plural(len(left), "clip")
        found.notes.append(f"{many} of {dataset}/{subject} not in the catalogue: frames not read")
    index = paths.FRAME_INDEX.format(dataset=dataset, subject=subject)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        now = pool.map(_checksum, [file for file, _ in rows])
    for (file, expected), checksum in zip(rows, now, strict=True):
        if checksum == expected:
            found.frames += checksum != ABSENT
            continue
        missing = checksum == ABSENT
        what = "no such file" if missing else "other bytes than align read"
        state = "missing" if missing else "changed"
        # Its notes must go: they hide a change that kept size and time from the next plan.
        found.faults.append(Fault(str(file), state, what, "", FIX, (index,)))


def _checksum(file: Path) -> str:
    try:
        return file_digest(file)
    except OSError:
        return ABSENT


def _folders(results: Path, dataset: str, root: str) -> dict[tuple[str, str], Path]:
    """Return (subject, clip) -> folder of its frames, from the catalogue.

    The catalogue has absolute paths. Of a copied project, a root below it counts first.
    """
    place = results / paths.CATALOGUE.format(dataset=dataset).removeprefix(f"{paths.RESULTS}/")
    found = {}
    rows = _json(place)
    for row in rows if isinstance(rows, list) else []:
        try:
            _, subject, clip = row["key"]
            found[subject, clip] = _here(str(row["folder"]), root, results.parent)
        except (TypeError, KeyError, ValueError):
            continue  # A changed catalogue is a fault of its own.
    return found


def _here(folder: str, root: str, project: Path) -> Path:
    _, inside, rest = (
        folder.rpartition(f"/{root}/") if root and not os.path.isabs(root) else ("",) * 3
    )
    copied = project / root / rest
    return copied if inside and copied.is_dir() else Path(folder)


def _roots(results: Path) -> dict[str, str]:
    """Return dataset -> root as in the config of the run; empty where it cannot be read."""
    try:
        text = (results / Path(paths.CONFIG).name).read_text(encoding="utf-8")
        datasets = yaml.safe_load(text)["datasets"]
        return {name: str(entry["root"]).rstrip("/") for name, entry in datasets.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        return {}


def _json(path: Path) -> Any:  # noqa: ANN401
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
