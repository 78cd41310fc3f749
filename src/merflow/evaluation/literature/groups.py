"""Comparable groups of results: same task, clips, folds and score; the ranked part of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from merflow.errors import MerflowError
from merflow.evaluation.literature.columns import TASKS
from merflow.evaluation.literature.results import Result

MAIN = {"emotion": ("uf1", "acc"), "action_units": ("f1",), "spotting": ("f1",), "str": ("strs",)}
"""Scores that a group is ranked by, the first one that its rows have."""
WITH_PARTS = ("emotion", "action_units")
"""Tasks that show the parts of a result beside each other; the others have a group for each."""


class Key(NamedTuple):
    """What makes results comparable. part: empty where parts stand beside each other."""

    task: str
    sample_list: str
    protocol: str
    metric: str
    part: str


@dataclass
class Group:
    """Results that can be compared; ranked: best first; apart: those that may not be ranked."""

    key: Key
    ranked: list[tuple[Result, dict[str, Any]]] = field(default_factory=list)
    apart: list[tuple[Result, dict[str, Any], str]] = field(default_factory=list)

    @property
    def rows(self) -> list[tuple[Result, dict[str, Any]]]:
        """All results with their scores by part, the ranked ones first."""
        return [*self.ranked, *((result, scores) for result, scores, _ in self.apart)]

    @property
    def parts(self) -> list[str]:
        """Parts that any result has, in the order of their first use."""
        return list(dict.fromkeys(part for _, scores in self.rows for part in scores))


def groups(results: Iterable[Result]) -> list[Group]:
    """Return the groups, tasks in order, each with its ranked part."""
    found: dict[Key, dict[str, tuple[Result, dict[str, Any]]]] = {}
    for result in results:
        f = result.facts
        for score in result.scores:
            part = "" if f.task in WITH_PARTS else score.part
            key = Key(f.task, f.sample_list, f.protocol, score.metric, part)
            row = found.setdefault(key, {}).setdefault(f.result, (result, {}))
            row[1][score.part] = score
    made = [_group(key, list(rows.values())) for key, rows in found.items()]
    return sorted(made, key=lambda group: TASKS.index(group.key.task))


def _group(key: Key, rows: Sequence[tuple[Result, dict[str, Any]]]) -> Group:
    group = Group(key)
    scored = [(row, main_score(key, row[1])) for row in rows]
    scored.sort(key=lambda one: -(one[1] if one[1] is not None else -1))
    for (result, scores), value in scored:
        if reason := result.unranked or ("" if value is not None else "no score of all clips"):
            group.apart.append((result, scores, reason))
        else:
            group.ranked.append((result, scores))
    check_ranked(group)
    return group


def main_score(key: Key, scores: dict[str, Any]) -> float | None:
    """Return the score that a result is ranked by: of all clips, not of one dataset."""
    whole = [scores[p] for p in ("full", "mean of AUs", key.part) if p and p in scores]
    values = [getattr(whole[0], name) for name in MAIN[key.task]] if whole else []
    return next((value for value in values if value is not None), None)


def check_ranked(group: Group) -> None:
    """Refuse a ranked result whose epoch or settings were chosen on the test."""
    for result, _ in group.ranked:
        for name in ("epoch", "settings"):
            if getattr(result.facts, name) == "test":
                raise MerflowError(
                    f"result '{result.facts.result}'",
                    f"ranked, but its column '{name}' is 'test'",
                    "results whose epoch and settings were not chosen on the test",
                )
