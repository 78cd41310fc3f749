"""`merflow demo`: write the look-alike datasets, once, and again only what differs."""

import contextlib
import importlib
import json
import pkgutil
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from merflow.datasets.registry import GENERATED
from merflow.errors import MerflowError, unknown
from merflow.io.files import PARTIAL, digest, safe_join, write_json
from merflow.synthetic import further, layouts
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.clip_files import Job, is_written
from merflow.synthetic.truth import path_of, stamp


def layout_names() -> list[str]:
    """Return the datasets of the default demo: the modules in `demo/layouts/`."""
    return _modules(layouts)


def further_names() -> list[str]:
    """Return the datasets drawn only when asked for by name: the modules in `demo/further/`."""
    return _modules(further)


def _modules(package: ModuleType) -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def layout(name: str) -> ModuleType:
    """Return a dataset's layout: `plan`, `jobs`, `sheets` and `write`."""
    for package in (layouts, further):
        if name in _modules(package):
            return importlib.import_module(f"{package.__name__}.{name}")
    raise unknown("--dataset", "demo dataset", name, [*layout_names(), *further_names()])


def write_dataset(root: Path, name: str, planned: list[DemoClip]) -> str:
    """Bring one demo dataset to its plan; return one line that says what was done."""
    form = layout(name)
    jobs: list[Job] = form.jobs(root, planned)
    complete = getattr(form, "is_written", is_written)
    mark = digest([stamp(clip) for clip in planned])
    old = _marker(root)
    if old.get("mark") == mark and _sheets_stand(root, old) and all(map(complete, jobs)):
        return f"{name}: {len(planned)} clips in {root}, nothing to do"
    wanted = {job.folder: str(path_of(root, job.clip).relative_to(root)) for job in jobs}
    # Until the end the marker owns the old clips as well as the new ones, but is not complete.
    owned = {**old.get("clips", {}), **wanted}
    write_json(root / GENERATED, {"mark": "", "clips": owned, "sheets": []})
    for folder in owned.keys() - wanted.keys():
        _remove(root, folder, owned[folder])
    written = form.write(root, planned, True, _Counter(name, len(jobs)))
    sheets = [str(path.relative_to(root)) for path in form.sheets(root, planned)]
    write_json(root / GENERATED, {"mark": mark, "clips": wanted, "sheets": sheets})
    return f"{name}: {len(written)} of {len(planned)} clips written to {root}"


class _Counter:
    """Says how far a dataset is, every tenth clip."""

    def __init__(self, name: str, total: int) -> None:
        self.name, self.total, self.count = name, total, 0

    def __call__(self, _: Job) -> None:
        self.count += 1
        if self.count % 10 == 0:
            print(f"{self.name}: {self.count} of {self.total} clips drawn", flush=True)


def _marker(root: Path) -> dict[str, Any]:
    """Read the marker; refuse a folder that holds something else than a demo."""
    try:
        return json.loads((root / GENERATED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        held = [p.name for p in root.iterdir() if PARTIAL not in p.name] if root.exists() else []
        if held:
            raise MerflowError(
                str(root),
                f"is not a demo folder: it holds {sorted(held)[0]} and no {GENERATED}",
                "an empty or new folder, or one that `merflow demo` wrote",
                "choose another folder for the demo; nothing was changed",
            ) from None
        return {}
    except ValueError:
        raise MerflowError(
            str(root / GENERATED),
            "cannot be read",
            "the JSON that `merflow demo` wrote",
            f"delete the folder {root}, then run `merflow demo` again",
        ) from None


def _sheets_stand(root: Path, marker: dict[str, Any]) -> bool:
    """Return whether the sheets are there; what they say may have been edited by hand since."""
    return all((root / name).is_file() for name in marker.get("sheets", []))


def _remove(root: Path, folder: str, truth: str) -> None:
    """Remove one clip of an earlier plan, and the folders that become empty."""
    frames = safe_join(root, *folder.split("/"))
    known = safe_join(root, *truth.split("/"))
    shutil.rmtree(frames, ignore_errors=True)
    known.unlink(missing_ok=True)
    for parent in (*frames.parents, *known.parents):
        if parent.is_relative_to(root) and parent != root and parent.is_dir():
            with contextlib.suppress(OSError):
                parent.rmdir()
