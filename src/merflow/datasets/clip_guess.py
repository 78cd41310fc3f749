"""Clips below a folder of any shape, with subject and class guessed from folder and file names.

Unlike `class_folders`, which refuses a tree that fits no form, this is a proposal that a person
corrects in a table.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from merflow.datasets.class_folders import class_words
from merflow.datasets.clip_ids import key_of_stem
from merflow.errors import MerflowError
from merflow.io.files import FORMULA
from merflow.io.images import IMAGES, VIDEOS
from merflow.text import is_text, plural

DEPTH = 7
"""Levels of folders that are searched."""
MAX_ENTRIES = 300_000
SPLITS = frozenset({"train", "test", "val", "u_train", "u_test"})
REPEATED = "u_train"
"""Folder that repeats clips of other subjects."""
SHAPES = "subject/class/clip, class/subject/clip, class/clip, subject/clip or clip files alone, "
SHAPES += "each clip a video or a folder of numbered images"
_SUBJECT = re.compile(
    r"(?:s|sub|subj|subject|p|part|participant|person|proband|vp|id)[-_ ]?\d{1,6}[a-z]?",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"[\s_\-.,()\[\]]+")


@dataclass(frozen=True, slots=True)
class GuessedClip:
    """A clip with guesses; subject and emotion are empty where no name shows them.

    path: from the root. images: number of images of a folder of frames, 0 for a video; 1 a still.
    """

    path: str
    subject: str
    clip: str
    emotion: str
    images: int


@dataclass(frozen=True, slots=True)
class Guess:
    """Proposed clips, how the folders were read, and remarks."""

    shape: str
    clips: tuple[GuessedClip, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A clip on disk: its path from the root, and the number of its images."""

    place: PurePosixPath
    images: int


def guess_clips(root: Path) -> Guess:
    """Return the clips below a folder, with guesses; refuse a folder without any."""
    notes: list[str] = []
    seen: Counter[str] = Counter()
    found = sorted(_clips_below(root, notes, seen), key=lambda one: one.place.parts)
    if not found:
        raise _nothing(root, seen)
    roles = _roles([one.place for one in found])
    repeats = [one for one in found if REPEATED in map(str.casefold, one.place.parts[:-1])]
    if repeats and len(repeats) < len(found):
        notes.append(f"{REPEATED} folders repeat the clips of other subjects and are left out")
        found = [one for one in found if one not in repeats]
    by_stem = _first_words([_stem(one) for one in found])
    clips = [_guessed(one, roles, by_stem) for one in found]
    names = [roles.get(level, "folder") for level in range(max(roles, default=-1) + 1)]
    return Guess("/".join([*names, "clip"]), tuple(_renamed(clips)), tuple(notes))


def _clips_below(root: Path, notes: list[str], seen: Counter[str]) -> Iterator[_Found]:
    """Yield videos, folders of images, and the images in folders that are named by class."""
    entries, odd = 0, 0
    base = os.path.realpath(root)
    for folder, names, files in os.walk(root):
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        depth = len(here.parts)
        names[:] = sorted(n for n in names if not n.startswith((".", "__MACOSX"))) * (depth < DEPTH)
        good = [f for f in files if not f.startswith(".") and is_text(f)]
        odd += sum(not is_text(f) for f in files)
        entries += len(files) + len(names)
        if entries > MAX_ENTRIES:
            raise MerflowError(
                str(root),
                f"more than {MAX_ENTRIES:,} files and folders",
                "a folder of clips",
                "choose a folder nearer to the clips",
            )
        suffixes = {name: os.path.splitext(name)[1].lower() for name in good}
        seen.update(suffixes.values())
        for name in good:
            outside = os.path.islink(path := os.path.join(folder, name)) and not (
                os.path.realpath(path).startswith(base + os.sep)
            )
            if suffixes[name] in VIDEOS and not outside:
                yield _Found(here / name, 0)
        images = [name for name in good if suffixes[name] in IMAGES]
        if images and depth:
            if here.name.casefold() in class_words() and not names:
                yield from (_Found(here / name, 1) for name in images)
            elif len(images) > 1 or not names:
                yield _Found(here, len(images))
        elif images:
            notes.append(f"{plural(len(images), 'image')} directly in the folder are left out")
    if odd:
        notes.append(f"{plural(odd, 'file')} with names that are not UTF-8 are left out")


def _nothing(root: Path, seen: Counter[str]) -> MerflowError:
    kinds = ", ".join(
        f"{count} {suffix or 'without a type'}" for suffix, count in seen.most_common(5)
    )
    holds = f"no clips; it holds files of other types ({kinds})" if kinds else "an empty folder"
    return MerflowError(
        str(root),
        holds,
        SHAPES,
        f"choose another folder; videos end in {', '.join(sorted(VIDEOS))}",
    )


def _stem(one: _Found) -> str:
    name = one.place.name if one.images > 1 else one.place.stem
    return name.strip()


def _roles(places: Sequence[PurePosixPath]) -> dict[int, str]:
    """Return level of folders -> `subject`, `class` or `split`, from the names at each level."""
    depth = max(len(place.parts) - 1 for place in places)
    levels = {
        level: {place.parts[level] for place in places if len(place.parts) - 1 > level}
        for level in range(depth)
    }
    roles = {
        level: "split"
        for level, names in levels.items()
        if {name.casefold() for name in names} <= SPLITS
    }
    free = [level for level in levels if level not in roles]
    classes = [level for level in free if _share(levels[level], _is_class) >= 0.5]
    if classes:
        roles[classes[-1]] = "class"
        free.remove(classes[-1])
    ids = [level for level in free if _share(levels[level], _is_id) >= 0.5]
    named = sum(_class_in(place.stem) != "" for place in places) * 2 >= len(places)
    if ids:
        roles[ids[0]] = "subject"
        free.remove(ids[0])
    elif (free and (classes or named)) or len(free) > 1:
        roles[free[0]] = "subject"
        free.remove(free[0])
    if free and not classes and not named:
        roles[free[-1]] = "class"
    return roles


def _share(names: set[str], fits) -> float:  # noqa: ANN001
    return sum(map(fits, names)) / len(names) if names else 0.0


def _is_class(name: str) -> bool:
    return name.casefold().strip() in class_words()


def _is_id(name: str) -> bool:
    return (
        _SUBJECT.fullmatch(name.strip()) is not None or re.fullmatch(r"\d{1,6}", name) is not None
    )


def _class_in(stem: str) -> str:
    """Return the class that a file's name has as a word, or nothing."""
    words = [word.casefold() for word in _SPLIT.split(stem)]
    return next((word for word in words if word in class_words()), "")


def _subject_in(stem: str) -> str:
    """Return the part of a file's name that has the form of a subject's id, or nothing."""
    if known := key_of_stem(stem):
        return known.subject
    words = _SPLIT.split(stem)
    for number, word in enumerate(words):
        if _SUBJECT.fullmatch(word):
            return word
        pair = "".join(words[number : number + 2])
        if word.isalpha() and len(word) > 1 and _SUBJECT.fullmatch(pair):
            return pair
    return ""


def _first_words(stems: Sequence[str]) -> frozenset[str]:
    """Return the first words of names that several clips share: `anna` of anna_1 and anna_2."""
    words = [_SPLIT.split(stem)[0] for stem in stems if len(_SPLIT.split(stem)) > 1]
    counts = Counter(word for word in words if word and not _is_class(word) and not word.isdigit())
    shared = {word for word, count in counts.items() if count > 1}
    return frozenset(counts) if len(shared) > 1 and len(shared) * 2 >= len(counts) else frozenset()


def _guessed(one: _Found, roles: dict[int, str], first_words: frozenset[str]) -> GuessedClip:
    parents, stem = one.place.parts[:-1], _stem(one)
    named = {roles[level]: name for level, name in enumerate(parents) if level in roles}
    subject = named.get("subject", "") or _subject_in(stem)
    if not subject and (word := _SPLIT.split(stem)[0]) in first_words:
        subject = word
    emotion = (named.get("class", "") or _class_in(stem)).casefold().strip()
    known = key_of_stem(stem)
    clip = known.clip if known and known.subject == subject else stem
    return GuessedClip(
        one.place.as_posix(),
        _cleaned(subject),
        re.sub(r"\s+", "_", _cleaned(clip)),
        "" if emotion[:1] in FORMULA else emotion,
        one.images,
    )


def _cleaned(text: str) -> str:
    """Return a text that can be part of a file name."""
    text = re.sub(r'[/\\:*?"<>|{}\x00-\x1f\x7f]+', "_", text).strip("._ ")
    return text.lstrip("".join(FORMULA))


def _renamed(clips: Sequence[GuessedClip]) -> Iterator[GuessedClip]:
    """Yield the clips with names that no other clip of the subject has."""
    names = [[clip.clip or "clip", *reversed(_parents(clip))] for clip in clips]
    used: set[tuple[str, str]] = set()
    times = Counter(
        (clip.subject.casefold(), name[0].casefold())
        for clip, name in zip(clips, names, strict=True)
    )
    for clip, name in zip(clips, names, strict=True):
        unique = name[0]
        if times[clip.subject.casefold(), unique.casefold()] > 1:
            unique = _cleaned("_".join([*reversed(name[1:]), name[0]]))
        base, number = unique, 1
        while (clip.subject.casefold(), unique.casefold()) in used:
            number += 1
            unique = f"{base}_{number}"
        used.add((clip.subject.casefold(), unique.casefold()))
        yield replace(clip, clip=unique)


def _parents(clip: GuessedClip) -> list[str]:
    parts = map(_cleaned, clip.path.split("/")[:-1])
    return [re.sub(r"\s+", "_", part) for part in parts if part != clip.subject]
