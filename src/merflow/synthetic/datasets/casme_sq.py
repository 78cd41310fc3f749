"""CAS(ME)2 as its owners ship it: recordings by stimulus, a sheet without a header."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.sheets import Book, Rows, single, write_book

CAMERA = Camera(fps=30, size=(640, 480), unit=45.0, length=(12, 24))
SHEET = "CAS(ME)^2code_final.xlsx"
NEGATIVE = ("disgust", "anger")
SUBJECTS = (15, 16, *range(19, 28), *range(29, 39), 40)
"""Raw number of each participant 1..22."""

VIDEOS = {
    "disgust1": "0101disgustingteeth",
    "disgust2": "0102eatingworms",
    "anger1": "0401girlcrashing",
    "anger2": "0402beatingpregnantwoman",
    "happy1": "0502funnyerrors",
    "happy2": "0503unnyfarting",
    "happy3": "0505funnyinnovations",
    "happy4": "0507climbingthewall",
    "happy5": "0508funnydunkey",
}


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each subject's clips: one expression a recording, so at most 8 a subject."""
    for subject in subjects:
        rng, participant = subject.rng("names"), subject.id
        name = f"s{SUBJECTS[participant - 1]}"
        drafts = subject.drafts(NEGATIVE, other=participant % 2 == 1)
        for draft, video in zip(drafts, VIDEOS, strict=False):
            # Some recordings pass frame 999, where three digits become four.
            onset = int(rng.integers(20, 1400))
            label = "others" if draft.expression == "other" else draft.expression
            key = ClipKey("casme_sq", name, f"{video}_1")
            extra = (("participant", str(participant)), ("video", video))
            yield subject.clip(draft, key, (name, f"{video}_1"), onset, emotion=label, extra=extra)


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a clip's recording and the names of the frames that are drawn."""
    recording = f"{clip.subject[1:]}_{VIDEOS[dict(clip.extra)['video']]}"
    return f"rawpic/{clip.subject}/{recording}", tuple(f"img{n:03d}.jpg" for n in clip.numbers)


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the code table without a header, and the two sheets of naming rules."""
    rows: Rows = []
    for c in clips:
        felt = "happyiness" if c.emotion == "positive" else None
        labels = (single(c.action_units), c.emotion, "micro-expression", felt)
        participant = int(dict(c.extra)["participant"])
        rows.append((participant, c.clip, c.onset, c.apex, c.offset, *labels))
    subjects = [(raw, f"s{raw}", place) for place, raw in enumerate(SUBJECTS, 1)]
    videos = [(folder[:4], video) for video, folder in VIDEOS.items()]
    pages = (("CASFEcode_final", rows), ("naming rule1", subjects), ("naming rule2", videos))
    return [write_book(root, Book(SHEET, pages))]


DATASET = DemoDataset(
    "casme_sq",
    CAMERA,
    range(1, len(SUBJECTS) + 1),
    clips,
    files,
    sheets,
    most_clips=len(VIDEOS) - 1,
)
