"""JAFFE as its owners ship it: grey TIFF stills in one folder, one of them with three channels."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.stills import APEX, FRAMES, NEGATIVE

CAMERA = Camera(fps=1, size=(256, 256), unit=26.0, length=(FRAMES, FRAMES), grey=True)
MODELS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each model's stills, numbered through the whole dataset."""
    number = 0
    for subject in subjects:
        taken = Counter()
        for draft in subject.drafts(NEGATIVE):
            number += 1
            taken[draft.emotion] += 1
            code = draft.emotion[:2].upper()
            name = f"{subject.id}.{code}{taken[draft.emotion]}.{number}"
            yield subject.clip(
                replace(draft, apex=APEX),
                ClipKey("jaffe", subject.id, name),
                (subject.id, name),
                onset=0,
                grey=number != 2,  # One published still has three channels.
                objective=0,
                action_units="",
            )


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of all stills and the name of this one."""
    return "jaffe", (f"{clip.clip}.tiff",)


# Posed expressions move ten times as far as micro-expressions.
POSED = Difficulty(amplitude_px=(4.0, 9.0))
DATASET = DemoDataset("jaffe", CAMERA, MODELS, clips, files, difficulty=POSED, stills=True)
