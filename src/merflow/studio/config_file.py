"""The project's config as a file that the page edits: its version, a checked and atomic save."""

from collections.abc import Callable, Sequence
from typing import Any

from merflow.config.edit import Change, Rename, edit_config
from merflow.config.loading import read_yaml
from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import digest, write_text
from merflow.studio.project import Project
from merflow.studio.routing import Conflict


def config_text(project: Project) -> str:
    """Return the text of the project's config."""
    read_yaml(project.config)  # Refuses a file that is too large or is no YAML.
    return project.config.read_bytes().decode()


def version(project: Project) -> str:
    """Return what names the present content of the config and of `config/local.yaml`."""
    files = (project.config, project.root / "config/local.yaml")
    return digest([file.read_text("utf-8") if file.is_file() else "" for file in files])[:16]


def edited(project: Project, changes: Sequence[Change]) -> str:
    """Return the config's text after changes; refuse one of a value that has no effect."""
    local = project.root / "config/local.yaml"
    over = read_yaml(local) if local.is_file() else {}
    for change in changes:
        _refuse_overridden(over, change, project.config.name)
    return edit_config(config_text(project), changes)


def save(
    project: Project,
    changes: Sequence[Change],
    before: object,
    check: Callable[[str], None],
) -> str:
    """Write changes to the config and return its new version; comments and order are kept.

    before: the version that the page read; another one is refused. check: called with the new text,
    to refuse it where it is not valid. The lock makes reading, comparing and writing one step, also
    between two studios.
    """
    with folder_lock(project.below("config")):
        if before != version(project):
            raise Conflict(
                project.config.name,
                "changed elsewhere since this page read it",
                fix="load the file again; nothing was saved",
            )
        text = edited(project, changes)
        check(text)
        path = project.below(*project.config.relative_to(project.root).parts)
        write_text(path, text)
    return version(project)


def _refuse_overridden(over: dict[str, Any], change: Change, config: str) -> None:
    """Refuse a change without effect: of a value that `config/local.yaml` replaces."""
    found: Any = over
    for part in change.where:
        if not isinstance(found, dict) or part not in found:
            return
        found = found[part]
    what = "renamed" if isinstance(change, Rename) else "changed"
    raise MerflowError(
        ".".join(change.where),
        f"is set in config/local.yaml, which replaces values of {config}",
        fix=f"remove it from config/local.yaml; then it can be {what} here",
    )
