"""Names of flow pictures: `<subject>_<clip> .png`, with or without the blank and a suffix."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from merflow.clip import ClipKey
from merflow.datasets.clip_ids import canonical, dataset_by_subject

CLASSES = ("negative", "positive", "surprise")
"""Classes 0, 1 and 2."""
HEALER = ("negative-or-others",)
"""What class 0 of CASME II and SAMM holds where it stands at the end of a file's name."""
OFFICIAL = ("casme2", "samm", "smic")
"""Datasets that the form of a subject's id tells apart."""
TOKENS = {"smic": 4, "samm": 4}
"""dataset -> parts of a name without a suffix: subject, then three of the clip."""
FURTHER = ("_1", "_2", "_3")
"""Ends of the names of a clip's further pictures: apex to offset, and two of directions."""


class Picture(NamedTuple):
    """A picture, and what its name says. label: emotion or class, empty where unknown."""

    folder: str
    file: str
    stem: str
    """Name without suffix and the blank before it."""
    dataset: str
    """By the form of the subject's id; empty for another form."""
    subject: str
    clip: str
    label: str = ""


def parsed(file: str, folder: str = "", subject: str = "", label: str = "") -> Picture | None:
    """Return what a file's name says; None for a name without a subject and a clip.

    subject: where a folder names it, it may hold an underscore.
    """
    stem = Path(file).stem.strip()
    owner, _, clip = stem.partition("_")
    if subject and stem.startswith(f"{subject}_"):
        owner, clip = subject, stem[len(subject) + 1 :]
    if not owner or not clip.strip():
        return None
    dataset = dataset_by_subject(owner)
    key = canonical(ClipKey(dataset, owner, clip.strip()))
    return Picture(folder, file, stem, dataset, key.subject, key.clip, label)


def pictures(folder: Path, files: Iterable[str]) -> list[Picture]:
    """Return the pictures of a folder, by name."""
    return [picture for file in files if (picture := parsed(file, str(folder)))]


def layout_of(stems: Sequence[str]) -> str:
    """Return `causalnet`, `healer` or `flat`, by the names in a folder.

    >>> layout_of(["006_006_1_2", "006_006_1_2_1"]), layout_of(["006_006_1_2_0"])
    ('causalnet', 'healer')
    """
    known = set(stems)
    if any(_shortened(stem) in known for stem in stems):
        return "causalnet"
    return "healer" if all(map(_has_class, stems)) else "flat"


def _has_class(stem: str) -> bool:
    """Return whether a name ends in a class: it has a part more than a clip's name.

    A clip of CASME II may end in one digit itself (EP01_2), but not all of them do.
    """
    picture = parsed(f"{stem}.png")
    tokens = stem.split("_")
    usual = TOKENS.get(picture.dataset if picture else "")
    return tokens[-1] in ("0", "1", "2") and (usual is None or len(tokens) == usual + 1)


def _shortened(stem: str) -> str:
    return stem[:-2] if stem.endswith(FURTHER) else ""


def without_class(picture: Picture) -> Picture:
    """Return a picture of the `healer` layout: the class is cut from its name."""
    clip, _, number = picture.clip.rpartition("_")
    label = CLASSES[int(number)] if number in ("0", "1", "2") else ""
    if number == "0" and picture.dataset != "smic":
        label = HEALER[0]
    key = canonical(ClipKey(picture.dataset, picture.subject, clip))
    stem = f"{key.subject}_{key.clip}"
    return picture._replace(stem=stem, clip=key.clip, label=label)


def grouped(found: Sequence[Picture], listed: set[str]) -> dict[Picture, list[str]]:
    """Return clip -> its files: the picture itself first, then `_1`, `_2`, `_3`.

    A clip's own name may end in `_2`: an end counts as a further picture only where the shorter
    name is known and the longer is not, by the list, or without one by the files.
    """
    stems = {picture.stem for picture in found}
    known = {f"{p.subject}_{p.clip}" for p in found} & listed
    groups: dict[str, Picture] = {}
    files: dict[str, list[str]] = {}
    for picture in sorted(found, key=lambda p: p.stem):
        name = f"{picture.subject}_{picture.clip}"
        short = _shortened(name)
        if listed:
            further = name not in known and short in known
        else:
            further = _shortened(picture.stem) in stems
        owner = short if further and short in groups else name
        groups.setdefault(owner, picture)
        files.setdefault(owner, []).append(picture.file)
    return {groups[name]: sorted(files[name], key=len) for name in groups}
