"""KTFE as re-hosted: a visible and a thermal still of each instant, without subject ids."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from merflow.clip import ClipKey
from merflow.datasets.spec import NO_SUBJECT
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.stills import APEX, FRAMES, NEGATIVE

CAMERA = Camera(fps=1, size=(320, 240), unit=22.0, length=(FRAMES, FRAMES))
NAMES = {
    "anger": "Angry",
    "disgust": "Disgust",
    "fear": "Fear",
    "happiness": "Happy",
    "sadness": "Sad",
    "surprise": "Surprised",
}


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield the stills of all subjects; no name shows the subject."""
    taken = Counter()
    for subject in subjects:
        for draft in subject.drafts(NEGATIVE):
            taken[draft.emotion] += 1
            name = f"R_{NAMES[draft.emotion]}_{taken[draft.emotion]}_KTFE"
            key = ClipKey("ktfe", NO_SUBJECT, name)
            seeded = replace(draft, apex=APEX)
            yield subject.clip(seeded, key, ("", name), onset=0, objective=0, action_units="")


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the names of the pair, relative to the dataset root."""
    return "", (f"RGB/{clip.clip}.jpg", f"Thermal/T{clip.clip[1:]}.jpg")


POSED = Difficulty(amplitude_px=(3.0, 7.0))
DATASET = DemoDataset("ktfe", CAMERA, range(1, 10**6), clips, files, difficulty=POSED, stills=True)
