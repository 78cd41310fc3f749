"""`merflow check` in a thread of the studio, one at a time for each dataset."""

import threading
import time
from typing import Any

from merflow.errors import MerflowError
from merflow.studio.project import Project
from merflow.studio.routing import Conflict
from merflow.workflow.dataset_check import check_dataset


class DatasetChecks:
    """The last check of each dataset; a check reads every file and may take minutes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._states: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def state(self, name: str) -> dict[str, Any]:
        """Return the state of a dataset's check and, once done, its facts."""
        with self._lock:
            found = dict(self._states.get(name, {"state": "none"}))
        if found["state"] == "running":
            found["seconds"] = round(time.monotonic() - found.pop("started"), 1)
        return found

    def start(self, name: str) -> dict[str, Any]:
        """Start a check in a thread."""
        with self._lock:
            if self._states.get(name, {}).get("state") == "running":
                raise Conflict(name, "a check of this dataset is running")
            self._states[name] = {"state": "running", "started": time.monotonic()}
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
            self._states[name] = found
