"""SMIC at full size: 164 high-speed clips, 71 of the two other cameras, raw and cropped."""

import random
from collections.abc import Iterator

from full_size._form import Expected, FullSize, Item

# Clips per subject: negative, positive, surprise; clips are numbered densely within each.
HS = {
    1: (3, 2, 1),
    2: (0, 1, 5),
    3: (22, 11, 6),
    4: (10, 4, 5),
    5: (1, 0, 1),
    6: (2, 0, 2),
    8: (9, 4, 0),
    9: (0, 1, 3),
    11: (3, 3, 1),
    12: (0, 8, 1),
    13: (0, 10, 0),
    14: (3, 2, 5),
    15: (1, 1, 2),
    18: (2, 0, 5),
    19: (0, 1, 1),
    20: (14, 3, 5),
}
VIS = {n: counts for n, counts in HS.items() if n >= 11}
CODES = (("ne", "negative"), ("po", "positive"), ("sur", "surprise"))
FIRST = {5: 996_500, 12: 2_400_150, 18: 4_831_002, 19: 16_900_200, 20: 17_581_039}
"""Frame counters with seven and eight digits; the others have six, padded."""

HOLES = {"s3_po_08": 2, "s3_sur_01": 1, "s3_sur_05": 1, "s3_ne_16": 1}
LOST = "s18_sur_03"
VARIANTS = ("HS", "HS_cropped", "VIS", "VIS_cropped", "NIR", "NIR_cropped")


def clip_names(subjects: dict[int, tuple[int, int, int]]) -> Iterator[tuple[int, str, str]]:
    """Yield (subject, `ne_01`, emotion) of every clip."""
    for subject, counts in subjects.items():
        for (code, emotion), count in zip(CODES, counts, strict=True):
            for number in range(1, count + 1):
                yield subject, f"{code}_{number:02d}", emotion


def plan(variant: str = "HS") -> FullSize:
    """Return one tree of the standard release; the cropped one has its known holes."""
    camera, cropped = variant.split("_")[0], variant.endswith("cropped")
    top = f"SMIC_all_{'cropped' if cropped else 'raw'}/{camera}"
    items = []
    counters = dict(FIRST)
    for subject, token, emotion in clip_names(HS if camera == "HS" else VIS):
        name = f"s{subject}_{token}"
        start = counters.get(subject, 34_208 + 27_000 * subject) if camera == "HS" else 0
        rng = random.Random(f"{camera} {name}")
        start = start or 200 + 97 * subject + rng.randint(0, 9)
        length = rng.randint(16, 58) if camera == "HS" else rng.randint(4, 13)
        counters[subject] = start + length + 1187
        if not (cropped and name == LOST):
            numbers = _numbers(start, length, HOLES.get(name, 0) if cropped else 0)
            items.append(_item(top, subject, name, emotion, numbers, camera, cropped))
    files = tuple(_file(n, camera, cropped) for n in range(5, 9))
    items.append(Item(f"{top}/s1/non_micro/s1_n1", files))
    items.append(Item(f"{top}/s3/non_micro/s3_n01", files))
    return FullSize("smic", variant, tuple(items), tree_is_annotation=True)


def _numbers(start: int, length: int, holes: int) -> tuple[int, ...]:
    inside = range(start + 3, start + 3 + holes)
    return tuple(n for n in range(start, start + length) if n not in inside)


def _file(number: int, camera: str, cropped: bool) -> str:
    stem = f"image{number:06d}" if camera == "HS" else f"{number:05d}"
    return f"{'reg_' if cropped else ''}{stem}.bmp"


def _item(
    top: str,
    subject: int,
    name: str,
    emotion: str,
    numbers: tuple[int, ...],
    camera: str,
    cropped: bool,
) -> Item:
    padded = f"s{subject:02d}"
    expected = Expected(
        padded,
        f"{padded}_{name.split('_', 1)[1]}",
        emotion,
        numbers,
        onset=numbers[0],
        offset=numbers[-1],
    )
    files = tuple(_file(n, camera, cropped) for n in numbers)
    return Item(f"{top}/s{subject}/micro/{emotion}/{name}", files, expected)
