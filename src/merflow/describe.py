"""What stands under and beside the tables: protocol lines, and every setting as text."""

import re
from typing import Any

from merflow.plan import Plan


def protocol_lines(plan: Plan) -> dict[str, str]:
    """Return, for each experiment, the line under a table that says how it was made."""
    return {name: _protocol_line(plan, name) for name in plan.experiments}


def _protocol_line(plan: Plan, name: str) -> str:
    entry = plan.experiment(name)
    chosen = plan.settings.preparations[entry.preparation]
    what = entry.network if entry.method == "keras" else entry.method
    stop = f"{entry.training.epochs} epochs"
    if entry.training.stopping == "inner":
        stop = f"epochs chosen on inner folds (at most {entry.training.epochs})"
    parts = [
        f"{name}: {what}",
        f"datasets {', '.join(plan.members(name))}",
        f"scheme {entry.scheme}",
        f"protocol {entry.protocol}",
        f"magnified by {chosen.magnify.method}",
        f"{stop}, fixed before testing",
        f"seeds {', '.join(map(str, entry.seeds))}",
    ]
    if chosen.kind == "flow" and chosen.flow.scale == "clip":
        parts.append("flow scaled per clip")
    if entry.control != "none":
        parts.append(f"negative control: {entry.control}")
    if entry.permute_labels is not None:
        parts.append("labels permuted across subjects: should score as a guess")
    return "; ".join(parts)


def flat_settings(plan: Plan) -> dict[str, str]:
    """Return every setting as `key.path -> value`, without the roots of this machine."""
    flat: dict[str, str] = {}

    def walk(path: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else str(key), inner)
        elif not re.fullmatch(r"datasets\.[^.]+\.(root|sheet)|align\.model", path):
            flat[path] = "" if value is None else str(value)

    walk("", plan.settings.model_dump(mode="json"))
    return flat
