"""Check frame files without decoding them: damaged files, sizes, duplicates."""

import filecmp
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.datasets.spec import Problem
from merflow.io.images import (
    IMAGES,
    VIDEOS,
    image_size,
    is_video,
    truncated,
)
from merflow.io.video_clip import MAX_SIDE, rate_text, video_facts
from merflow.text import plural

HEAD, TAIL = 65_536, 4_096
SHOWN = 5
SAMPLE = 2_048
"""Bytes read at each of four places of a file to recognise duplicates."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Result of checking a clip's files: image size, and (file, reason) of unusable files."""

    size: tuple[int, int] | None
    bad: tuple[tuple[str, str], ...]
    repeated: tuple[tuple[str, str], ...]
    """Pairs of consecutive files with identical bytes."""
    digests: frozenset[str]
    """Digests of three files: two clips with equal digests are duplicates."""
    timing: str = ""
    """What is done about a video's variable frame rate."""


def check_files(clip: Clip) -> FileCheck:
    """Check the first and last bytes of a clip's images, or the header of its video."""
    bad: list[tuple[str, str]] = []
    sizes: dict[tuple[int, int], str] = {}
    digests: dict[str, str] = {}
    repeated: list[tuple[str, str]] = []
    last: tuple[str, str] | None = None
    for file in clip.files:
        path = os.path.join(clip.folder, file)
        try:
            size, digest = _check_file(path)
        except (OSError, ValueError) as error:
            bad.append((file, str(getattr(error, "strerror", None) or error)))
            last = None
            continue
        if size is not None:
            sizes.setdefault(size, file)
        digests[file] = digest
        before = os.path.join(clip.folder, last[0]) if last and last[1] == digest else ""
        if last and before and filecmp.cmp(before, path, shallow=False):
            repeated.append((last[0], file))
        last = (file, digest)
    first = next(iter(sizes), None)
    bad += [
        (file, f"{w}x{h} pixels, others {first[0]}x{first[1]}")
        for (w, h), file in list(sizes.items())[1:]
        if first
    ]
    timing = ""
    if is_video(clip) and not bad:
        bad, timing = _check_video(clip)
    whole = list(digests.values())
    sampled = {whole[i] for i in (0, len(whole) // 2, -1)} if whole else ()
    return FileCheck(first, tuple(bad), tuple(repeated), frozenset(sampled), timing)


def _check_video(clip: Clip) -> tuple[list[tuple[str, str]], str]:
    """Return (file, reason) if the clip cannot be read from its video, and text on its rate."""
    file = clip.files[0]
    facts = video_facts(os.path.join(clip.folder, file))
    if facts is None:
        return [(file, "not a readable video")], ""
    _, count, timing = facts
    last = clip.onset if clip.offset is None else clip.offset
    bad = []
    if last is not None and count and last >= count:
        bad = [(file, f"frame {last} is annotated; the video has frames 0 to {count - 1}")]
    elif count == 1:
        bad = [(file, "the video has 1 frame, and a movement needs 2")]
    return bad, rate_text(timing) if timing else ""


def problems_in(checks: Mapping[ClipKey, FileCheck]) -> list[Problem]:
    """Return the warnings from the checked files of each clip."""
    found = []
    for key, seen in checks.items():
        if seen.bad:
            shown = "; ".join(f"{file}: {why}" for file, why in seen.bad[:SHOWN])
            more = f"; and {len(seen.bad) - SHOWN} more" if len(seen.bad) > SHOWN else ""
            video = os.path.splitext(seen.bad[0][0])[1].lower() in VIDEOS
            many = "the video" if video else plural(len(seen.bad), "frame")
            text = f"{many} cannot be used ({shown}{more}); the clip will be skipped"
            advice = ("complete images of one size", "copy the folder from the dataset again")
            if video:
                advice = (
                    "a video that holds onset..offset",
                    "correct the row, or copy the file again",
                )
            found.append(Problem("warning", str(key), text, *advice))
        if seen.timing:
            found.append(Problem("warning", str(key), seen.timing))
        if seen.repeated:
            shown = ", ".join(" = ".join(pair) for pair in seen.repeated[:SHOWN])
            text = f"{plural(len(seen.repeated), 'frame')} repeated from the previous one ({shown})"
            found.append(Problem("warning", str(key), text))
    return found


def _check_file(path: str) -> tuple[tuple[int, int] | None, str]:
    """Return the image size, if the format states it, and a digest of samples of the bytes."""
    total = os.path.getsize(path)
    if total == 0:
        raise ValueError("the file is empty")
    with open(path, "rb") as handle:
        head = handle.read(HEAD)
        tail = head if total <= HEAD else _at(handle, total - TAIL, TAIL)
        samples = [_at(handle, total * i // 4, SAMPLE) for i in range(4)]
    size = None
    if os.path.splitext(path)[1].lower() in IMAGES:
        size = image_size(head)
        if truncated(np.frombuffer(head[:64] + tail, np.uint8)):
            raise ValueError("the image is truncated")
        if head[:2] == b"BM" and int.from_bytes(head[2:6], "little") > total:
            raise ValueError("the image is truncated")
        if size is None and head[:2] not in (b"II", b"MM", b"P2", b"P5"):
            raise ValueError("not an image of a known format")
        if size is not None and not 0 < max(size) <= MAX_SIDE:
            raise ValueError(f"declares {size[0]}x{size[1]} pixels")
    samples += [head[:SAMPLE], tail[-SAMPLE:]]
    return size, hashlib.sha256(b"".join(samples) + str(total).encode()).hexdigest()[:16]


def _at(handle: object, place: int, count: int) -> bytes:
    handle.seek(place)
    return handle.read(count)


def duplicate_clips(
    checks: Iterable[tuple[ClipKey, FileCheck]],
) -> list[tuple[ClipKey, ClipKey]]:
    """Return pairs of clips whose sampled files are equal."""
    groups: dict[frozenset[str], list[ClipKey]] = defaultdict(list)
    for key, seen in checks:
        if seen.digests:
            groups[seen.digests].append(key)
    return [(keys[0], other) for keys in groups.values() for other in keys[1:]]
