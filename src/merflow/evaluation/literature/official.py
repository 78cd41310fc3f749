"""Published results beside a table of the official 442 clips."""

from pathlib import Path

from merflow import paths
from merflow.datasets.official_composite import CLIPS, DIGEST, SUBJECTS
from merflow.evaluation.literature.results import Result, published, read_results

PARTS = ("full", "smic", "casme2", "samm")
COMPOSITE = "MEGC2019 composite"
"""Name of the sample list of the official clips."""
COMPOSITE_PROTOCOL = "composite LOSO (CDE)"
POOLED = "UF1 and UAR, pooled"
SHORT = 12
"""Digits of a list's digest."""


def is_official(scheme: str, clips: int, subjects: int) -> bool:
    """Return whether a table is of the official clips: the scheme refuses any other set of ids."""
    return scheme == "megc2019" and (clips, subjects) == (CLIPS, SUBJECTS)


def official_digest() -> str:
    """Return the short digest of the official clips."""
    return DIGEST[:SHORT]


def official_results(own: Path = Path(paths.LITERATURE)) -> list[Result]:
    """Return the results on the official clips: ranked ones first, the best first.

    own: results that `merflow record` wrote, which join where the file exists.
    """
    known = [*published(), *(read_results(own) if own.is_file() else ())]
    chosen = [
        result
        for result in known
        if result.facts.sample_list == COMPOSITE
        and result.facts.task == "emotion"
        and any(score.part in PARTS for score in result.scores)
    ]
    return sorted(chosen, key=lambda result: (bool(result.unranked), -_full(result)))


def _full(result: Result) -> float:
    """Return UF1 of all clips; -1 where it is not given."""
    values = [score.uf1 for score in result.scores if score.part == "full"]
    return values[0] if values and values[0] is not None else -1.0


def footnote(result: Result) -> str:
    """Return the note about a result below the table: choices on the test first."""
    facts = result.facts
    words = [
        f"{what} chosen on the test: {getattr(facts, f'{name}_place')}"
        for name, what in (("epoch", "epochs"), ("settings", "settings"))
        if getattr(facts, name) == "test"
    ]
    words += [facts.remark] if facts.remark else []
    return f"{facts.method}: {'; '.join(words)}." if words else ""
