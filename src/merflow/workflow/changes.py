"""What differs between what a file was made from and what it would be made from, in words."""

import json
from collections.abc import Mapping
from typing import Any

from merflow.io.records import Made

MOST = 3
"""Most differences that one message names."""
FOLLOWS = {"subjects", "clips", "folds", "runs", "packs", "start", "split"}
"""Parts that differ because an earlier file differs; `split` itself has `folds` of its own."""
WORDS = {
    "frames": "other frames",
    "subjects": "other frames or key frames of {rest}",
    "clips": "other frames or key frames of its clips",
    "rows": "other clips, labels or folds",
    "folds": "fold {rest} is another",
    "runs": "run {rest} is another",
    "packs": "packed file {rest} is another",
    "truth": "other test labels",
    "split": "other test labels",
    "annotation": "another annotation of {rest}",
    "publishable": "other subjects of {rest} may be shown",
    "start": "another pretraining",
    "plan": "another config or dataset",
}


PLAIN = {
    "backbone": "the file of the frozen network is another",
    "network_code": "the network's code is another",
    "settings": "a printed setting is another",
    "version": "this version of merflow computes it otherwise",
}


def changes(before: Made, after: Made) -> str:
    """Return what differs, as text; empty when nothing does."""
    texts = list(dict.fromkeys(_word(*one) for one in _differences(before, after)))
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


def follows(step: str, before: Made, after: Made) -> bool:
    """Return whether all that differs does so because an earlier file does."""
    parts = {name.partition(".")[0] for name, *_ in _differences(before, after)}
    if step == "split":
        return False
    return parts <= FOLLOWS | {"rows"} | (set() if step == "align" else {"frames"})


def _differences(before: Made, after: Made) -> list[tuple[str, Any, Any]]:
    if before == after or before == (after := json.loads(json.dumps(after))):
        return []
    old, new = _flat(before), _flat(after)
    return [
        (name, old.get(name), new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _word(name: str, old: Any, new: Any) -> str:  # noqa: ANN401
    part, _, rest = name.partition(".")
    if part in WORDS:
        return WORDS[part].format(rest=rest)
    if part == "prepared":  # the factor is no part of the setting's name
        rest = rest.partition(".")[2]
    if rest in PLAIN:
        return PLAIN[rest]
    key = rest if part in ("recipe", "prepared") else name.removeprefix("key_frames.")
    return f"{key} {_shown(new)}, was {_shown(old)}"


def _shown(value: Any) -> str:  # noqa: ANN401
    return "none" if value in (None, "", {}) else str(value)


def _flat(value: Any, name: str = "") -> Mapping[str, Any]:  # noqa: ANN401
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{name}.{key}" if name else key)
        return found
    return {name: value}
