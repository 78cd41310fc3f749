"""KTFE as re-hosted: pairs of a visible and a thermal still, no subject ids."""

from full_size._form import Expected, FullSize, Item, spread

WORDS = {
    "Angry": "anger",
    "Disgust": "disgust",
    "Fear": "fear",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprised": "surprise",
}
PAIRS = 3190
FOLDERS = {"rgb": ("RGB", "R"), "thermal": ("Thermal", "T")}


def plan(variant: str = "rgb") -> FullSize:
    """Return both modalities, flat, of which `variant` is read."""
    share = {word: PAIRS // 7 + (place < PAIRS % 7) for place, word in enumerate(WORDS)}
    counts = dict.fromkeys(WORDS, 0)
    items = []
    for word in spread(share, PAIRS):
        counts[word] += 1
        for modality, (folder, letter) in FOLDERS.items():
            stem = f"{letter}_{word}_{counts[word]}_KTFE"
            expected = Expected("unknown", stem, WORDS[word], (0,))
            items.append(Item(folder, (f"{stem}.jpg",), expected if modality == variant else None))
    return FullSize("ktfe", variant, tuple(items), tree_is_annotation=True)
