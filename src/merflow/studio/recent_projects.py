"""The projects opened last: their paths, newest first, in a file of this user.

The file is `merflow/recent.json` in the user's folder of states: `$XDG_STATE_HOME`, by default
`~/.local/state`. It holds paths and nothing else.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import write_json

LIMIT = 20
"""Most projects kept."""
MAX_BYTES = 1 << 20


def state_file() -> Path:
    """Return the path of the list."""
    given = os.environ.get("XDG_STATE_HOME", "")
    # The convention says that a relative path is to be ignored.
    folder = Path(given) if os.path.isabs(given) else Path.home() / ".local/state"
    return folder / "merflow/recent.json"


def recent() -> list[str]:
    """Return the paths of the projects opened last, newest first; an unreadable list is empty."""
    path = state_file()
    try:
        if path.stat().st_size > MAX_BYTES:
            return []
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    listed = found.get("projects") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        return []
    good = [one for one in listed if isinstance(one, str) and os.path.isabs(one)]
    return list(dict.fromkeys(good))[:LIMIT]


def remember(project: Path) -> None:
    """Put a project first in the list. A list that cannot be written is no reason to stop."""
    with contextlib.suppress(MerflowError, OSError):
        _write(lambda listed: [str(project), *(one for one in listed if one != str(project))])


def forget(project: str) -> None:
    """Remove a project from the list; its folder stays."""
    _write(lambda listed: [one for one in listed if one != project])


def _write(change: Callable[[list[str]], list[str]]) -> None:
    with folder_lock(state_file().parent):
        write_json(state_file(), {"projects": change(recent())[:LIMIT]})
