"""A composite with the official subjects and class counts and made-up clips, in every list form."""

from collections import defaultdict
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from merflow.clip import ClipKey
from merflow.datasets import labels, official_composite
from merflow.datasets.official_composite import class_counts

CLASSES = ("negative", "positive", "surprise")
SHORT = {"negative": "ne", "positive": "po", "surprise": "sur"}


def composite() -> dict[ClipKey, str]:
    """Return 442 clips of 68 subjects with their classes; ids have the official forms."""
    found = {}
    for (dataset, subject), counts in class_counts().items():
        number = 0
        for name in CLASSES:
            for i in range(counts[name]):
                number += 1
                clip = {
                    "smic": f"{subject}_{SHORT[name]}_{i + 1:02d}",
                    "casme2": f"EP{number:02d}_{i + 1:02d}" + "f" * (i % 3 == 0),
                    "samm": f"{subject}_{number}_{i + 1}",
                }[dataset]
                found[ClipKey(dataset, subject, clip)] = name
    return found


def made_official(monkeypatch: pytest.MonkeyPatch) -> dict[ClipKey, str]:
    """Put the composite of made-up clips in the place of the official one and return it."""
    found = composite()
    grouped = defaultdict(lambda: defaultdict(dict))
    for key, name in found.items():
        grouped[key.dataset][key.subject][key] = name
    official = {
        name: {s: (len(c), official_composite.subject_digest(c)) for s, c in subjects.items()}
        for name, subjects in grouped.items()
    }
    digest = official_composite.ids_digest(found)
    check = partial(official_composite.check_composite, official=official, digest=digest)
    monkeypatch.setattr(labels, "check_composite", check)
    return found


def number(name: str) -> int:
    """Return the number of a class in lists."""
    return CLASSES.index(name)


def short(text: str) -> str:
    """Return an id of SMIC as users write it: `s3_ne_01` for `s03_ne_01`."""
    return text.replace("s0", "s", 1) if text.startswith("s0") else text


def int_subject(key: ClipKey) -> str:
    """Return a subject as a number."""
    return str(int("".join(c for c in key.subject if c.isdigit())))


def official_csv(path: Path, clips: dict[ClipKey, str]) -> Path:
    """No header, CRLF, SAMM's subjects as numbers."""
    rows = [
        f"{k.dataset},{int(k.subject) if k.dataset == 'samm' else k.subject},{k.clip},{number(c)}"
        for k, c in clips.items()
    ]
    path.write_bytes(("\r\n".join(rows) + "\r\n").encode())
    return path


def commas_csv(path: Path, clips: dict[ClipKey, str]) -> Path:
    """The official form with rows of commas between the datasets and without the last clip."""
    rows, last = [], None
    for key, name in list(clips.items())[:-1]:
        rows += [",,,"] * (last not in (None, key.dataset))
        last = key.dataset
        rows.append(",".join([*key, str(number(name))]))
    path.write_text("\n".join(rows) + "\n")
    return path


def capsule_csv(path: Path, clips: dict[ClipKey, str]) -> Path:
    """Header data,subject,clip,label."""
    rows = [",".join([*k, str(number(c))]) for k, c in clips.items()]
    path.write_text("\n".join(["data,subject,clip,label", *rows]) + "\n")
    return path


def flow_csv(path: Path, clips: dict[ClipKey, str]) -> Path:
    """The list of optical-flow pictures: empty apex and sub_filename, unpadded imagename."""
    rows = [
        ",".join([*k, str(number(c)), "", f"{k.subject}_{short(k.clip)}.jpg", ""])
        for k, c in clips.items()
    ]
    header = "dataset,sub,filename_o,label,apex,imagename,sub_filename"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def meta_csv(path: Path, clips: dict[ClipKey, str]) -> Path:
    """No header, and the numbers of subject and dataset at the end."""
    subjects = sorted({key.subject for key in clips})
    datasets = ("smic", "casme2", "samm")
    rows = [
        ",".join(
            [*k, str(number(c)), str(subjects.index(k.subject)), str(datasets.index(k.dataset))]
        )
        for k, c in clips.items()
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def train_test_folder(path: Path, clips: dict[ClipKey, str], *, long_names: bool = False) -> Path:
    """Train and test lists of every subject, and the list of subjects."""
    path.mkdir()
    subjects = sorted({key.subject for key in clips})

    def line(key: ClipKey) -> str:
        frame = {"smic": "image_00{}", "casme2": "reg_img{}", "samm": key.subject + "_05{}"}[
            key.dataset
        ]
        stem = f"{key.subject}_{key.clip}_{frame.format(88)}-{frame.format(62)}_flow"
        plain = f"{key.dataset}_{key.subject}_{key.clip}"
        file = f"data/my set/{stem if long_names else plain}.png"
        return f"{file} {number(clips[key])} 0"

    for subject in subjects:
        own = [line(key) for key in clips if key.subject == subject]
        rest = [line(key) for key in clips if key.subject != subject]
        (path / f"{subject}_test.txt").write_text("\n".join(own) + "\n")
        (path / f"{subject}_train.txt").write_text("\n".join(rest[:9]) + "\n")
    (path / "video442subName.txt").write_text("\n".join(subjects) + "\n")
    return path


def workbook(path: Path, header: list[str], rows: list[list]) -> Path:
    """Write a workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    book.save(path)
    return path


def words_xlsx(path: Path, clips: dict[ClipKey, str]) -> Path:
    """Classes as words, SMIC's ids unpadded, frames and action units beside them."""
    header = [
        "Dataset",
        "Subject",
        "Filename",
        "Onset",
        "Apex",
        "Offset",
        "AU",
        "Estimated Emotion",
    ]
    rows = [
        [k.dataset.upper(), short(k.subject), short(k.clip), 1, 9, 17, "4+5", c.title()]
        for k, c in clips.items()
    ]
    return workbook(path, header, rows)


def apex_table(path: Path, clips: dict[ClipKey, str], copies: int = 1) -> Path:
    """Subjects as integers, clips unpadded, one row for each of `copies` apex frames."""
    header = ["data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame"]
    rows = [
        [k.dataset, int(int_subject(k)), short(k.clip), number(c), 100, 110 + n, 120]
        for k, c in clips.items()
        for n in range(copies)
    ]
    if path.suffix == ".xlsx":
        return workbook(path, header, rows)
    path.write_text("\n".join(",".join(map(str, row)) for row in (header, *rows)) + "\n")
    return path
