"""Find clips in folders named by class, alone or with folders of subjects and of splits."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from merflow.datasets.clip_ids import key_of_stem
from merflow.datasets.labels import BUILT_IN
from merflow.datasets.registry import names as readers
from merflow.datasets.registry import spec_of
from merflow.errors import MerflowError, unknown
from merflow.io.frame_folder import image_files, scan

FORMS = {
    "class/clip": ("class",),
    "class/subject_clip": ("class",),
    "subject/class/clip": ("subject", "class"),
    "class/subject/clip": ("class", "subject"),
    "subject/split/class/clip": ("subject", "split", "class"),
}
"""Form -> what each level of folders names. A clip is a video, a folder of frames or an image."""
TEST, TRAIN = ("u_test", "test"), ("u_train", "train")


@dataclass(frozen=True, slots=True)
class FoundClip:
    """A clip of a tree of folders; subject is empty where the tree does not name it."""

    path: Path
    emotion: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class FoundClips:
    """The clips of a tree, its form, and what to tell the user about it."""

    form: str
    clips: tuple[FoundClip, ...]
    notes: tuple[str, ...] = ()


def find_clips(root: Path, form: str = "") -> FoundClips:
    """Return the clips below `root`; an empty form is recognised from the tree.

    Of a split folder only the test side is read: the train side repeats clips of other subjects.
    """
    if form and form not in FORMS:
        raise unknown("--form", "form of folders", form, FORMS)
    chosen = form or _recognised(root)
    notes: list[str] = []
    clips: list[FoundClip] = []
    for path, named in _folders(root, FORMS[chosen], notes):
        clips += [_clip(item, named, chosen) for item in items(path)]
    if not clips:
        raise MerflowError(
            str(root),
            f"no clips in the form {chosen}",
            _expected(chosen),
            "point --from-class-folders at the folder that holds the first level, or name another "
            "form with --form",
        )
    return FoundClips(chosen, tuple(clips), tuple(dict.fromkeys(notes)))


def items(folder: Path) -> list[Path]:
    """Return the clips directly in a folder: folders and videos; images where there is no video."""
    listing = scan(folder)
    stills = () if listing.videos else image_files(folder)
    return sorted(folder / name for name in (*listing.folders, *listing.videos, *stills))


def stem_of(path: Path) -> str:
    """Return a clip's name without the suffix of a file and without blanks around it."""
    return (path.name if path.is_dir() else path.stem).strip()


def _expected(form: str) -> str:
    return f"DIR/{form}, the clip a video, a folder of frames, or an image"


def _folders(
    root: Path, roles: Iterable[str], notes: list[str]
) -> Iterable[tuple[Path, dict[str, str]]]:
    """Yield the folders that hold clips, with the name of each role; train folders are left out."""
    level: list[tuple[Path, dict[str, str]]] = [(root, {})]
    for role in roles:
        below = []
        for folder, named in level:
            names = list(scan(folder).folders)
            if role == "split":
                names = _test_folder(folder, names, notes)
            below += [(folder / name, {**named, role: name}) for name in names]
        level = below
    return level


def _test_folder(folder: Path, names: list[str], notes: list[str]) -> list[str]:
    """Return the name of a subject's test folder."""
    tests = [name for name in names if name.casefold() in TEST]
    if strange := [name for name in names if name.casefold() not in (*TEST, *TRAIN)]:
        raise MerflowError(
            str(folder / strange[0]),
            "neither a train nor a test folder",
            f"{', '.join(TEST)} or {', '.join(TRAIN)} below every subject",
            "move it away, or name another form with --form",
        )
    if len(tests) != 1:
        raise MerflowError(
            str(folder),
            "no test folder" if not tests else f"two test folders, {' and '.join(tests)}",
            f"one of {', '.join(TEST)}: the clips of the subject",
            "copy the folder again",
        )
    if len(names) > len(tests):
        notes.append("train folders repeat the clips of other subjects and are not read")
    return tests


def _clip(path: Path, named: dict[str, str], form: str) -> FoundClip:
    stem, subject = stem_of(path), named.get("subject", "")
    if form == "class/subject_clip":
        known = key_of_stem(stem)
        subject, _, name = stem.partition("_")
        if not subject or not name:
            raise MerflowError(
                str(path),
                f"no subject in the name '{stem}'",
                "<subject>_<clip>, for example sub01_EP02_01f",
                "rename it, or choose --form class/clip and a table of --subjects",
            )
        return FoundClip(path, named["class"], subject, known.clip if known else name)
    if form == "subject/split/class/clip":
        return FoundClip(path, named["class"], subject, stem.removeprefix(f"{subject}_"))
    return FoundClip(path, named["class"], subject, stem)


def _recognised(root: Path) -> str:
    """Return the form of a tree; refuse one that fits several."""
    tops = scan(root).folders
    second = {(top, name) for top in tops for name in scan(root / top).folders}
    below = {name for _, name in second}
    if not tops:
        raise MerflowError(
            str(root),
            "no class folders with clips",
            "one of the forms " + ", ".join(FORMS),
            "point --from-class-folders at the folder that holds the class folders",
        )
    if below and {name.casefold() for name in below} <= {*TEST, *TRAIN}:
        return "subject/split/class/clip"
    direct = [top for top in tops if scan(root / top).videos or image_files(root / top)]
    deep = sorted(pair for pair in second if _holds_clips(root.joinpath(*pair)))
    if direct and deep:
        raise MerflowError(
            str(root),
            f"clips at different levels: in {direct[0]}, and below {'/'.join(deep[0])}",
            "one of the forms " + ", ".join(FORMS),
            "move one kind away, or name the form with --form",
        )
    if direct:
        names = [stem_of(item) for top in tops for item in items(root / top)]
        prefixed = all(key_of_stem(name) for name in names)
        return "class/subject_clip" if prefixed else "class/clip"
    return _by_names(root, set(tops), second, deep=bool(deep))


def _holds_clips(folder: Path) -> bool:
    """Return whether a folder holds videos or folders, and so is no clip itself."""
    listing = scan(folder)
    return bool(listing.folders or listing.videos)


def _by_names(root: Path, tops: set[str], second: set[tuple[str, str]], *, deep: bool) -> str:
    """Return the form of two levels of folders by which of the two has names of classes.

    deep: the second level holds clips; otherwise it holds images, of which each may be a clip.
    """
    below = {name for _, name in second}
    by_class = "class/subject/clip" if deep else "class/clip"
    if _are_words(tops) != _are_words(below):
        return by_class if _are_words(tops) else "subject/class/clip"
    if not _are_words(tops):
        unlike = len(below) == len(second)  # No name of the second level stands in two folders.
        if _are_digits(below) and _are_ids(tops):
            return "subject/class/clip"
        if (deep and _are_digits(tops) and _are_ids(below)) or (
            not deep and unlike and not _are_digits(below)
        ):
            return by_class
    raise MerflowError(
        str(root),
        f"it is not clear which level names the class: first {_some(tops)}; second {_some(below)}",
        f"subject/class/clip or {by_class}",
        f"name the form: --form subject/class/clip or --form {by_class}",
    )


def _are_words(names: Iterable[str]) -> bool:
    """Return whether most names are emotions or classes that merflow knows."""
    words = [name.casefold() in class_words() for name in names]
    return sum(words) * 2 >= len(words)


def _are_digits(names: Iterable[str]) -> bool:
    return all(len(name) == 1 and name.isdigit() for name in names)


def _are_ids(names: Iterable[str]) -> bool:
    """Return whether all names are like ids of subjects: `s01`, `006`."""
    return all(len(name) > 1 and any(map(str.isdigit, name)) for name in names)


@functools.cache
def class_words() -> frozenset[str]:
    """Return every emotion and class that merflow knows."""
    emotions = (spec_of(name).emotions for name in readers())
    named = [scheme.mapping or {} for scheme in BUILT_IN.values() if scheme.by == "emotion"]
    mappings = [words for mapping in named for words in mapping.values()]
    return frozenset().union(*emotions, *mappings, *(m.values() for m in mappings))


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:4]) + (", ..." if len(listed) > 4 else "")
