"""Settings as text: what stands in the workbook, the report and the record."""

import re
from typing import Any

from merflow.config.settings import Settings


def flat_settings(settings: Settings) -> dict[str, str]:
    """Return every setting as `key.path -> value`, without the roots of this machine."""
    flat: dict[str, str] = {}

    def walk(path: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else str(key), inner)
        elif not re.fullmatch(r"datasets\.[^.]+\.(root|sheet)|align\.model", path):
            flat[path] = "" if value is None else str(value)

    walk("", settings.model_dump(mode="json"))
    return flat
