"""Long recordings keep what is annotated in them, and those without an expression stay."""

from collections import Counter

import full_size
import pytest
from full_size import samm_lv

from merflow.clip import Clip, ClipKey, Interval
from merflow.config.loading import validate
from merflow.config.settings import DatasetEntry
from merflow.datasets.catalogue import annotation_digest, catalogue_text, read_catalogue
from merflow.datasets.labels import explain
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.workflow.dataset_check import check_dataset, render
from merflow.workflow.plan import Plan


@pytest.fixture(scope="module")
def read_once(tmp_path_factory):
    """Return a function that writes a look-alike and reads it, once each."""
    made = {}

    def read(dataset, variant=""):
        if (dataset, variant) not in made:
            root = tmp_path_factory.mktemp(dataset)
            full_size.write(root, full_size.plan(dataset, variant))
            entry = DatasetEntry(root=str(root), variant=variant)
            made[dataset, variant] = (root, read_dataset(dataset, entry))
        return made[dataset, variant]

    return read


def kinds(clips):
    return Counter(one.kind for clip in clips for one in clip.intervals)


def warned(reading, words):
    return [p for p in reading.problems if words in p.found]


def test_samm_long_videos_have_their_published_counts(read_once):
    _, reading = read_once("samm_lv")
    clips = reading.clips
    assert (len(clips), len({c.key.subject for c in clips})) == (147, 30)
    assert kinds(clips) == {"micro": 159, "macro": 343} and not reading.errors
    words = Counter(i.emotion for c in clips for i in c.intervals if i.kind == "micro")
    assert words[""] == 1 and sum(words.values()) == 159 and len(words) == 9
    assert {i.emotion for c in clips for i in c.intervals if i.kind == "macro"} == {""}
    assert sum(not c.intervals for c in clips) == samm_lv.EMPTY


def test_samm_long_videos_report_what_is_odd_and_drop_nothing(read_once):
    _, reading = read_once("samm_lv")
    (partner,) = warned(reading, "is not in SAMM's sheet")
    assert "011_1_33" in partner.found and "row" in partner.where
    assert len(warned(reading, "begins before the recording")) == len(samm_lv.EARLY)
    assert len(warned(reading, "ends at its apex")) == len(samm_lv.NO_OFFSET)
    assert reading.sheets == (
        "SAMM_LongVideos_V3_Release.xlsx",
        "SAMM/SAMM_Micro_FACS_Codes_v2.xlsx",
        "release V3",
    )


def test_samm_and_its_long_videos_may_share_a_root(read_once):
    root, _ = read_once("samm_lv")
    reading = read_dataset("samm", DatasetEntry(root=str(root)), annotations_only=True)
    assert len(reading.clips) == 159 and not reading.errors


def test_samm_long_videos_without_the_micro_sheet_say_so(tmp_path):
    plan = full_size.plan("samm_lv")
    full_size.write(tmp_path, plan, frames=False)
    (tmp_path / plan.books[1].path).unlink()
    reading = read_dataset("samm_lv", DatasetEntry(root=str(tmp_path)), annotations_only=True)
    assert kinds(reading.clips) == {"micro": 159, "macro": 343} and len(reading.problems) == 5
    assert warned(reading, "no emotions") and not any(
        i.emotion for c in reading.clips for i in c.intervals
    )


def test_casme_sq_recordings_have_their_published_counts(read_once):
    _, reading = read_once("casme_sq", "spotting")
    clips = reading.clips
    assert kinds(clips) == {"micro": 57, "macro": 300} and not reading.errors
    inside = {kind: [c for c in clips if kinds([c])[kind]] for kind in ("micro", "macro")}
    assert sum(bool(c.intervals) for c in clips) == 95
    assert [c.key[1:] for c in clips if not c.intervals] == [
        ("s15", "happy5"),
        ("s16", "happy5"),
        ("s40", "anger1"),
    ]
    for kind, recordings, subjects in (("micro", 33, 14), ("macro", 89, 20)):
        assert len(inside[kind]) == recordings
        assert len({c.key.subject for c in inside[kind]}) == subjects
    rows = Counter()
    for clip in clips:
        rows[clip.key.clip] += len(clip.intervals)
    assert rows == {"anger1": 54, "happy1": 54, "anger2": 48, "happy4": 46, "disgust2": 45} | {
        "disgust1": 43, "happy3": 33, "happy2": 26, "happy5": 8,
    }  # fmt: skip
    assert Counter(i.emotion for c in clips for i in c.intervals) == {
        "negative": 126, "positive": 124, "others": 82, "surprise": 25,
    }  # fmt: skip


def test_casme_sq_intervals_have_their_published_lengths(read_once):
    _, reading = read_once("casme_sq", "spotting")
    intervals = [i for c in reading.clips for i in c.intervals]
    unknown = warned(reading, "ends at its apex")
    assert len(unknown) == 44 and all("offset '0'" in p.found for p in unknown)
    lengths = {
        kind: [i.offset - i.onset + 1 for i in intervals if i.kind == kind and i.offset != i.apex]
        for kind in ("micro", "macro")
    }
    assert len(lengths["micro"]) == 57 and len(lengths["macro"]) == 256
    assert [(min(n), max(n)) for n in lengths.values()] == [(9, 17), (4, 118)]
    assert (min(i.onset for i in intervals), max(i.offset for i in intervals)) == (34, 4356)


def test_check_counts_intervals_and_recordings(read_once):
    root, _ = read_once("samm_lv")
    facts = check_dataset("samm_lv", DatasetEntry(root=str(root)))
    assert facts["intervals"] == {"micro": 159, "macro": 343}
    assert facts["recordings_without"] == samm_lv.EMPTY and facts["sizes"] == {}
    text = render({"datasets": [facts], "experiments": []})
    assert "159 micro in" in text and "2 recordings without any" in text


def recording(*intervals):
    key = ClipKey("mine", "p1", "r1")
    return Clip(key, "/x", ("1.png",), (1,), 30.0, "", intervals=intervals)


def test_intervals_survive_the_catalogue_and_change_its_digest(tmp_path):
    inside = Interval(3, None, 9, "micro", "happy", "4+7")
    clips = [recording(inside), Clip(ClipKey("mine", "p2", "c"), "/x", ("1.png",), (1,), 30.0, "")]
    (tmp_path / "c.json").write_text(catalogue_text(clips))
    assert read_catalogue(tmp_path / "c.json") == clips
    assert catalogue_text(clips).count("intervals") == 1  # rows of clips are as they were
    assert len({annotation_digest([c]) for c in (clips[0], recording(), clips[1])}) == 3
    assert read_catalogue(_written(tmp_path, [recording()])) == [recording()]


def _written(folder, clips):
    path = folder / "again.json"
    path.write_text(catalogue_text(clips))
    return path


def test_no_scheme_takes_a_recording():
    outcome = explain("raw", recording())
    assert outcome.label is None and "for spotting" in outcome.reason


def experiment(datasets):
    return validate(
        {
            "datasets": {name: {"root": name, "reader": "manifest"} for name in datasets},
            "collections": {"c": sorted(datasets)},
            "preparations": {"p": {}},
            "experiments": {"e": {"preparation": "p", "collection": "c", "scheme": "three"}},
        }
    )


def test_an_experiment_on_recordings_or_unlabelled_clips_is_refused():
    happy = Clip(ClipKey("good", "p1", "c"), "/x", ("1.png",), (1,), 30.0, "happy")
    bare = Clip(ClipKey("bare", "p1", "c"), "/x", ("1.png",), (1,), 30.0, "")
    for name, clips, words in (
        ("mine", [recording()], "whole recordings with intervals, for spotting"),
        ("bare", [bare], "bare has no labels: its 1 clip"),
    ):
        # A labelled dataset beside it would hide that all of it is dropped.
        plan = Plan(experiment({"good", name}), {"good": [happy], name: clips})
        with pytest.raises(MerflowError, match=words) as error:
            plan.data.labelled("e")
        assert error.value.where == "experiments.e" and f"take {name} out" in error.value.fix
