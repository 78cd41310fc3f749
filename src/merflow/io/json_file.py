"""Read a JSON file of merflow; refuse one that is damaged, cut, or of another shape."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError
from merflow.io import records
from merflow.text import is_text

AGAIN = "if merflow made it, delete it and run again"
NAMES = {dict: "an object", list: "a list"}


def read_json(
    path: Path | str, kind: type = dict, needed: Sequence[str] = (), *,
    missing: str = "no such file", fix: str = AGAIN,
) -> Any:  # noqa: ANN401  # fmt: skip
    """Return the content of a JSON file.

    kind: dict or list, what it must be; needed: keys that a dict must have; missing, fix: what to
    say of a file that does not exist, and what to do. A file below results/ must be as the job that
    wrote it left it (`io.records`).
    """
    try:
        if Path(path).exists():
            records.check(path)
        text = Path(path).read_text(encoding="utf-8")
        value = json.loads(text)
    except FileNotFoundError:
        raise MerflowError(str(path), missing, fix=fix) from None
    except OSError as error:
        found = error.strerror or str(error)
        raise MerflowError(str(path), found, f"JSON, {NAMES[kind]}", fix) from None
    except (ValueError, RecursionError) as error:
        found = f"not readable ({error})"
        raise MerflowError(str(path), found, f"JSON, {NAMES[kind]}", fix) from None
    if not isinstance(value, kind):
        raise MerflowError(str(path), f"a JSON {type(value).__name__}", NAMES[kind], fix)
    if absent := [key for key in needed if key not in value]:
        raise MerflowError(str(path), f"no key '{absent[0]}'", ", ".join(needed), fix)
    if "\\u" in text and not is_text(json.dumps(value, ensure_ascii=False)):
        raise MerflowError(str(path), "half a UTF-16 pair", "Unicode text", fix)
    return value
