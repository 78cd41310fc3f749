"""Check that every fold trains on every class."""

from collections.abc import Sequence

import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.fold import Fold, numbered
from merflow.evaluation.protocols import REMEDIES, class_counts


def assert_learnable(
    keys: Sequence[ClipKey],
    labels: Sequence[str],
    made: Sequence[Fold],
    classes: Sequence[str],
    protocol: str = "",
) -> None:
    """Raise unless every fold has training clips of every class."""
    lacking: list[tuple[Fold, str]] = []
    names, held = numbered(labels)
    for fold, counts in class_counts(held, made):
        trained = {names[i] for i in np.flatnonzero(counts).tolist()}
        lacking += [(fold, name) for name in classes if name not in trained]
    if not lacking:
        return
    fold, name = lacking[0]
    others = len({f.name for f, _ in lacking}) - 1
    raise MerflowError(
        f"fold {fold.name}",
        f"no training clip of class '{name}'; {_owners_of(keys, labels, fold, name)}"
        + (f" ({others} more fold{'s lack' if others > 1 else ' lacks'} a class)" * bool(others)),
        f"at least one of each of {', '.join(classes)}",
        "a scheme without this class (another, or your own under `schemes`), or "
        + REMEDIES.get(protocol, "clips of it from other subjects"),
    )


def _owners_of(keys: Sequence[ClipKey], labels: Sequence[str], fold: Fold, name: str) -> str:
    owners = sorted({k.subject_key for k, c in zip(keys, labels, strict=True) if c == name})
    if not owners:
        return "no clip of these datasets has it"
    shown = ", ".join("/".join(owner) for owner in owners[:3]) + ", ..." * (len(owners) > 3)
    tested = set(owners) <= {keys[i].subject_key for i in fold.test}
    verb = "has" if len(owners) == 1 else "have"
    return f"only {shown} {verb} it, {'tested' if tested else 'not trained on'} here"
