"""KTFE: stills of seven emotions, visible and thermal; for pretraining only.

The available copies have no subject ids and cannot be split by subject. A table with path and
subject in the dataset root supplies the ids.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from merflow.clip import Clip
from merflow.datasets.cells import name
from merflow.datasets.folders import find_folders, find_sheets, path_of, subfolders
from merflow.datasets.spec import NO_SUBJECT, DatasetSpec, Source, Variant
from merflow.datasets.titles import columns
from merflow.io.frame_folder import image_files
from merflow.io.spreadsheets import Column

SPEC = DatasetSpec(
    name="ktfe",
    title="KTFE",
    variants=(
        Variant("rgb", 1.0, "raw", "RGB: visible light"),
        Variant("thermal", 1.0, "raw", "Thermal: long-wave infrared as grey levels"),
    ),
    layout="RGB/R_Angry_1_KTFE.jpg with Thermal/T_Angry_1_KTFE.jpg, or RGB/<emotion>/<image>",
    licence="on request from its authors",
    source="the authors (Nguyen and others, Japan Advanced Institute of Science and Technology)",
    emotions=frozenset({"anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"}),
    subjects_known=False,
    stills=True,
    publication="Nguyen et al. 2014, KTFE: Kotani Thermal Facial Emotion, ACIIDS 2014",
)

WORDS = {
    "anger": "anger",
    "angry": "anger",
    "disgust": "disgust",
    "disgusted": "disgust",
    "fear": "fear",
    "happiness": "happiness",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "sadness": "sadness",
    "surprise": "surprise",
    "surprised": "surprise",
}
COLUMNS = (Column("path", ("path", "file")), *columns(subject="subject"))
_PAIRED = re.compile(r"([RT])_([A-Za-z]+)_([0-9]+)_KTFE\.", re.IGNORECASE)


def read_clips(source: Source) -> list[Clip]:
    """Read one modality: images named by emotion, or in folders named by emotion."""
    subjects = _subjects(source)
    found = {v.name: list(_images(source, v)) for v in SPEC.variants}
    for variant in SPEC.variants:
        if found[variant.name] and source.entry.variant in ("", variant.name):
            return [_clip(source, variant, *image, subjects) for image in found[variant.name]]
    return []


def _subjects(source: Source) -> dict[str, str]:
    """Return path below the root -> subject from the user's table, if there is one."""
    subjects: dict[str, str] = {}
    for path in find_sheets(source, r"^(manifest|subjects)\b", depth=0)[:1]:
        for row in source.read(path, COLUMNS):
            with source.collect_errors():
                subjects[row.text("path").replace("\\", "/")] = name(row, "subject", source)
    return subjects


def _images(source: Source, variant: Variant) -> Iterator[tuple[Path, str, str]]:
    """Yield (folder, file, emotion) of one modality."""
    for folder in find_folders(source.root, lambda f, _: _modality(f, source.root) != ""):
        if _modality(folder, source.root) != variant.name:
            continue
        for file in image_files(folder, source.root):
            paired = _PAIRED.match(file)
            emotion = WORDS.get(paired[2].lower()) if paired else None
            if emotion:
                yield folder, file, emotion
            else:
                source.warn(source.relative(folder / file), "no emotion in its name; ignored")
        for sub in subfolders(folder):
            if emotion := WORDS.get(sub.lower()):
                for file in image_files(folder / sub, source.root):
                    yield folder / sub, file, emotion


def _modality(folder: Path, root: Path) -> str:
    """Return the modality of a folder from its name and contents, or an empty string."""
    letters = {m[1].upper() for f in image_files(folder) if (m := _PAIRED.match(f))}
    if not letters and not any(sub.lower() in WORDS for sub in subfolders(folder)):
        return ""
    thermal = letters == {"T"} or (not letters and "therm" in path_of(root, folder))
    return "thermal" if thermal else "rgb"


def _clip(
    source: Source,
    variant: Variant,
    folder: Path,
    file: str,
    emotion: str,
    subjects: dict[str, str],
) -> Clip:
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", Path(file).stem).strip("._ ") or "picture"
    clip = stem if _PAIRED.match(file) else f"{emotion}_{stem}"
    near = source.relative(folder / file)
    return Clip(
        key=source.key(subjects.get(near, NO_SUBJECT), clip, near),
        folder=str(folder),
        files=(file,),
        numbers=(0,),
        fps=source.fps(variant),
        emotion=emotion,
        enters_at=source.enters_at(variant),
    )
