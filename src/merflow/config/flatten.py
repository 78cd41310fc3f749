"""Settings as flat text: for the workbook, the report and the run manifest."""

import re
from typing import TYPE_CHECKING, Any

from merflow.io.files import digest

if TYPE_CHECKING:
    from merflow.config.settings import Settings


ADDED = (("contract", "1"), ("flow.method", "merflow"))
"""Keys added since results were first kept, with their defaults, which leave the digest as it was:
no table is made again for a key that changes nothing."""


def flat_settings(settings: "Settings") -> dict[str, str]:
    """Return every setting as `key.path -> value`, without the dataset roots of this machine."""
    return _flat(_dump(settings))


def settings_digest(settings: "Settings") -> str:
    """Return a digest of all settings; keys that were renamed keep their earlier form in it.

    `max_unlabelled` is no part of it: it only stops a run; nor is `publishable`, which the report
    depends on by itself.
    """
    dump = _dump(settings)
    dump.pop("max_unlabelled")
    for entry in dump["datasets"].values():
        entry.pop("publishable", None)
    for name, preparation in settings.preparations.items():
        dump["preparations"][name]["magnify"] = preparation.magnify.fingerprint()
    flat = _flat(dump)
    return digest({path: v for path, v in flat.items() if not _is_added(path, v)})


def _is_added(path: str, value: str) -> bool:
    return any(path.endswith(f".{key}") and value == default for key, default in ADDED)


def _dump(settings: "Settings") -> dict[str, Any]:
    """Return what results depend on: not how folds are shared out among processes."""
    every = {"__all__": {"grid", "from_grid"}}
    return settings.model_dump(mode="json", exclude={"experiments": every, "folds_per_job": True})


def _flat(dump: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}

    def walk(path: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else str(key), inner)
        elif not re.fullmatch(r"datasets\.[^.]+\.(root|sheet|clips)|align\.model", path):
            flat[path] = "" if value is None else str(value)

    walk("", dump)
    return flat
