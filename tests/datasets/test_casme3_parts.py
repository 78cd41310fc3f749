"""CAS(ME)3 beyond the labelled clips of part A: the counts of its public sheets, and its oddities."""

from collections import Counter

import full_size
import pytest
from full_size import casme3_part_c

from merflow.clip import Clip, ClipKey
from merflow.config.loading import validate
from merflow.config.settings import DatasetEntry
from merflow.datasets.labels import classes, explain
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.workflow.plan import Plan


@pytest.fixture(scope="module")
def sheets_of(tmp_path_factory):
    """Return a function that writes the sheets of a variant and reads them, once each."""
    made = {}

    def read(variant):
        if variant not in made:
            root = tmp_path_factory.mktemp(variant)
            full_size.write(root, full_size.plan("casme3", variant), frames=False)
            made[variant] = read_sheets(root, variant)
        return made[variant]

    return read


def read_sheets(root, variant):
    entry = DatasetEntry(root=str(root), variant=variant)
    reading = read_dataset("casme3", entry, annotations_only=True)
    assert not reading.errors
    return reading


def subjects(clips):
    return len({clip.key.subject for clip in clips})


def warned(reading, words):
    return [p for p in reading.problems if words in p.found]


def test_part_a_has_4206_intervals_and_859_of_860_join(sheets_of):
    reading = sheets_of("part_a_spotting")
    clips = reading.clips
    inside = {k: [c for c in clips if any(i.kind == k for i in c.intervals)] for k in KINDS}
    number = Counter(i.kind for c in clips for i in c.intervals)
    assert number == {"macro": 3346, "micro": 860} and number.total() == 4206
    assert subjects(clips) == 98
    assert {k: len(found) for k, found in inside.items()} == {"macro": 904, "micro": 463}
    words = Counter(i.emotion for c in clips for i in c.intervals)
    assert words[""] == 3346 and words["others"] == 161 and words["happy"] == 55
    (odd,) = warned(reading, "is not in the label sheet")
    assert "spNO.216 d, onset 2647" in odd.found and "errata of that sheet join it" in odd.found


KINDS = ("macro", "micro")


def test_without_errata_the_odd_interval_has_no_emotion(tmp_path):
    full_size.write(tmp_path, full_size.plan("casme3", "part_a_spotting"), frames=False)
    (tmp_path / "demo.json").write_text("{}")
    clips = read_sheets(tmp_path, "part_a_spotting").clips
    micro = [i.emotion for c in clips for i in c.intervals if i.kind == "micro"]
    assert (len(micro), micro.count("")) == (860, 1)


def test_macro_expressions_of_part_a_are_clips_without_emotion(sheets_of):
    clips = sheets_of("part_a_macro").clips
    assert (len(clips), subjects(clips)) == (3346, 98)
    assert len({(c.key.subject, c.key.clip[0]) for c in clips}) == 904
    assert max(c.offset - c.onset + 1 for c in clips) == 4336
    assert explain("objective", clips[0]).label is None and clips[0].objective == "VII"
    assert explain("three", clips[0]).reason == "it has no emotion"


def test_blinks_are_841_of_13_subjects(sheets_of):
    clips = sheets_of("blinks").clips
    assert Counter(i.kind for c in clips for i in c.intervals) == {"blink": 841}
    assert subjects(clips) == 13


def test_part_b_has_no_labels_and_cannot_be_trained_on(sheets_of):
    reading = sheets_of("part_b")
    clips = reading.clips
    assert subjects(clips) == 116 and Counter(Counter(c.key.subject for c in clips).values()) == {
        13: 116
    }
    assert {(c.emotion, c.onset, c.apex, c.offset) for c in clips} == {("", None, None, None)}
    assert len(warned(reading, "is also in sheet 'Sheet1'")) == 13
    assert warned(reading, "self-reports are no labels")
    settings = validate(
        {
            "datasets": {"casme3": {"root": "x", "variant": "part_b"}},
            "collections": {"c": ["casme3"]},
            "preparations": {"p": {}},
            "experiments": {"e": {"preparation": "p", "collection": "c", "scheme": "three"}},
        }
    )
    with pytest.raises(MerflowError, match="casme3 has no labels: its 1,508 clips are unlabelled"):
        Plan(settings, {"casme3": list(clips)}).data.folds("e")


def test_part_b_reads_the_114_subjects_of_its_first_sheet(tmp_path):
    plan = full_size.plan("casme3", "part_b")
    full_size.write(tmp_path, plan, frames=False)
    (path,) = (tmp_path / book.path for book in plan.books)
    rows = [["spNo.18", 1, 3], ["", 2, 4], ["spNo.19", 1, 0]]
    path.unlink()
    short = path.with_suffix(".csv")
    short.write_text(
        "a sentence\n,Video order , happy\n" + "\n".join(",".join(map(str, r)) for r in rows)
    )
    reading = read_sheets(tmp_path, "part_b")
    assert [c.key[1:] for c in reading.clips] == [
        ("spNO.018", "a"), ("spNO.018", "b"), ("spNO.019", "a"),
    ]  # fmt: skip
    assert len(warned(reading, "self-reports")) == 3  # two subjects with fewer than 13


def test_part_c_has_165_clips_without_an_apex(sheets_of):
    clips = sheets_of("part_c").clips
    assert (len(clips), subjects(clips)) == (165, 30)
    assert Counter(c.emotion for c in clips) == {
        "negative": 99, "surprise": 30, "others": 20, "positive": 16,
    }  # fmt: skip
    assert {c.apex for c in clips} == {None}
    lengths = sorted(c.offset - c.onset + 1 for c in clips)
    assert (lengths[0], lengths[82], lengths[-1]) == (4, 12, 35)
    units = {c.action_units for c in clips}
    assert {*casme3_part_c.ODD_UNITS.values(), "4", "R4,L12"} <= units


def test_part_c_has_classes_of_its_own():
    crime = {"root": "x", "reader": "casme3"}
    assert len(classes("raw", validate({"datasets": {"crime": crime}}), ["crime"])) == 7
    settings = validate({"datasets": {"crime": crime | {"variant": "part_c"}}})
    assert classes("raw", settings, ["crime"]) == ("negative", "others", "positive", "surprise")
    clip = Clip(ClipKey("crime", "01", "a_1"), "", (), (), 30.0, "negative")
    assert (
        explain("three", clip, settings).label == explain("raw", clip, settings).label == "negative"
    )


def test_part_c_has_463_intervals_and_159_join(sheets_of):
    reading = sheets_of("part_c_spotting")
    clips = reading.clips
    assert Counter(i.kind for c in clips for i in c.intervals) == {"micro": 160, "macro": 303}
    assert subjects(clips) == 28
    words = Counter(i.emotion for c in clips for i in c.intervals if i.kind == "micro")
    assert words[""] == 1 and words.total() == 160
    (alone,) = warned(reading, "no emotion")
    assert "31 15000..15010" in alone.found
    (rest,) = warned(reading, "are not in it")
    assert rest.found.startswith("6 labelled micro-expressions") and "03 " in rest.found
