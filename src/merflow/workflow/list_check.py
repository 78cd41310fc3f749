"""Compare datasets with a list of clips: missing clips, further clips, other classes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Settings
from merflow.datasets import labels
from merflow.datasets.clip_list import ClipList
from merflow.datasets.clip_selection import identity
from merflow.datasets.official_composite import CLASSES, OFFICIAL, differences
from merflow.datasets.registry import dataset_of
from merflow.datasets.spec import Problem
from merflow.errors import MerflowError
from merflow.text import plural

SHOWN = 20
Facts = dict[str, Any]


def compare_with_list(
    clips: Iterable[Clip], listed: ClipList, scheme: str = "", settings: Settings | None = None
) -> Facts:
    """Return how clips differ from those of a list, JSON-able, with a warning for each kind.

    scheme: gives the clips their classes; empty: `three` for a list of its classes, else `raw`.
    Clips without a class under it count as further ones only where the list has no classes.
    """
    classes = {name for name in listed.classes.values() if name}
    chosen = scheme or ("three" if classes <= set(CLASSES) else "raw")
    here = {identity(_published(clip, settings)): clip for clip in clips}
    wanted = {identity(key): key for key in listed.classes}
    if not {name[0] for name in here} & {name[0] for name in wanted}:
        datasets = ", ".join(sorted({clip.key.dataset for clip in here.values()})) or "none"
        raise MerflowError(
            listed.path,
            f"it lists clips of {', '.join(listed.datasets)}, the datasets are {datasets}",
            "a list that shares a dataset with those that are checked",
            "name the right list, or check those datasets",
        )
    outcomes = {name: labels.explain(chosen, clip, settings) for name, clip in here.items()}
    missing = [key for name, key in wanted.items() if name not in here]
    extra = [
        clip.key
        for name, clip in here.items()
        if name not in wanted and (outcomes[name].label is not None or not classes)
    ]
    differ = [
        {
            "clip": str(key),
            "listed": listed.classes[key],
            "found": outcomes[name].label or "",
            "reason": outcomes[name].reason,
        }
        for name, key in wanted.items()
        if name in here and listed.classes[key] not in ("", outcomes[name].label)
    ]
    facts: Facts = {
        "list": listed.path,
        "form": listed.form,
        "scheme": chosen,
        "listed": len(wanted),
        "found": len(wanted) - len(missing),
        "missing": sorted(map(str, missing)),
        "extra": sorted(map(str, extra)),
        "classes": sorted(differ, key=lambda one: one["clip"]),
        "counts": {
            "missing": _by_dataset(missing),
            "extra": _by_dataset(extra),
        },
        "notes": [*listed.notes, *_official(listed)],
    }
    return facts | {"problems": [asdict(p) for p in _problems(facts)]}


def _official(listed: ClipList) -> list[str]:
    """Return whether a list of the three datasets of MEGC2019 is the official one."""
    if set(listed.datasets) != set(OFFICIAL) or not set(listed.classes.values()) <= set(CLASSES):
        return []
    wrong = differences(listed.classes)
    if not wrong:
        return ["this is the official list of MEGC2019"]
    more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return [f"this is not the official list of MEGC2019: {'; '.join(wrong[:3])}{more}"]


def _published(clip: Clip, settings: Settings | None) -> ClipKey:
    return clip.key._replace(dataset=dataset_of(clip.key.dataset, settings))


def _by_dataset(keys: Iterable[ClipKey]) -> dict[str, int]:
    return dict(sorted(Counter(key.dataset for key in keys).items()))


def _problems(facts: Facts) -> list[Problem]:
    """Return a warning for missing clips, one for further clips, one for other classes."""
    name = Path(facts["list"]).name
    texts = {
        "missing": f"listed and not in the datasets{_counted(facts, 'missing')}",
        "extra": f"in the datasets and not listed{_counted(facts, 'extra')}",
        "classes": f"with another class than listed, under scheme {facts['scheme']}",
    }
    return [
        Problem("warning", name, f"{plural(len(facts[kind]), 'clip')} {text}")
        for kind, text in texts.items()
        if facts[kind]
    ]


def _counted(facts: Facts, kind: str) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in facts['counts'][kind].items())})"


def render_list(facts: Mapping[str, Any]) -> list[str]:
    """Return the comparison as lines of text, the first clips of each kind by name."""
    lines = [
        f"list {facts['list']} ({facts['form']}): {facts['found']} of "
        f"{plural(facts['listed'], 'clip')} found"
    ]
    lines += [f"  note: {note}" for note in facts["notes"]]
    named = {
        "missing": facts["missing"],
        "extra": facts["extra"],
        "classes": [_class_line(one) for one in facts["classes"]],
    }
    for problem, names in zip(facts["problems"], filter(None, named.values()), strict=True):
        lines.append(f"  warning: {problem['found']}")
        lines += [f"    {name}" for name in names[:SHOWN]]
        if len(names) > SHOWN:
            lines.append(f"    and {len(names) - SHOWN} more; --json lists all")
    return lines


def _class_line(one: Mapping[str, str]) -> str:
    found = one["found"] or f"without a class, since {one['reason']}"
    return f"{one['clip']}: {one['listed']} in the list, {found}"
