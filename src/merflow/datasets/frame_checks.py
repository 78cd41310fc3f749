"""A look at frame files without decoding them: damaged ones, sizes, and copies."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from merflow.clip import Clip, ClipKey
from merflow.datasets.registry import Problem
from merflow.io.images import (
    IMAGES,
    MAX_SIDE,
    VIDEOS,
    image_size,
    is_video,
    truncated,
    video_facts,
)

HEAD, TAIL = 65_536, 4_096
SHOWN = 5
SAMPLE = 2_048
"""Bytes read at each of four places of a file to tell copies from different pictures."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a clip's files show: its picture size, and (file, reason) of the bad ones."""

    size: tuple[int, int] | None
    bad: tuple[tuple[str, str], ...]
    same: tuple[tuple[str, str], ...]
    """Pairs of neighbouring files that hold the very same bytes."""
    prints: frozenset[str]
    """Digests of three of its files: equal ones in two clips mean that one is a copy."""


def look(clip: Clip) -> Look:
    """Look at the heads and tails of a clip's pictures, and at what a video says of itself."""
    bad: list[tuple[str, str]] = []
    sizes: dict[tuple[int, int], str] = {}
    prints: dict[str, str] = {}
    same: list[tuple[str, str]] = []
    last: tuple[str, str] | None = None
    for file in clip.files:
        path = os.path.join(clip.folder, file)
        try:
            size, mark = _file(path)
        except (OSError, ValueError) as error:
            bad.append((file, str(getattr(error, "strerror", None) or error)))
            last = None
            continue
        if size is not None:
            sizes.setdefault(size, file)
        prints[file] = mark
        if last and last[1] == mark and _equal(os.path.join(clip.folder, last[0]), path):
            same.append((last[0], file))
        last = (file, mark)
    first = next(iter(sizes), None)
    bad += [
        (file, f"{w}x{h} pixels, others {first[0]}x{first[1]}")
        for (w, h), file in list(sizes.items())[1:]
        if first
    ]
    bad += _film(clip) if is_video(clip) and not bad else []
    chosen = _chosen(list(prints)) if not is_video(clip) else list(prints)
    return Look(first, tuple(bad), tuple(same), frozenset(prints[f] for f in chosen))


def _film(clip: Clip) -> list[tuple[str, str]]:
    """Return what a video says of itself that keeps the clip from being read from it."""
    facts = video_facts(os.path.join(clip.folder, clip.files[0]))
    if facts is None:
        return [(clip.files[0], "not a readable video")]
    last = clip.onset if clip.offset is None else clip.offset
    if last is None or not facts[1] or last < facts[1]:
        return []
    return [(clip.files[0], f"frame {last} is asked for; it has frames 0 to {facts[1] - 1}")]


def seen_in(looks: Mapping[ClipKey, Look]) -> list[Problem]:
    """Return what the look at the files of each clip brought up."""
    found = []
    for key, seen in looks.items():
        if seen.bad:
            shown = "; ".join(f"{file}: {why}" for file, why in seen.bad[:SHOWN])
            more = f"; and {len(seen.bad) - SHOWN} more" if len(seen.bad) > SHOWN else ""
            film = os.path.splitext(seen.bad[0][0])[1].lower() in VIDEOS
            many = "the video" if film else f"{len(seen.bad)} frames"
            found.append(
                Problem(
                    "warning",
                    str(key),
                    f"{many} cannot be used ({shown}{more}); the clip will be skipped",
                    "a video that holds onset..offset" if film else "whole pictures of one size",
                    "correct the row, or fetch the file again"
                    if film
                    else "fetch the folder again",
                )
            )
        if seen.same:
            shown = ", ".join(" = ".join(pair) for pair in seen.same[:SHOWN])
            text = f"{len(seen.same)} frames repeat the one before ({shown})"
            found.append(Problem("warning", str(key), text))
    return found


def _chosen(files: list[str]) -> list[str]:
    return [files[i] for i in sorted({0, len(files) // 2, len(files) - 1})] if files else []


def _file(path: str) -> tuple[tuple[int, int] | None, str]:
    """Return the picture size, where its format tells, and a digest of samples of the bytes."""
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
            raise ValueError("the picture is cut off")
        if head[:2] == b"BM" and int.from_bytes(head[2:6], "little") > total:
            raise ValueError("the picture is cut off")
        if size is None and head[:2] not in (b"II", b"MM", b"P2", b"P5"):
            raise ValueError("not a picture of a known format")
        if size is not None and not 0 < max(size) <= MAX_SIDE:
            raise ValueError(f"declares {size[0]}x{size[1]} pixels")
    samples += [head[:SAMPLE], tail[-SAMPLE:]]
    return size, hashlib.sha256(b"".join(samples) + str(total).encode()).hexdigest()[:16]


def _at(handle: object, place: int, count: int) -> bytes:
    handle.seek(place)
    return handle.read(count)


def _equal(a: str, b: str) -> bool:
    """Tell whether two files hold the same bytes."""
    with open(a, "rb") as first, open(b, "rb") as second:
        while True:
            x, y = first.read(1 << 20), second.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True


def copies(looks: Iterable[tuple[ClipKey, Look]]) -> list[tuple[ClipKey, ClipKey]]:
    """Return pairs of clips whose sampled pictures are the same."""
    groups: dict[frozenset[str], list[ClipKey]] = defaultdict(list)
    for key, seen in looks:
        if seen.prints:
            groups[seen.prints].append(key)
    return [(keys[0], other) for keys in groups.values() for other in keys[1:]]
