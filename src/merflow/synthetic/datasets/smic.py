"""SMIC as its owners ship it, HS camera: no sheet, the label is in the folder and the name."""

from collections import Counter
from collections.abc import Iterable, Iterator

from merflow.clip import ClipKey
from merflow.synthetic.clip import NEUTRAL, DemoClip
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Draft, Subject

CAMERA = Camera(fps=100, size=(640, 480), unit=40.0, length=(16, 32))
SUBJECTS = (1, 3, 20, 4, 8, 11, 12, 14, 18, 13, 15, 2, 5, 6, 9, 19)
"""The published subjects; the first three differ most in how their names and numbers look."""
TOKENS = {"negative": "ne", "positive": "po", "surprise": "sur"}
NEGATIVE = ("disgust", "anger", "sadness", "repression")


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each subject's expressions and one neutral clip."""
    for subject in subjects:
        number, count = subject.id, Counter()
        # The frame counters of the recordings run on: six digits in most, eight in subject 20.
        counter = 17_581_039 if number == 20 else 34_208 + 27_000 * number
        still = Draft(NEUTRAL, "", "", (), 0.0, 4, 1, subject.seed_of("still"))
        for draft in [*subject.drafts(NEGATIVE), still]:
            kind = draft.expression
            count[kind] += 1
            # Neutral clips are numbered with one digit or with two.
            neutral = "n1" if number != 3 else "n01"
            token = neutral if kind == NEUTRAL else f"{TOKENS[kind]}_{count[kind]:02d}"
            key = ClipKey("smic", f"s{number:02d}", f"s{number:02d}_{token}")
            yield subject.clip(
                draft,
                key,
                (f"s{number}", f"s{number}_{token}"),
                counter,
                emotion="" if kind == NEUTRAL else kind,
                action_units="",
                objective=0,
            )
            counter += draft.frames + 1187


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a clip and its frames' names, padded to at least six digits."""
    kind = f"micro/{clip.emotion}" if clip.emotion else "non_micro"
    names = tuple(f"image{number:06d}.bmp" for number in clip.numbers)
    return f"SMIC_all_raw/HS/{clip.subject}/{kind}/{clip.clip}", names


DATASET = DemoDataset("smic", CAMERA, (*SUBJECTS, *range(21, 10**6)), clips, files)
