"""The LOSO layout: `<subject>/u_test/<class>/*.png` and, for every other subject, `u_train`.

Only u_test is read. u_train holds copies of the other subjects' pictures, which are compared.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from merflow.datasets.folders import subfolders
from merflow.datasets.readers.flow_pictures.names import CLASSES, Picture, parsed
from merflow.datasets.spec import Problem, Source
from merflow.io.frame_folder import image_files
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
    found = {subject: _side(source, top, subject, TEST) for subject in subfolders(top)}
    classes = {p.stem: p.label for pictures in found.values() for p in pictures}
    for subject, pictures in found.items():
        train = _side(source, top, subject, TRAIN)
        if train:
            _compare_names(source, top / subject, pictures, train, classes)
        for picture in pictures:
            yield picture._replace(label=_words(top).get(picture.label, picture.label))


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
    words = dict(zip("012", CLASSES, strict=True))
    path = top / CLASS_NAMES
    if path.is_file():
        rows = csv.reader(path.read_text(encoding="utf-8").splitlines()[1:])
        words = {row[0]: row[1] for row in rows if len(row) == 2}
    return words


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
    read = {p.stem: Path(p.folder) / p.file for s in subjects for p in _side(source, top, s, TEST)}
    pixels = {stem: _pixels(path) for stem, path in read.items()}
    different: dict[str, list[str]] = defaultdict(list)
    for subject in track(subjects, "comparing copies"):
        for copy in _side(source, top, subject, TRAIN):
            if copy.stem not in pixels:
                continue
            there = _pixels(Path(copy.folder) / copy.file)
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


def _pixels(path: Path) -> np.ndarray | None:
    import cv2

    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
