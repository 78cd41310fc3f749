"""Names that lead out of a folder, at every place where a name from outside becomes a path.

Each case must end in a MerflowError, or in clips and paths that lie below their folder.
"""

import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from annotation_sheets import SHEETS, changed, write

from merflow.clip import Clip, ClipKey
from merflow.config.loading import validate
from merflow.config.settings import DatasetEntry
from merflow.datasets.catalogue import catalogue_text, read_catalogue
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.io.csv_table import csv_text
from merflow.io.files import safe_join, safe_name
from merflow.studio.project import Project

ESCAPES = [
    "..", "../outside", "../../outside", "../outside/p01", "./../outside", "p01/../../outside",
    "p01/./../../outside", "p01//..//../outside", "/outside", "//outside", "/etc/passwd",
    "file:///etc/passwd", "~", "~root", "$HOME/../outside", "..\\outside", "..\\..\\outside",
    "\\outside", "\\\\server\\share", "C:\\outside", "C:outside", "c:/outside", "\\\\?\\C:\\x",
    "CON", "nul", "com1.txt", "LPT9", "outside.", "outside ", " ..", "...", "..\u0000", "a\u0000b",
    "../outside\n", "\n../outside", "．．/outside", "..\u2215outside", "%2e%2e/outside",
    "..%2foutside", "..%c0%afoutside", "link", "link/p01", "link/../outside", "a" * 300 + "/../..",
    "-rf", "=..", "*", "out?ide",
]  # fmt: skip
CONTROL = "p01"


@pytest.fixture
def world(tmp_path):
    """A dataset root, beside it what must not be reached, and a link from one to the other."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (
        root / "p01/smile_1",
        root / "p01/smile_2",
        root / "p02/smile_1",
        outside / "p01",
    ):
        folder.mkdir(parents=True)
    for folder in [*root.rglob("smile_*"), outside, outside / "p01"]:
        for number in range(1, 31):
            (folder / f"img{number}.png").touch()
    (root / "link").symlink_to(outside)
    return root


def inside(path, root):
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def sound(key):
    for part in key:
        assert safe_name(part, "") == part


@pytest.mark.parametrize("text", ESCAPES)
def test_one_join_keeps_every_name_below(world, text):
    """As one name, and as the parts of a path."""
    for parts in ([text], [text, "img1.png"], ["p01", text], text.split("/")):
        try:
            path = safe_join(world, *parts)
        except MerflowError:
            continue
        assert inside(path, world)


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("column", ["subject", "clip", "path"])
def test_a_cell_of_a_sheet_leads_nowhere(world, name, column):
    sheet = SHEETS[name]
    if column not in sheet.at:
        return
    # The published sheets are read alone; the user's own also with its files.
    root = world if name == "manifest" else world.parent / "sheet"
    root.mkdir(exist_ok=True)
    read_any = False
    for text in ESCAPES:
        path = write(root, sheet, changed(sheet, {column: text}))
        entry = DatasetEntry(root=str(root), variant=sheet.variant)
        for annotations_only in (True, False) if name == "manifest" else (True,):
            try:
                found = read_dataset(sheet.dataset, entry, annotations_only=annotations_only)
            except MerflowError:
                continue
            for clip in found.clips:
                read_any = True
                sound(clip.key)
                for file in clip.files:
                    assert inside(Path(clip.folder, file), root), (text, clip)
        path.unlink()
    assert read_any, "the sound rows were never read"


def config(**changes):
    raw = {
        "datasets": {"smic": {"root": "faces"}},
        "collections": {"c": ["smic"]},
        "preparations": {"p": {}},
        "experiments": {
            "e": {"network": "cnn3d", "preparation": "p", "factors": [1], "collection": "c"}
        },
    }
    return {**raw, **changes}


PLACES = {
    "dataset": lambda t: config(
        datasets={t: {"root": "faces"}}, collections={"c": [t]}
    ),
    "collection": lambda t: config(
        collections={t: ["smic"]}, experiments={"e": config()["experiments"]["e"] | {"collection": t}}
    ),
    "preparation": lambda t: config(
        preparations={t: {}}, experiments={"e": config()["experiments"]["e"] | {"preparation": t}}
    ),
    "experiment": lambda t: config(experiments={t: config()["experiments"]["e"]}),
    "pretraining": lambda t: config(
        pretrainings={t: {"network": "cnn3d", "preparation": "p", "collection": "c"}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_name_in_the_config_is_one_part_of_a_path(place):
    validate(PLACES[place](CONTROL if place != "dataset" else "smic"))
    for text in set(ESCAPES) - {"link"}:
        with pytest.raises(MerflowError):
            validate(PLACES[place](text))
            pytest.fail(text)


@pytest.mark.parametrize("text", ESCAPES)
def test_a_fold_file_names_no_other_place(tmp_path, text):
    rows = [("smic", text, "c1", "train", "negative"), ("smic", "s02", "c1", "test", "")]
    path = tmp_path / "smic-s01.csv"
    with open(path, "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("dataset", "subject", "clip", "side", "label"), *rows])
    try:
        fold = read_fold(path)
    except MerflowError:
        pass
    else:
        assert fold.name == "smic-s01"


@pytest.mark.parametrize("text", ESCAPES)
def test_the_studio_opens_nothing_outside_its_project(tmp_path, text):
    root = tmp_path / "project"
    (root / "results").mkdir(parents=True)
    project = Project(root.resolve(), root / "config.yaml")
    for parts in ([text], ["results", text], ["results", text, "cropped", text, f"{text}.h5"]):
        try:
            path = project.below(*parts)
        except MerflowError:
            continue
        assert inside(path, root)


@pytest.mark.parametrize("text", ESCAPES)
def test_a_subject_asked_for_on_the_command_line_is_one_of_the_catalogue(tmp_path, text):
    from merflow.commands.align import align

    clip = Clip(ClipKey("smic", "s01", "c1"), str(tmp_path), (), (), 100.0, "negative")
    (tmp_path / "c.json").write_text(catalogue_text([clip]), encoding="utf-8")
    assert read_catalogue(tmp_path / "c.json") == [clip]
    with pytest.raises(MerflowError):
        align(tmp_path / "c.json", tmp_path / "out.h5", subject=text)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json"]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_file_of_a_changed_catalogue_leads_nowhere(tmp_path, text):
    """The catalogue lies under results/; a changed one must not make a job read elsewhere."""
    from merflow.io.images import read_frames

    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
        cv2.imwrite(str(folder / "img1.png"), np.full((8, 8, 3), len(folder.name), np.uint8))
    clip = Clip(ClipKey("smic", "s01", "c1"), str(root), ("img1.png",), (1,), 100.0, "negative")
    rows = json.loads(catalogue_text([clip]))
    for file in (text, f"{text}/img1.png"):
        rows[0]["files"] = [file]
        (tmp_path / "c.json").write_text(json.dumps(rows), encoding="utf-8")
        with pytest.raises(MerflowError):
            read_frames(read_catalogue(tmp_path / "c.json")[0])
            pytest.fail(file)


def test_a_skipped_table_keeps_such_names_in_their_cells():
    rows = [("smic", text, "c", "align", text) for text in ESCAPES]
    back = list(csv.reader(csv_text("abcde", rows).splitlines(keepends=True)))
    assert len(back) == len(rows) + 1


def test_there_are_enough():
    """Counted: sheets' cells, config names, join, folds, studio, command line, catalogue."""
    cells = sum(c in sheet.at for sheet in SHEETS.values() for c in ("subject", "clip", "path"))
    assert len(ESCAPES) >= 40
    assert len(ESCAPES) * (cells + len(PLACES) + 4 + 1 + 3 + 1 + 2) >= 400
