"""Write the packed clips of an experiment in the layouts that other programs read."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.io.csv_table import csv_text
from merflow.io.files import safe_name, write_json
from merflow.io.video_encoder import write_video
from merflow.stages.flow_picture import flow_picture
from merflow.text import plural

Layout = Literal["htnet", "stsnet", "npz", "class-folders", "frames"]
Form = Literal["frames", "video", "array"]

LOSO, WHOLE = "three_norm_u_v_os", "STSNet_whole_norm_u_v_os"
"""Folders of the layouts htnet and stsnet."""
USUAL_CLASSES = ("negative", "positive", "surprise")
"""Classes that need no `classes.csv` to be numbered 0, 1, 2."""
MANIFEST = ("dataset", "subject", "clip", "path", "fps", "emotion", "enters_at")


@dataclass(frozen=True)
class Prepared:
    """The clips of an experiment at one factor, as a network sees them.

    x: (N, T, H, W, C) uint8 or (N, H, W, 3) flow; labels: class of each; emotions: as annotated;
    rates: frames per second of x (Hz); classes: all classes, sorted.
    """

    x: np.ndarray
    keys: Sequence[ClipKey]
    labels: Sequence[str]
    emotions: Sequence[str]
    rates: Sequence[float]
    classes: Sequence[str]

    @property
    def is_flow(self) -> bool:
        """Whether a clip is one image of flow."""
        return self.x.ndim == 4


def write_layout(
    out: Path, clips: Prepared, layout: Layout, form: Form, copies: bool, about: dict[str, Any]
) -> None:
    """Write all clips below `out`, an empty folder; about: what they are, for `export.json`."""
    writers: dict[str, Callable[[], None]] = {
        "htnet": lambda: _htnet(out, clips, copies),
        "stsnet": lambda: _stsnet(out, clips),
        "npz": lambda: _npz(out, clips),
        "class-folders": lambda: _with_manifest(out, clips, form, _in_class_folders),
        "frames": lambda: _with_manifest(out, clips, form, _in_subject_folders),
    }
    if layout in ("htnet", "stsnet") and not clips.is_flow:
        raise MerflowError(
            f"--layout {layout}",
            "the experiment has frames, not flow",
            "an experiment with a preparation of kind: flow",
            "name another experiment, or --layout frames, class-folders or npz",
        )
    if clips.is_flow and form == "video":
        raise MerflowError("--form video", "flow is one image a clip", "--form frames or array")
    writers[layout]()
    write_json(out / "export.json", about)


# Flow pictures


def _htnet(out: Path, clips: Prepared, copies: bool) -> None:
    """Write `<subject>/u_test/<class>/<subject>_<clip> .png` and copies for all other subjects."""
    numbers = _numbers(out, clips)
    owners = _owners(clips.keys)
    written = []
    for image, key, label in zip(clips.x, clips.keys, clips.labels, strict=True):
        inside = Path(numbers[label], _picture_name(key))
        path = out / LOSO / key.subject / "u_test" / inside
        _write_image(path, flow_picture(image))
        written.append((key.subject, path, inside))
    for owner in owners:
        for subject, path, inside in written:
            if subject != owner:
                _link(path, out / LOSO / owner / "u_train" / inside, copies)


def _stsnet(out: Path, clips: Prepared) -> None:
    """Write `<subject>_<clip> .png` into one folder, and the list of their classes."""
    _owners(clips.keys)
    for image, key in zip(clips.x, clips.keys, strict=True):
        if "_" in key.subject:
            raise MerflowError(
                str(key),
                f"subject '{key.subject}' holds an underscore, which ends the subject in these "
                "names",
                "subjects without one",
                "use --layout htnet, in which a folder names the subject",
            )
        _write_image(out / WHOLE / _picture_name(key), flow_picture(image))
    rows = [(*key, label) for key, label in zip(clips.keys, clips.labels, strict=True)]
    _write_csv(out / "clips.csv", ("data", "subject", "clip", "label"), rows)


def _numbers(out: Path, clips: Prepared) -> dict[str, str]:
    """Return class -> name of its folder; write `classes.csv` where they are not the usual."""
    numbers = {name: str(k) for k, name in enumerate(clips.classes)}
    if tuple(clips.classes) != USUAL_CLASSES:
        rows = [(number, name) for name, number in numbers.items()]
        _write_csv(out / LOSO / "classes.csv", ("number", "class"), rows)
    return numbers


def _owners(keys: Sequence[ClipKey]) -> list[str]:
    """Return the subjects; refuse one id in two datasets, which these layouts cannot tell apart."""
    found: dict[str, str] = {}
    for key in keys:
        if found.setdefault(key.subject, key.dataset) != key.dataset:
            raise MerflowError(
                "--layout",
                f"subject '{key.subject}' is in {found[key.subject]} and in {key.dataset}",
                "subject ids that differ between datasets: the layout has no level for them",
                "export one dataset at a time, or use --layout frames",
            )
    return sorted(found)


def _picture_name(key: ClipKey) -> str:
    # The blank before the suffix is part of the layout.
    return f"{key.subject}_{key.clip} .png"


def _link(source: Path, path: Path, copies: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not copies:
        try:
            os.link(source, path)
        except OSError:  # No hard links here, or too many of one file.
            pass
        else:
            return
    shutil.copyfile(source, path)


# Arrays, frames and videos


def _npz(out: Path, clips: Prepared) -> None:
    """Write one file of arrays: x, label, dataset, subject, clip, emotion, classes."""
    dataset, subject, clip = (np.array(part) for part in zip(*clips.keys, strict=True))
    np.savez_compressed(
        out / "clips.npz",
        x=clips.x,
        label=np.array(clips.labels),
        emotion=np.array(clips.emotions),
        classes=np.array(clips.classes),
        dataset=dataset,
        subject=subject,
        clip=clip,
    )


def _in_class_folders(key: ClipKey, label: str) -> Path:
    return Path(safe_name(label, "class"), "_".join(key))


def _in_subject_folders(key: ClipKey, _: str) -> Path:
    return Path(*key)


def _with_manifest(
    out: Path, clips: Prepared, form: Form, place: Callable[[ClipKey, str], Path]
) -> None:
    """Write each clip where `place` says, and a manifest that reads them back."""
    paths = [
        _write_clip(out, place(key, label), image, rate, form)
        for image, key, label, rate in zip(
            clips.x, clips.keys, clips.labels, clips.rates, strict=True
        )
    ]
    _write_csv(out / "manifest.csv", MANIFEST, _manifest_rows(clips, paths))


def _manifest_rows(clips: Prepared, paths: Sequence[Path]) -> Iterator[tuple[str, ...]]:
    for key, path, rate, emotion in zip(
        clips.keys, paths, clips.rates, clips.emotions, strict=True
    ):
        yield (*key, path.as_posix(), f"{rate:g}", emotion, "interpolated")


def _write_clip(out: Path, place: Path, x: np.ndarray, rate: float, form: Form) -> Path:
    """Write one clip; return its path below `out`."""
    if form == "array":
        path = place.with_name(f"{place.name}.npy")
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        np.save(out / path, x)
    elif form == "video":
        path = place.with_name(f"{place.name}.mp4")
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        write_video(out / path, x, rate)
    elif x.ndim == 3:
        path = place.with_name(f"{place.name}.png")
        _write_image(out / path, flow_picture(x))
    else:
        path = place
        for number, frame in enumerate(x):
            _write_image(out / path / f"frame{number:05d}.png", frame)
    return path


def _write_image(path: Path, image: np.ndarray) -> None:
    """Write an image, (H, W, 1 or 3) uint8 RGB, as PNG; a grey one keeps one channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    # Encoded in memory: OpenCV does not report a full disk.
    path.write_bytes(cv2.imencode(".png", stored)[1].tobytes())


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text(header, list(rows)), encoding="utf-8", newline="\n")


def summary(clips: Prepared, without: int) -> str:
    """Return what was written, in one line."""
    subjects = len({key.subject_key for key in clips.keys})
    left = f"; {plural(without, 'clip')} skipped by a stage" if without else ""
    return f"{plural(len(clips.keys), 'clip')} of {plural(subjects, 'subject')} exported{left}"
