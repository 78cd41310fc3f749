"""Generated flow pictures in the layouts that circulate, with the counts of the 442 clips."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from merflow.datasets.official_composite import class_counts

CLASSES = ("negative", "positive", "surprise")
TOKENS = dict(zip(CLASSES, ("ne", "po", "sur"), strict=True))
LOSO, WHOLE = "three_norm_u_v_os", "STSNet_whole_norm_u_v_os"


class Made(NamedTuple):
    """A picture, (28, 28, 3) uint8 u, v, strain, and the clip it stands for."""

    dataset: str
    subject: str
    clip: str
    label: str
    picture: np.ndarray


def made(every: int = 1, seed: int = 0) -> list[Made]:
    """Return pictures with as many clips of each class and subject as the official composite.

    every: take each n-th subject only. The clips' ids have the form of their dataset; they are
    invented, since the official list is not distributed.
    """
    rng = np.random.default_rng(seed)
    found = []
    for (dataset, subject), counts in sorted(class_counts().items())[::every]:
        owner = subject.zfill(3) if dataset == "samm" else subject
        numbers = iter(range(1, 1000))
        for label in CLASSES:
            for number in range(1, counts[label] + 1):
                clip = _clip_id(dataset, owner, label, number, next(numbers))
                found.append(Made(dataset, owner, clip, label, _picture(rng, label)))
    return sorted(found, key=lambda one: one[:3])


def _clip_id(dataset: str, subject: str, label: str, number: int, place: int) -> str:
    if dataset == "smic":
        return f"{subject}_{TOKENS[label]}_{number:02d}"
    if dataset == "samm":
        return f"{subject}_{place}_{number}"
    return f"EP{place:02d}_{number:02d}{'f' if place % 2 else ''}"


def _picture(rng: np.random.Generator, label: str) -> np.ndarray:
    """Return noise with a faint trace of the class; every channel spans 0..255."""
    image = cv2.GaussianBlur(rng.normal(0, 1, (28, 28, 3)), (0, 0), 2)
    row, column = CLASSES.index(label), 8 * CLASSES.index(label)
    image[column : column + 8, :, row] += 0.12
    least, most = image.min((0, 1)), image.max((0, 1))
    return np.rint((image - least) / (most - least) * 255).astype(np.uint8)


def write_loso(root: Path, pictures: list[Made]) -> None:
    """Write u_test and u_train of every subject; copies are hard links."""
    subjects = sorted({one.subject for one in pictures})
    for one in pictures:
        inside = Path(str(CLASSES.index(one.label)), f"{one.subject}_{one.clip} .png")
        first = root / LOSO / one.subject / "u_test" / inside
        write(first, one.picture)
        for subject in subjects:
            if subject != one.subject:
                copy = root / LOSO / subject / "u_train" / inside
                copy.parent.mkdir(parents=True, exist_ok=True)
                os.link(first, copy)


def write_flat(root: Path, pictures: list[Made]) -> None:
    """Write one folder, and the list of classes beside it."""
    for one in pictures:
        write(root / WHOLE / f"{one.subject}_{one.clip} .png", one.picture)
    write_list(root, pictures)


def write_causalnet(root: Path, pictures: list[Made]) -> None:
    """Write four pictures a clip: the flow, that from apex to offset, and two directions."""
    for one in pictures:
        for end in ("", "_1", "_2", "_3"):
            image = one.picture if not end else np.roll(one.picture, int(end[1:]), axis=0)
            write(root / WHOLE / f"{one.subject}_{one.clip}{end} .png", image)
    write_list(root, pictures)


def write_healer(root: Path, pictures: list[Made]) -> None:
    """Write a folder for each dataset, the class at the end of the name; ids of SMIC unpadded."""
    names = {"casme2": "CASME II", "samm": "SAMM", "smic": "SMIC"}
    for one in pictures:
        clip = one.clip
        if one.dataset == "smic":
            clip = f"s{int(one.subject[1:])}{clip.removeprefix(one.subject)}"
        name = f"{one.subject}_{clip}_{CLASSES.index(one.label)}.png"
        write(root / names[one.dataset] / "flow" / name, one.picture)
    write_list(root, pictures)


LAYOUTS = {
    "loso": write_loso,
    "flat": write_flat,
    "causalnet": write_causalnet,
    "healer": write_healer,
}


def write_list(root: Path, pictures: list[Made]) -> None:
    """Write a list in the official form: no header, numbers for classes, SAMM's ids unpadded."""
    rows = [
        f"{one.dataset},{one.subject.lstrip('0')},{one.clip},{CLASSES.index(one.label)}"
        for one in pictures
    ]
    (root / "list.csv").write_text("\r\n".join(rows) + "\r\n")


def write(path: Path, picture: np.ndarray) -> None:
    """Write a picture; red is u, green v, blue strain."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1])


def config(root: Path, layout: str, **experiments: dict) -> dict:
    """Return a config that reads one layout; every experiment tests subject by subject."""
    entry = {"root": str(root), "reader": "flow_pictures"}
    entry |= {} if layout == "loso" else {"sheet": "list.csv"}
    usual = {"preparation": "flow", "factors": [1], "scheme": "three", "collection": "all"}
    return {
        "datasets": {name: dict(entry) for name in ("smic", "casme2", "samm")},
        "collections": {"all": ["smic", "casme2", "samm"]},
        "preparations": {"flow": {"kind": "flow"}},
        "experiments": {
            name: {**usual, "protocol": "composite", **chosen}
            for name, chosen in experiments.items()
        },
        "folds_per_job": 100,
    }


def folds(pictures: list[Made]) -> Iterator[tuple[str, list[int], list[int]]]:
    """Yield each subject with the rows of its training and test pictures."""
    owners = [(one.dataset, one.subject) for one in pictures]
    for owner in sorted(set(owners)):
        test = [row for row, other in enumerate(owners) if other == owner]
        train = [row for row, other in enumerate(owners) if other != owner]
        yield "-".join(owner), train, test
