"""Routes of the Datasets view: what the config names, what is prepared, what `check` finds."""

import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from merflow.clip import Clip
from merflow.datasets.registry import names
from merflow.errors import MerflowError
from merflow.studio.dataset_roots import choose, folders
from merflow.studio.project import Project
from merflow.studio.responses import Clash, Missing, answer, only_keys
from merflow.workflow.dataset_check import check_dataset


class Checks:
    """The last check of each dataset; a check looks at every file and may take minutes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._found: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def state(self, name: str) -> dict[str, Any]:
        """Return the state of a dataset's check and, once done, its facts."""
        with self._lock:
            found = dict(self._found.get(name, {"state": "none"}))
        if found["state"] == "running":
            found["seconds"] = round(time.monotonic() - found.pop("begun"), 1)
        return found

    def start(self, name: str) -> dict[str, Any]:
        """Begin a check in a thread of its own."""
        with self._lock:
            if self._found.get(name, {}).get("state") == "running":
                raise Clash(name, "is being checked")
            self._found[name] = {"state": "running", "begun": time.monotonic()}
        threading.Thread(target=self._run, args=(name,), daemon=True).start()
        return self.state(name)

    def _run(self, name: str) -> None:
        try:
            settings = self.project.settings()
            facts = check_dataset(name, settings.datasets[name], settings)
            found = {"state": "done", "facts": facts}
        except MerflowError as error:
            found = {"state": "failed", "found": str(error)}
        except Exception as error:
            found = {"state": "failed", "found": f"{type(error).__name__}: {error}"}
        with self._lock:
            self._found[name] = found


def routes(project: Project) -> list[Route]:
    """Return the routes."""
    checks = Checks(project)

    def listing(request: Request) -> dict[str, Any]:
        settings = project.settings()
        used = set(project.plan().data.datasets())
        return {
            "config": project.config.relative_to(project.root).as_posix(),
            "readers": [name for name in names() if name not in settings.datasets],
            "datasets": [_facts(project, name, name in used) for name in settings.datasets],
        }

    def state(request: Request) -> dict[str, Any]:
        return checks.state(known(request))

    def start(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ())
        return checks.start(known(request))

    def look(request: Request) -> dict[str, Any]:
        return folders(project, request.query_params.get("at", ""))

    def root(request: Request, given: dict[str, Any]) -> dict[str, Any]:
        only_keys(given, ("root",))
        file = choose(project, request.path_params["dataset"], given.get("root"))
        return {"file": file}

    def known(request: Request) -> str:
        name = request.path_params["dataset"]
        if name not in project.settings().datasets:
            raise Missing("request", f"no dataset {name[:80]!r} in {project.config.name}")
        return name

    at = "/api/datasets/{dataset}/check"
    return [
        Route("/api/datasets", answer(listing)),
        Route("/api/folders", answer(look)),
        Route("/api/datasets/{dataset}/root", answer(root), methods=["POST"]),
        Route(at, answer(state)),
        Route(at + "/start", answer(start), methods=["POST"]),
    ]


def _facts(project: Project, name: str, used: bool) -> dict[str, Any]:
    settings = project.settings()
    entry = settings.datasets[name]
    clips, fault = [], ""
    try:
        clips = project.clips(name)
    except MerflowError as error:
        fault = str(error)
    return {
        "name": name,
        "root": entry.root,
        "there": (project.root / Path(entry.root)).is_dir(),
        "used": used,
        "clips": len(clips),
        "fault": fault,
        "emotions": sorted({clip.emotion for clip in clips}),
        "subjects": _counts(clips),
        "prepared": {
            preparation: len(
                list(project.below("results", preparation, "cropped", name).glob("*.h5"))
            )
            for preparation in settings.preparations
        },
    }


def _counts(clips: list[Clip]) -> dict[str, dict[str, int]]:
    """Return subject -> emotion -> clips."""
    found: dict[str, Counter] = defaultdict(Counter)
    for clip in clips:
        found[clip.key.subject][clip.emotion] += 1
    return {subject: dict(sorted(found[subject].items())) for subject in sorted(found)}
