"""MEGC2019: check for the official composite of 442 clips by digests and counts.

The list itself is not distributed. Clips are compared with the SHA-256 of the sorted official
ids; counts and short digests per subject show where a set differs.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import canonical
from merflow.errors import MerflowError
from merflow.text import plural

CLIPS, SUBJECTS = 442, 68
CLASSES = ("negative", "positive", "surprise")
"""The challenge's classes 0, 1, 2."""
DIGEST = "aa1f9995c776dee5844b9f3ce80e34c4ffc7acaa3e98724d82ed86ce006fd22d"
"""SHA-256 of the sorted lines `dataset/subject/clip`, joined by newlines."""

EXCLUDED = {
    ("casme2", "sub04", "EP12_01f"): "not in the official list: its apex is unknown ('/')",
    ("casme2", "sub05", "EP09_05f"): "not in the official list: its onset is its apex",
    **{
        ("casme2", "sub24", clip): "not in the official list, which follows the 2014 sheet: there "
        "its label is sadness; the 2019 sheet says surprise"
        for clip in ("EP07_01", "EP07_04f", "EP10_03")
    },
}
"""Clips that the mapping keeps and the official list excludes, with the reason."""

Official = Mapping[str, Mapping[str, tuple[int, str]]]


def _official() -> Official:
    """Return dataset -> subject -> (clips, digest) from `official_composite.csv`.

    digest: the first 8 hex digits of the SHA-256 of the subject's sorted lines
    `dataset/subject/clip class`.
    """
    found: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    text = Path(__file__).with_suffix(".csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        found[row["dataset"]][row["subject"]] = (int(row["clips"]), row["digest"])
    return dict(found)


OFFICIAL = _official()


def class_counts() -> dict[tuple[str, str], dict[str, int]]:
    """Return (dataset, subject) -> class -> clips of the official composite."""
    text = Path(__file__).with_suffix(".csv").read_text(encoding="utf-8")
    return {
        (row["dataset"], row["subject"]): {name: int(row[name]) for name in CLASSES}
        for row in csv.DictReader(text.splitlines())
    }


def ids_digest(keys: Iterable[ClipKey]) -> str:
    """Return the SHA-256 of clip ids, independent of their order."""
    return _sha(str(key) for key in keys)


def subject_digest(labelled: Mapping[ClipKey, str]) -> str:
    """Return the short digest of one subject's clips and classes."""
    return _sha(f"{key} {name}" for key, name in labelled.items())[:8]


def _sha(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def check_composite(
    labelled: Mapping[ClipKey, str], official: Official = OFFICIAL, digest: str = DIGEST
) -> None:
    """Refuse clips and classes that differ from the official ones; name the differences.

    Keys use the published dataset names (smic, casme2, samm).
    """
    wrong = differences(labelled, official)
    if not wrong and ids_digest(labelled) == digest:
        return
    total = sum(count for subjects in official.values() for count, _ in subjects.values())
    shown = "; ".join(wrong[:8]) + (f"; and {len(wrong) - 8} more" if len(wrong) > 8 else "")
    raise MerflowError(
        "scheme megc2019",
        f"these {len(labelled)} clips are not the official composite: "
        + (shown or "their ids differ"),
        f"the official {total} clips of {', '.join(official)}",
        "complete the datasets (`merflow check --against LIST` names the clips, LIST being the "
        "official list), or use scheme `three`, which has the same mapping for any set of clips",
    )


def differences(labelled: Mapping[ClipKey, str], official: Official = OFFICIAL) -> list[str]:
    """Return one line per subject whose clips or classes differ from the official ones."""
    grouped: dict[tuple[str, str], dict[ClipKey, str]] = defaultdict(dict)
    for key, name in labelled.items():
        grouped[key.subject_key][key] = name
    wrong = []
    for dataset, subjects in official.items():
        here = {subject for name, subject in grouped if name == dataset}
        if not here:
            count = sum(number for number, _ in subjects.values())
            lacking = f"{plural(count, 'clip')} of {plural(len(subjects), 'subject')}"
            wrong.append(f"{dataset} is missing ({lacking})")
            continue
        for subject in sorted(here | set(subjects)):
            line = _difference(grouped.get((dataset, subject), {}), subjects.get(subject))
            wrong += [f"{dataset}/{subject}: {line}"] if line else []
    for dataset in sorted({name for name, _ in grouped} - set(official)):
        wrong.append(f"{dataset} is not part of the composite")
    return wrong


def official_differences(keys: Iterable[ClipKey], labels: Iterable[str]) -> list[str]:
    """Return how clips and their labels differ from the official ones; ids may be unpadded."""
    return differences(dict(zip(map(canonical, keys), labels, strict=True)))


def _difference(found: Mapping[ClipKey, str], wanted: tuple[int, str] | None) -> str:
    """Return how one subject's clips differ; names the clip where the digest shows which."""
    names = ", ".join(key.clip for key in found)
    if wanted is None:
        return f"{len(found)} clips, none is official ({names})"
    count, digest = wanted
    if len(found) < count:
        return f"{count - len(found)} of {count} clips are missing"
    if len(found) > count:
        for key in found:
            if subject_digest({k: name for k, name in found.items() if k != key}) == digest:
                return f"extra clip {key.clip}"
        return f"{plural(len(found) - count, 'extra clip')} among {names}"
    if subject_digest(found) == digest:
        return ""
    for key, name in found.items():
        for other in {*found.values(), *CLASSES} - {name}:
            if subject_digest({**found, key: other}) == digest:
                return f"{key.clip} is {name}, officially {other}"
    return f"the ids or classes of its {count} clips differ ({names})"
