"""`merflow demo`: write the look-alike datasets, once, and again only what differs."""

import importlib
import json
import pkgutil
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from merflow.demo import layouts
from merflow.demo.clip import DemoClip, Difficulty
from merflow.demo.truth import path_of, stamp
from merflow.demo.writing import Job, is_written
from merflow.errors import MerflowError, unknown
from merflow.files import PARTIAL, digest, file_digest, write_json

MARKER = "demo.json"


def layout_names() -> list[str]:
    """Return the datasets the demo can write: the modules in `demo/layouts/`."""
    return sorted(module.name for module in pkgutil.iter_modules(layouts.__path__))


def layout(name: str) -> ModuleType:
    """Return a dataset's layout: `plan`, `jobs`, `sheets` and `write`."""
    if name not in layout_names():
        raise unknown("--dataset", "demo dataset", name, layout_names())
    return importlib.import_module(f"{layouts.__name__}.{name}")


def demo(
    out: Path = Path("data/demo"),
    *,
    dataset: str = "",
    subjects: int = 3,
    clips: int = 6,
    seed: int = 1,
    small: bool = False,
    amplitude: tuple[float, float] | None = None,
    noise: float | None = None,
) -> None:
    """Write generated faces as SMIC, CASME II and SAMM reach their users.

    The true movement and the true landmarks lie beside the frames, in `truth/`. A second call
    with the same options writes nothing; another option rewrites the clips it changes.

    Parameters
    ----------
    out
        Folder that gets one folder a dataset.
    dataset
        Only this dataset; empty: all of them.
    subjects
        Subjects of each dataset.
    clips
        Clips of each subject, at least 3 so that every class is there.
    seed
        Other seed, other people and movements; the same seed, the same bytes.
    small
        Half-size frames and half as many: for tests.
    amplitude
        Least and largest peak displacement of an expression (px at 640x480).
    noise
        Standard deviation of the sensor noise (grey levels).

    Examples
    --------
    merflow demo
    merflow demo /tmp/faces --dataset casme2 --subjects 2 --seed 7
    """
    names = [dataset] if dataset else layout_names()
    for name in names:
        layout(name)
    _check(subjects, clips)
    hard = Difficulty()
    if amplitude is not None:
        hard = replace(hard, amplitude_px=(float(amplitude[0]), float(amplitude[1])))
    if noise is not None:
        hard = replace(hard, noise=float(noise))
    for name in names:
        planned = layout(name).plan(subjects, clips, seed, hard, small)
        print(write_dataset(Path(out) / name, name, planned), flush=True)


def _check(subjects: int, clips: int) -> None:
    if subjects < 1:
        raise MerflowError("--subjects", f"{subjects}", "1 or more")
    if clips < 3:
        raise MerflowError("--clips", f"{clips}", "3 or more: one clip of each class")


def write_dataset(root: Path, name: str, planned: list[DemoClip]) -> str:
    """Bring one demo dataset to its plan; return one line that says what was done."""
    form = layout(name)
    jobs: list[Job] = form.jobs(root, planned)
    mark = digest([stamp(clip) for clip in planned])
    old = _marker(root)
    if old.get("mark") == mark and _sheets_stand(root, old) and all(map(is_written, jobs)):
        return f"{name}: {len(planned)} clips in {root}, nothing to do"
    wanted = {job.folder: str(path_of(root, job.clip).relative_to(root)) for job in jobs}
    # Until the end the marker owns the old clips as well as the new ones, but is not complete.
    owned = {**old.get("clips", {}), **wanted}
    write_json(root / MARKER, {"mark": "", "clips": owned, "sheets": {}})
    for folder in owned.keys() - wanted.keys():
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / owned[folder]).unlink(missing_ok=True)
        _remove_empty(root, (root / folder).parent)
        _remove_empty(root, (root / owned[folder]).parent)
    written = form.write(root, planned, True, _Counter(name, len(jobs)))
    sheets = {str(p.relative_to(root)): file_digest(p) for p in form.sheets(root, planned)}
    write_json(root / MARKER, {"mark": mark, "clips": wanted, "sheets": sheets})
    return f"{name}: {len(written)} of {len(planned)} clips written to {root}"


class _Counter:
    """Says how far a dataset is, every tenth clip."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.count = name, total, 0

    def __call__(self, _: Job) -> None:
        self.count += 1
        if self.count % 10 == 0:
            print(f"{self.name}: {self.count} clips drawn", flush=True)


def _marker(root: Path) -> dict[str, Any]:
    """Read the marker; refuse a folder that holds something else than a demo."""
    try:
        return json.loads((root / MARKER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        held = [p.name for p in root.iterdir() if PARTIAL not in p.name] if root.exists() else []
        if held:
            raise MerflowError(
                str(root),
                f"is not a demo folder: it holds {sorted(held)[0]} and no {MARKER}",
                "an empty or new folder, or one that `merflow demo` wrote",
                "choose another folder for the demo; nothing was changed",
            ) from None
        return {}
    except ValueError:
        raise MerflowError(
            str(root / MARKER),
            "cannot be read",
            "the JSON that `merflow demo` wrote",
            f"delete the folder {root}, then run `merflow demo` again",
        ) from None


def _sheets_stand(root: Path, marker: dict[str, Any]) -> bool:
    return all(
        (root / name).is_file() and file_digest(root / name) == known
        for name, known in marker.get("sheets", {}).items()
    )


def _remove_empty(root: Path, folder: Path) -> None:
    """Remove folders that became empty, up to the root."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
