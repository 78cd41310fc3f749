"""The list of damaged frames distributed with the annotations of CAS(ME)3."""

import dataclasses
import re
from collections import defaultdict

from merflow.clip import Clip
from merflow.datasets.folders import find_files
from merflow.datasets.spec import Source
from merflow.io.frame_folder import frame_number

_LINE = re.compile(r"spno\.0*([0-9]+)[\s/]+([a-z])[\s/]+(?:color/)?([0-9]+)\.jpg", re.IGNORECASE)
MAX_BYTES = 8 * 2**20
DEPTH = 4

Frames = dict[tuple[str, str], set[int]]


def parse(text: str) -> Frames:
    """Return (subject, letter) -> frame numbers from `spNO.3 J 498.jpg  the image cannot open`.

    >>> parse("spNO.3 J 498.jpg  the image cannot open")
    {('spNO.003', 'j'): {498}}
    """
    found: Frames = defaultdict(set)
    for subject, letter, number in _LINE.findall(text):
        found[f"spNO.{int(subject):03d}", letter.lower()].add(int(number))
    return dict(found)


def read(source: Source) -> Frames:
    """Return the frames that the owners list as damaged; empty without a list."""
    # Subject folders hold thousands of frames and are not searched.
    skip = ("spno", "color")
    for path in find_files(source.root, r"error_info_damaged_image.*\.txt$", DEPTH, skip):
        if path.stat().st_size <= MAX_BYTES:
            return parse(path.read_text(encoding="utf-8", errors="replace"))
    return {}


def without_damaged(source: Source, clip: Clip, damaged: Frames, where: str) -> Clip:
    """Return the clip without the frames listed as damaged, with a warning."""
    listed = damaged.get((clip.key.subject, clip.key.clip[0]), set())
    keep = [frame_number(file) not in listed for file in clip.files]
    if all(keep):
        return clip
    lost = len(keep) - sum(keep)
    source.warn(where, f"{lost} frames that the owners list as damaged are left out")
    files = tuple(f for f, k in zip(clip.files, keep, strict=True) if k)
    numbers = tuple(n for n, k in zip(clip.numbers, keep, strict=True) if k)
    missing = clip.missing or ("" if files else "all of its images are listed as damaged")
    return dataclasses.replace(clip, files=files, numbers=numbers, missing=missing)
