"""Write demo datasets: once, and later only what differs (`merflow demo`)."""

import contextlib
import importlib
import pkgutil
import shutil
from pathlib import Path
from typing import Any

from merflow.datasets.registry import GENERATED
from merflow.errors import MerflowError, unknown
from merflow.io.files import PARTIAL, digest, safe_join, write_json
from merflow.io.json_file import read_json
from merflow.synthetic import datasets
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.truth import path_of, stamp


def dataset_names() -> list[str]:
    """Return the demo datasets: the modules in `synthetic/datasets/`."""
    return sorted(module.name for module in pkgutil.iter_modules(datasets.__path__))


def demo_dataset(name: str) -> DemoDataset:
    """Return a demo dataset by its name."""
    if name not in dataset_names():
        raise unknown("--dataset", "demo dataset", name, dataset_names())
    return importlib.import_module(f"{datasets.__name__}.{name}").DATASET


def write_dataset(root: Path, name: str, planned: list[DemoClip], frames: bool = True) -> str:
    """Write what differs from the plan; return one line that says what was done.

    frames: draw them; otherwise write the sheets, and an empty file for every frame.
    """
    dataset = demo_dataset(name)
    jobs = dataset.jobs(root, planned)
    mark = digest([stamp(clip) for clip in planned]) if frames else ""
    old = marker_of(root)
    # The content of the sheets may have been edited by hand.
    has_sheets = all((root / sheet).is_file() for sheet in old.get("sheets", []))
    same = old.get("mark") == mark and has_sheets
    if frames and same and all(map(dataset.is_written, jobs)):
        return f"{name}: {len(planned)} clips in {root}, nothing to do"
    wanted = {job.folder: str(path_of(root, job.clip).relative_to(root)) for job in jobs}
    # Until the end the marker owns the old clips as well as the new ones, but is not complete.
    owned = {**old.get("clips", {}), **wanted}
    write_json(root / GENERATED, {"mark": "", "clips": owned, "sheets": []})
    for folder in owned.keys() - wanted.keys():
        _remove(root, folder, owned[folder])

    def report(done: int) -> None:
        if done % 10 == 0:
            print(f"{name}: {done} of {len(jobs)} clips drawn", flush=True)

    written, paths = dataset.write(root, planned, frames, report)
    sheets = [str(path.relative_to(root)) for path in paths]
    write_json(root / GENERATED, {"mark": mark, "clips": wanted, "sheets": sheets})
    if not frames:
        return f"{name}: annotations and empty frames of {len(planned)} clips written to {root}"
    return f"{name}: {len(written)} of {len(planned)} clips written to {root}"


def marker_of(root: Path) -> dict[str, Any]:
    """Read the marker; refuse a folder that holds anything but a demo."""
    if not (root / GENERATED).exists():
        held = [p.name for p in root.iterdir() if PARTIAL not in p.name] if root.exists() else []
        if held:
            raise MerflowError(
                str(root),
                f"is not a demo folder: it holds {sorted(held)[0]} and no {GENERATED}",
                "an empty or new folder, or one that `merflow demo` wrote",
                "choose another folder for the demo; nothing was changed",
            )
        return {}
    return read_json(
        root / GENERATED, fix=f"delete the folder {root}, then run `merflow demo` again"
    )


def _remove(root: Path, folder: str, truth: str) -> None:
    """Remove one clip of an earlier plan, and folders that become empty."""
    frames = safe_join(root, *folder.split("/"))
    known = safe_join(root, *truth.split("/"))
    shutil.rmtree(frames, ignore_errors=True)
    known.unlink(missing_ok=True)
    for parent in (*frames.parents, *known.parents):
        if parent.is_relative_to(root) and parent != root and parent.is_dir():
            with contextlib.suppress(OSError):
                parent.rmdir()
