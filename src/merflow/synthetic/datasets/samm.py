"""SAMM as its owners ship it: grey frames, and a sheet with its header on row 14."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip
from merflow.synthetic.dataset import DemoDataset
from merflow.synthetic.plan import Camera, Subject
from merflow.synthetic.sheets import Book, Rows, single, write_book

CAMERA = Camera(fps=200, size=(960, 512), unit=44.0, length=(30, 45), grey=True)
SHEET = "SAMM_Micro_FACS_Codes_v2.xlsx"
SUBJECTS = (6, 7, *range(9, 27), 28, *range(30, 38))
NEGATIVE = ("anger", "disgust", "sadness", "contempt")
PREAMBLE = {
    1: "SAMM Dataset - Master FACS Codes",
    3: "A look-alike of the published sheet, made for generated faces",
    6: "Symbol Key:",
    7: '"/" = or',
    8: '"?" = unclear offset',
    10: "AU Help:",
    11: "L = left, R = right, A = action on both sides differs",
    12: "A-E = intensity",
}
HEADER_ROW = 14
HEADER = (
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Duration",
    "Micro",
    "Action Units",
    "Estimated Emotion",
    "Objective Classes",
    "Notes",
)


def clips(subjects: Iterable[Subject]) -> Iterator[DemoClip]:
    """Yield each subject's clips; two of three subjects have an extra clip of 'Other'."""
    for subject in subjects:
        number, rng = subject.id, subject.rng("names")
        code, take, counter = 1, 1, int(rng.integers(300, 4000))
        # A session with a frame number above 9999 pads all of its numbers to five digits.
        digits = 5 if rng.random() < 0.5 or number == 6 else 4
        for draft in subject.drafts(NEGATIVE, other=subject.place % 3 != 1):
            if take > 1 and rng.random() < 0.4 and code < 7:
                code, take, counter = code + 1, 1, int(rng.integers(300, 4000))
                digits = 9 - digits
            name = f"{number:03d}_{code}_{take}"
            # This sheet's "Other" has no plural, unlike CASME II's.
            label = "Other" if draft.emotion == "others" else draft.emotion.capitalize()
            key = ClipKey("samm", f"{number:03d}", name)
            extra = (("code", str(code)), ("digits", str(digits)))
            yield subject.clip(
                draft, key, (f"{number:03d}", name), counter, emotion=label, extra=extra
            )
            take += int(rng.integers(1, 3))
            counter += draft.frames + int(rng.integers(150, 900))


def files(clip: DemoClip) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a clip and its frames' names, padded as in their session."""
    digits = int(dict(clip.extra)["digits"])
    names = tuple(f"{clip.subject}_{number:0{digits}d}.jpg" for number in clip.numbers)
    return f"SAMM/{clip.subject}/{clip.clip}", names


def sheets(root: Path, clips: list[DemoClip]) -> list[Path]:
    """Write the sheet into the subjects' folder: preamble, header, rows, formulas."""
    rows: Rows = [(PREAMBLE.get(n),) for n in range(1, HEADER_ROW)] + [HEADER]
    durations = {}
    for row, clip in enumerate(clips, HEADER_ROW + 1):
        names = (clip.subject, clip.clip, int(dict(clip.extra)["code"]))
        numbers = (clip.onset, clip.apex, clip.offset, f"=SUM(F{row}-D{row})+1")
        labels = (single(clip.action_units), clip.emotion, clip.objective)
        rows.append((*names, *numbers, "Micro - 1/2", *labels, None))
        durations[f"G{row}"] = clip.frames
    area = f"A{HEADER_ROW}:L{HEADER_ROW + len(clips)}"
    book = Book(f"SAMM/{SHEET}", (("MICRO_ONLY", rows),), durations, filtered=area)
    return [write_book(root, book)]


DATASET = DemoDataset("samm", CAMERA, (*SUBJECTS, *range(38, 10**6)), clips, files, sheets)
