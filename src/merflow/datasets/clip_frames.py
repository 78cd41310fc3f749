"""Match the annotation of a clip with the frames of its folder."""

from collections.abc import Iterable
from dataclasses import asdict

from merflow.clip import Clip, ClipKey
from merflow.datasets.folders import Folders
from merflow.datasets.spec import Annotation, Source, Variant
from merflow.io.frame_folder import Listing, span
from merflow.io.spreadsheets import Row


def make_clip(
    source: Source,
    variant: Variant,
    key: ClipKey,
    annotation: Annotation,
    frames: Listing | None,
    *,
    where: str,
    absent: str = "no folder",
    whole_recording: bool = False,
    until: int | None = None,
) -> Clip:
    """Return the clip of an annotation and the frames of its folder.

    The clip's files are frames onset..offset. Differences become warnings; `missing` is the reason
    when there are no frames. `whole_recording`: expect frames outside onset..offset; `until`: the
    last frame to read when the offset is unknown.
    """
    files: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    missing = ""
    if frames is not None:
        last = until if annotation.offset is None else annotation.offset
        keep = span(frames.numbers, annotation.onset, last)
        files, numbers = frames.files[keep], frames.numbers[keep]
        if not source.annotations_only:
            missing = _compare(source, annotation, frames, numbers, where, whole_recording)
    elif not source.annotations_only:
        missing = absent
        found = f"{absent}; the clip will be skipped"
        source.warn(where, found, "a folder with its frames", "copy it from the dataset again")
    return Clip(
        key=key,
        folder="" if frames is None else frames.folder,
        files=files,
        numbers=numbers,
        fps=source.fps(variant),
        enters_at=source.enters_at(variant),
        missing=missing,
        **asdict(annotation),
    )


def clip_of_row(
    source: Source,
    variant: Variant,
    folders: Folders,
    row: Row,
    key: ClipKey,
    annotation: Annotation,
    whole_recording: bool = False,
) -> Clip:
    """Return the clip of a row, with frames in the folder `<subject>/<clip>`; see `make_clip`."""
    frames = folders.frames(key.subject, key.clip)
    hint = "" if frames else folders.nearest(key.subject, key.clip)
    return make_clip(
        source,
        variant,
        key,
        annotation,
        frames,
        where=row.where("clip"),
        absent=f"no folder {key.subject}/{key.clip}{hint}",
        whole_recording=whole_recording,
    )


def _compare(
    source: Source,
    annotation: Annotation,
    frames: Listing,
    numbers: tuple[int, ...],
    where: str,
    whole_recording: bool,
) -> str:
    """Warn where folder and sheet differ; return why the clip cannot be read, or nothing."""
    near = source.relative(frames.folder)
    if frames.twice:
        source.warn(near, f"two files for frame {_some(frames.twice)}; the first name is read")
    if not frames.numbers:
        found = f"{near} holds no frames"
        fix = "copy the folder from the dataset again"
        source.warn(where, f"{found}; the clip will be skipped", "numbered image files", fix)
        return found
    onset, offset = annotation.onset, annotation.offset
    if not numbers:
        source.warn(
            where,
            f"{near} holds frames {frames.numbers[0]}..{frames.numbers[-1]}, none of "
            f"onset..offset {onset}..{offset}; the clip will be skipped",
            "frames numbered as in the sheet",
            "copy the folder again, or add a correction to the dataset's errata file",
        )
        return f"{near} holds none of frames {onset}..{offset}"
    first = numbers[0] if onset is None else onset
    last = numbers[-1] if offset is None else offset
    if last - first + 1 > len(numbers):
        present = set(numbers)
        lost = [n for n in range(first, min(last, first + 100_000) + 1) if n not in present]
        source.warn(near, f"{len(lost)} frames of {first}..{last} are missing: {_some(lost)}")
    beyond = len(frames.numbers) - len(numbers)
    if beyond and not whole_recording:
        source.warn(where, f"{near} holds {beyond} frames outside onset..offset; they are not read")
    return ""


def _some(numbers: Iterable[int]) -> str:
    listed = list(numbers)
    return ", ".join(map(str, listed[:5])) + (", ..." if len(listed) > 5 else "")
