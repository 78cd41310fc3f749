"""JAFFE at full size: 213 names of stills, all that the dataset says of itself."""

from full_size._form import Expected, FullSize, Item, spread
from merflow.synthetic.datasets.jaffe import MODELS

EMOTIONS = {
    "AN": ("anger", 30),
    "DI": ("disgust", 29),
    "FE": ("fear", 32),
    "HA": ("happiness", 31),
    "NE": ("neutral", 30),
    "SA": ("sadness", 31),
    "SU": ("surprise", 30),
}
GAPS = frozenset({14, 88, 120, 150, 187, 203})
"""Numbers of 1..219 that no picture has."""


def plan(variant: str = "stills") -> FullSize:
    """Return the flat folder with its ratings file."""
    numbers = iter(n for n in range(1, 220) if n not in GAPS)
    items = []
    for code, (emotion, count) in EMOTIONS.items():
        seen = dict.fromkeys(MODELS, 0)
        for model in spread({m: _share(count, i) for i, m in enumerate(MODELS)}, count):
            seen[model] += 1
            number = next(numbers)
            clip = f"{model}.{code}{seen[model]}.{number}"
            expected = Expected(model, clip, emotion, (number,))
            items.append(Item("jaffe", (f"{clip}.tiff",), expected))
    ratings = "#   N HAP SAD SUR ANG DIS FEA PIC\n1 2.87 2.52 2.10 1.97 1.97 2.06 KM-NE1\n"
    texts = (("jaffe/README_FIRST.txt", ratings), ("jaffe/.DS_Store", ""))
    return FullSize("jaffe", variant, tuple(items), texts=texts, tree_is_annotation=True)


def _share(count: int, place: int) -> int:
    """Return a model's part of `count` pictures: 3 each, the first ones more or fewer."""
    return 3 + (place < count - 30) - (place < 30 - count)
