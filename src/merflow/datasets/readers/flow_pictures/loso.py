"""The LOSO layout: `<subject>/u_test/<class>/*.png` and, for every other subject, `u_train`.

Only u_test is read. u_train holds copies of the other subjects' pictures, which are compared.
"""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.datasets.folders import subfolders
from merflow.datasets.readers.flow_pictures.names import CLASSES, Picture, parsed
from merflow.datasets.spec import Problem, Source
from merflow.errors import SkipClip
from merflow.io.csv_table import read_csv
from merflow.io.frame_folder import image_files
from merflow.io.images import ImageFrames
from merflow.progress import track
from merflow.text import plural

TEST, TRAIN = "u_test", "u_train"
CLASS_NAMES = "classes.csv"
"""Beside the folders of subjects: `number,class`, where the classes are other than 0, 1, 2."""


def is_top(folder: Path, names: list[str]) -> bool:
    """Return whether a folder holds the folders of subjects."""
    return any((folder / name / TEST).is_dir() for name in names)


def tested(source: Source, tops: list[Path]) -> Iterator[Picture]:
    """Yield the pictures of u_test; warn where u_train does not hold the others' copies."""
    (top,) = tops
    words = _words(top)
    found = {subject: _side(source, top, subject, TEST) for subject in subfolders(top)}
    classes = {p.stem: p.label for pictures in found.values() for p in pictures}
    for subject, pictures in found.items():
        train = _side(source, top, subject, TRAIN)
        if train:
            _compare_names(source, top / subject, pictures, train, classes)
        for picture in pictures:
            yield picture._replace(label=words.get(picture.label, picture.label.casefold()))


def _side(source: Source, top: Path, subject: str, side: str) -> list[Picture]:
    """Return the pictures of one side; label: the name of the class folder."""
    folder = top / subject / side
    return [
        picture
        for label in subfolders(folder)
        for file in image_files(folder / label, source.root)
        if (picture := parsed(file, str(folder / label), subject if side == TEST else "", label))
    ]


def _words(top: Path) -> dict[str, str]:
    """Return name of a class folder -> class."""
    path = top / CLASS_NAMES
    if not path.is_file():
        return dict(zip("012", CLASSES, strict=True))
    table = read_csv(path, ("number", "class"))
    return dict(zip(table["number"], map(str.casefold, table["class"]), strict=True))


def _compare_names(
    source: Source, folder: Path, test: list[Picture], train: list[Picture], classes: dict[str, str]
) -> None:
    where = source.relative(folder)
    tested, copies = {p.stem for p in test}, {p.stem: p.label for p in train}
    if both := sorted(tested & copies.keys()):
        source.warn(
            where,
            f"{plural(len(both), 'tested picture')} stand in {TRAIN} as well, such as {both[0]}: a "
            "program that trains on this folder has seen them; merflow reads u_test only",
        )
    others = classes.keys() - tested
    if lost := sorted(others - copies.keys()):
        source.warn(
            where, f"{TRAIN} lacks {plural(len(lost), 'picture')} of other subjects: {lost[0]}"
        )
    if more := sorted(copies.keys() - classes.keys()):
        source.warn(
            where,
            f"{TRAIN} holds {plural(len(more), 'picture')} that no subject's {TEST} has, such as "
            f"{more[0]}; not read",
        )
    wrong = sorted(stem for stem in others & copies.keys() if copies[stem] != classes[stem])
    if wrong:
        source.warn(
            where,
            f"{plural(len(wrong), 'picture')} of {TRAIN} have another class than in {TEST}, such "
            f"as {wrong[0]}: {copies[wrong[0]]} there, {classes[wrong[0]]} here",
        )


def copies_that_differ(source: Source, tops: list[Path]) -> list[Problem]:
    """Return a warning for each subject with copies in u_train of other pixels than in u_test.

    The bytes of copies differ (their PNGs keep times), so the pixels are compared.
    """
    (top,) = tops
    subjects = subfolders(top)
    read = [picture for subject in subjects for picture in _side(source, top, subject, TEST)]
    pixels = {picture.stem: _pixels(picture.folder, picture.file) for picture in read}
    different: dict[str, list[str]] = defaultdict(list)
    for subject in track(subjects, "comparing copies"):
        for copy in _side(source, top, subject, TRAIN):
            if copy.stem not in pixels:
                continue
            there = _pixels(copy.folder, copy.file)
            if there is None or not np.array_equal(there, pixels[copy.stem]):
                different[copy.stem].append(subject)
    if not different:
        return []
    first = min(different)
    found = (
        f"{plural(len(different), 'picture')} with other pixels in {TRAIN} than in {TEST}, such as "
        f"{first} in {plural(len(different[first]), 'folder')}, {different[first][0]} the first"
    )
    fix = "copy the folder again; merflow reads u_test only"
    return [Problem("warning", top.name, found, "copies of one set of pictures", fix)]


def _pixels(folder: str, file: str) -> np.ndarray | None:
    """Return the pixels of a picture; None where it cannot be decoded."""
    clip = Clip(ClipKey("flow", "-", file), folder, (file,), (0,), 1.0, "")
    with contextlib.suppress(SkipClip):
        return ImageFrames(clip)[0]
    return None
