"""The choice of a dataset's root: a folder that may be browsed, written to config/local.yaml."""

from pathlib import Path

from merflow.datasets.registry import names
from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import write_text
from merflow.studio.browse import Browse
from merflow.studio.dataset_config import edits, root_text
from merflow.studio.project import Project
from merflow.studio.routing import Conflict, Missing


def root_folder(project: Project, browse: Browse, path: object) -> Path:
    """Return a folder; a relative path lies below the project's root, an absolute one anywhere.

    Anywhere is: below a folder that may be browsed.
    """
    if not isinstance(path, str) or not path:
        raise MerflowError("request: root", "no path", "a folder")
    if path.startswith("/"):
        return browse.folder(path, "request: root")
    place = project.below(*path.split("/"))
    if not place.is_dir():
        raise Missing("request: root", f"no folder {path[:80]!r} below the project's")
    return place


def choose(project: Project, browse: Browse, name: object, path: object, before: object) -> str:
    """Set a dataset's root in config/local.yaml, and add a dataset that the config lacks.

    before: the root that the page showed, None for a dataset that the config lacked. Everything
    else in that file stays. A root in the project is written relative to it. Returns the file's
    path from the project's root.
    """
    with folder_lock(project.below("config")):
        return _choose(project, browse, name, path, before)


def _choose(project: Project, browse: Browse, name: object, path: object, before: object) -> str:
    settings = project.settings()
    known = {*settings.datasets, *names()}
    if not isinstance(name, str) or name not in known:
        raise Missing("request: dataset", f"no dataset {str(name)[:80]!r}")
    wanted = root_text(project, root_folder(project, browse, path))
    now = settings.datasets[name].root if name in settings.datasets else None
    if before != now:
        raise Conflict(
            f"root of {name}",
            f"changed elsewhere: the config has {now or 'none'}, this page wants {wanted}",
            fix="choose one of the two; nothing was saved",
            versions={"file": now, "page": wanted},
        )
    local = project.below("config", "local.yaml")
    for file, text in edits(project, {local: {("datasets", name, "root"): wanted}}).items():
        write_text(file, text)
    return local.relative_to(project.root).as_posix()
