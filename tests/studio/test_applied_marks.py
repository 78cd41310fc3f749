"""Corrected marks that are applied: what runs again, the errata file, undo, refusals."""

import contextlib
import csv

import pytest
from kept_records import keep_records
from studio_project import asked, copy

from merflow.datasets.catalogue import catalogue_text
from merflow.datasets.errata import Correction
from merflow.errors import MerflowError
from merflow.io.files import write_text
from merflow.studio import applied_marks
from merflow.studio.context import Studio
from merflow.studio.marks import published, used_next
from merflow.studio.project import Project
from merflow.studio.routes import clips, marks
from merflow.studio.routing import Conflict
from merflow.workflow.plan import Plan

CLIP = {"dataset": "smic", "subject": "s01", "clip": "s01_ne_01"}


@pytest.fixture
def studio(built, tmp_path):
    folder = copy(built, tmp_path / "project")
    studio = Studio(Project(folder, folder / "config/config.yaml"))
    with contextlib.chdir(folder):
        # As the job does that reads them: the digests of all frames are noted.
        data = Plan.read(studio.project.settings()).data
        for name in data.clips:
            for subject in data.subjects(name):
                data.frames.sums(data.of_subject(name, subject))
        yield studio
    studio.close()


def shown(studio, **clip):
    return clips.show_clip(studio, asked(clips.CLIP, **CLIP | clip))


def waiting(studio, dataset="smic"):
    return marks.show_waiting(studio, asked(marks.MARKS, dataset=dataset))


def set_marks(studio, **moved):
    before = shown(studio)["marks"]
    body = {"marks": before | moved, "before": before, "source": "A. B."}
    return marks.save_marks(studio, asked(clips.CLIP, **CLIP), body)["marks"]


def apply(studio, version, dataset="smic"):
    return marks.apply_marks(studio, asked(marks.MARKS, dataset=dataset), {"version": version})


def rows(studio, name):
    path = studio.project.root / "config" / name
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else None


def test_a_later_onset_reruns_its_subject_its_packs_and_the_folds(studio):
    numbers = shown(studio)["numbers"]
    set_marks(studio, onset=numbers[2])
    found = waiting(studio)
    assert [(row["field"], row["now"]) for row in found["rows"]] == [("onset", str(numbers[2]))]
    effects = found["effects"]
    assert effects["subjects"] == ["smic/s01"] and not effects["fault"]
    steps = {name: (again, total) for name, again, total in effects["steps"]}
    # One of six subjects is cropped again; every fold has its clips in training or in the test.
    assert steps["crop"] == (1, 6)
    assert {name: (again, total) for name, again, total in effects["folds"]} == {
        "quick x1": (6, 6), "quick x10": (6, 6), "svm x1": (6, 6),
    }  # fmt: skip
    # Looking has changed nothing.
    assert rows(studio, "errata/generated/smic.csv") is None
    assert shown(studio)["applied"] == []


def test_applied_marks_are_what_the_next_run_reads(studio):
    numbers = shown(studio)["numbers"]
    set_marks(studio, onset=numbers[2], apex=numbers[5])
    done = apply(studio, waiting(studio)["version"])
    assert done == {"marks": 2, "file": "config/errata/generated/smic.csv"}
    lines = rows(studio, "errata/generated/smic.csv")
    assert [(r["field"], r["was"], r["is"], r["source"]) for r in lines] == [
        ("onset", str(numbers[0]), str(numbers[2]), "A. B."),
        ("apex", "", str(numbers[5]), "A. B."),
    ]
    assert rows(studio, "corrections/smic.csv") == []
    plan = Plan.read(studio.project.settings())
    clip = next(c for c in plan.data.clips["smic"] if c.key.clip == CLIP["clip"])
    assert (clip.onset, clip.apex) == (numbers[2], numbers[5])
    assert clip.numbers == tuple(numbers[2:])
    # The page shows them before that run as well, and says so.
    now = shown(studio)
    assert now["marks"] == now["published"] and now["marks"]["onset"] == numbers[2]
    assert now["applied"] == ["onset", "apex"]
    assert not waiting(studio)["rows"]


def test_applying_is_taken_back(studio):
    numbers = shown(studio)["numbers"]
    set_marks(studio, onset=numbers[2])
    apply(studio, waiting(studio)["version"])
    assert waiting(studio)["can_undo"]
    marks.undo_marks(studio, asked(marks.MARKS, dataset="smic"), {})
    assert rows(studio, "errata/generated/smic.csv") is None
    assert [line["is"] for line in rows(studio, "corrections/smic.csv")] == [str(numbers[2])]
    assert not waiting(studio)["can_undo"]
    with pytest.raises(Conflict):
        marks.undo_marks(studio, asked(marks.MARKS, dataset="smic"), {})


def read_again(studio):
    """Write the catalogue as a run does, with the errata as they are now."""
    clips_read = Plan.read(studio.project.settings()).data.clips["smic"]
    write_text("results/catalogue/smic.json", catalogue_text(clips_read))
    keep_records(again=True)


def test_a_correction_that_a_run_has_used_is_corrected_again_and_taken_back(studio):
    numbers = shown(studio)["numbers"]
    for position in (1, 2):
        set_marks(studio, onset=numbers[position])
        apply(studio, waiting(studio)["version"])
        assert shown(studio)["published"]["onset"] == numbers[position]
        if position == 1:
            read_again(studio)
    assert shown(studio)["applied"] == ["onset"]
    read_again(studio)
    undo = asked(marks.MARKS, dataset="smic")
    marks.undo_marks(studio, undo, {})
    assert shown(studio)["published"]["onset"] == numbers[1]
    assert shown(studio)["marks"]["onset"] == numbers[2]


def test_the_only_correction_is_taken_back_after_a_run(studio):
    first = shown(studio)
    onset = first["numbers"][1]
    set_marks(studio, onset=onset)
    apply(studio, waiting(studio)["version"])
    read_again(studio)
    marks.undo_marks(studio, asked(marks.MARKS, dataset="smic"), {})
    now = shown(studio)
    assert now["published"] == first["published"] and now["marks"]["onset"] == onset
    set_marks(studio, onset=first["numbers"][2])
    (line,) = rows(studio, "corrections/smic.csv")
    assert (line["was"], line["is"]) == tuple(map(str, (first["numbers"][0], first["numbers"][2])))


def test_a_correction_of_an_older_sheet_does_not_hide_what_the_sheet_has_now(studio):
    first = shown(studio)
    offset, at = first["marks"]["offset"], first["numbers"]
    set_marks(studio, offset=at[-3])
    path = studio.project.root / "config/corrections/smic.csv"
    path.write_text(path.read_text().replace(f"offset,{offset},", f"offset,{at[-2]},"))
    assert shown(studio)["published"] == first["published"] and shown(studio)["applied"] == []
    set_marks(studio, offset=at[-4])
    (line,) = rows(studio, "corrections/smic.csv")
    assert (line["was"], line["is"]) == (str(offset), str(at[-4]))


def test_the_sheet_is_read_once_for_all_clips_until_the_next_run(studio, monkeypatch):
    set_marks(studio, onset=shown(studio)["numbers"][1])
    shown(studio)
    read = []
    kept = applied_marks.read_dataset
    monkeypatch.setattr(
        applied_marks, "read_dataset", lambda *a, **k: read.append(a) or kept(*a, **k)
    )
    shown(studio)
    assert read == []
    read_again(studio)
    for _ in range(2):
        shown(studio)
    assert len(read) == 1


def test_an_apex_of_another_copy_of_the_sheet_stays(studio):
    clip = studio.project.clips("smic")[0]
    line = Correction("apex", "7", "8", "", "", (str(clip.apex),) if clip.apex else ("",))
    assert used_next(published(clip), [line]) == published(clip)


def test_a_second_correction_replaces_the_applied_line_and_keeps_what_the_sheet_had(studio):
    numbers = shown(studio)["numbers"]
    for position in (2, 3):
        set_marks(studio, onset=numbers[position])
        apply(studio, waiting(studio)["version"])
    (line,) = rows(studio, "errata/generated/smic.csv")
    assert (line["was"], line["is"]) == (str(numbers[0]), str(numbers[3]))


def test_applying_something_else_than_was_shown_is_refused(studio):
    numbers = shown(studio)["numbers"]
    set_marks(studio, onset=numbers[2])
    version = waiting(studio)["version"]
    set_marks(studio, onset=numbers[3])
    with pytest.raises(Conflict, match="changed since"):
        apply(studio, version)
    assert rows(studio, "errata/generated/smic.csv") is None
    with pytest.raises(MerflowError, match="no corrected mark"):
        apply(studio, waiting(studio, "samm")["version"], "samm")


def test_a_clip_of_one_frame_is_refused(studio):
    numbers = shown(studio)["numbers"]
    with pytest.raises(MerflowError, match="a clip of one frame has no movement"):
        set_marks(studio, onset=numbers[4], offset=numbers[4])
    assert rows(studio, "corrections/smic.csv") is None


def test_a_dataset_under_another_name_has_its_own_errata_file(studio):
    path = studio.project.config
    text = path.read_text()
    path.write_text(
        text.replace("  smic:\n", "  mine:\n    reader: smic\n").replace("- smic\n", "- mine\n")
    )
    (studio.project.root / "results/catalogue/smic.json").rename(
        studio.project.root / "results/catalogue/mine.json"
    )
    catalogue = studio.project.root / "results/catalogue/mine.json"
    catalogue.write_text(catalogue.read_text().replace('["smic"', '["mine"'))
    keep_records(again=True)
    key = {**CLIP, "dataset": "mine"}
    clip = next(c for c in studio.project.clips("mine") if c.key.clip == CLIP["clip"])
    before = {"onset": clip.onset, "apex": clip.apex, "offset": clip.offset}
    body = {"marks": before | {"onset": clip.numbers[1]}, "before": before, "source": ""}
    marks.save_marks(studio, asked(clips.CLIP, **key), body)
    assert apply(studio, waiting(studio, "mine")["version"], "mine")["marks"] == 1
    (line,) = rows(studio, "errata/generated/mine.csv")
    assert line["is"] == str(clip.numbers[1])
    read = Plan.read(studio.project.settings()).data.clips["mine"]
    assert next(c for c in read if c.key.clip == CLIP["clip"]).onset == clip.numbers[1]
