"""Prepared flow pictures: every layout that circulates gives the same clips and classes."""

import os
from collections import Counter
from pathlib import Path

import cv2
import flow_layouts
import numpy as np
import pytest

from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import labels
from merflow.datasets.readers.flow_pictures import names
from merflow.datasets.registry import check_files, read_dataset
from merflow.errors import MerflowError
from merflow.io.prepared_clips import read_prepared

COUNTS = {"negative": 250, "positive": 109, "surprise": 83}
LOSO, WHOLE = flow_layouts.LOSO, flow_layouts.WHOLE


@pytest.fixture(scope="module")
def pictures():
    return flow_layouts.made()


@pytest.fixture(scope="module")
def layouts(tmp_path_factory, pictures):
    root = tmp_path_factory.mktemp("flow")
    for name, write in flow_layouts.LAYOUTS.items():
        write(root / name, pictures)
    return root


def read(root, name="all", **entry):
    return read_dataset(name, DatasetEntry(root=str(root), reader="flow_pictures", **entry))


@pytest.mark.parametrize("layout", flow_layouts.LAYOUTS)
def test_every_layout_gives_442_clips_with_class_and_subject(layouts, pictures, layout):
    sheet = {} if layout == "loso" else {"sheet": "list.csv"}
    found = read(layouts / layout, **sheet)
    assert not found.problems
    assert Counter(clip.emotion for clip in found.clips) == COUNTS
    assert len({clip.key.subject for clip in found.clips}) == 68
    wanted = {one[1:3]: one.label for one in pictures}
    assert {clip.key[1:]: clip.emotion for clip in found.clips} == wanted
    assert {(clip.enters_at, clip.flow.zero, len(clip.files)) for clip in found.clips} == {
        ("interpolated", None, 1)
    }
    shown = {one[1:3]: one.picture for one in pictures[::40]}
    for clip in found.clips:
        if clip.key[1:] in shown:
            assert np.array_equal(read_prepared(clip).frames, shown[clip.key[1:]])


@pytest.mark.parametrize(("dataset", "clips"), [("smic", 164), ("casme2", 145), ("samm", 133)])
def test_an_entry_named_after_a_dataset_reads_its_own_clips(layouts, dataset, clips):
    for layout, sheet in (("loso", ""), ("flat", "list.csv")):
        found = read(layouts / layout, dataset, sheet=sheet).required()
        assert len(found.clips) == clips
        assert {clip.key.dataset for clip in found.clips} == {dataset}


def test_the_schemes_keep_classes_in_place_of_emotions(layouts):
    entries = {
        name: DatasetEntry(root=str(layouts / "loso"), reader="flow_pictures")
        for name in ("smic", "casme2", "samm")
    }
    settings = Settings(datasets=entries)
    clips = [c for name, entry in entries.items() for c in read_dataset(name, entry).clips]
    kept, found = labels.apply_scheme("three", clips, settings)
    assert len(kept) == 442 and Counter(found) == COUNTS


def test_the_class_in_healers_names_is_no_megc_class(layouts):
    found = read(layouts / "healer")
    assert Counter(clip.emotion for clip in found.clips) == {
        "negative": 70,
        "negative-or-others": 180,
        "positive": 109,
        "surprise": 83,
    }
    (problem,) = found.problems
    assert "is not the MEGC2019 class" in problem.found and "180 pictures" in problem.found


def test_four_pictures_a_clip_are_four_frames_where_frames_are_asked_for(layouts):
    found = read(layouts / "causalnet", sheet="list.csv", kind="frames")
    assert {len(clip.files) for clip in found.clips} == {4}
    clip = next(c for c in found.clips if c.key.subject == "s20")
    assert [Path(file).stem.strip()[-2:] for file in clip.files[1:]] == ["_1", "_2", "_3"]
    assert read_prepared(clip).frames.shape == (4, 28, 28, 3)


def test_an_end_in_a_digit_is_a_further_picture_only_where_the_shorter_name_is_known():
    def pictures(*stems):
        return names.pictures(Path("w"), [f"{stem} .png" for stem in stems])

    both = pictures("sub03_EP01_2", "sub03_EP01")
    assert len(names.grouped(both, set())) == 1
    assert len(names.grouped(both, {"sub03_EP01", "sub03_EP01_2"})) == 2
    assert [p.clip for p in names.grouped(pictures("006_006_1_2"), set())] == ["006_1_2"]
    assert [p.clip for p in names.grouped(pictures("sub03_EP01_2"), {"sub03_EP01"})] == ["EP01_2"]


def small(root, write=flow_layouts.write_loso, every=20):
    made = flow_layouts.made(every=every)
    write(root, made)
    return made


def test_copies_in_u_train_are_compared_by_their_pixels(tmp_path):
    made = small(tmp_path)
    entry = DatasetEntry(root=str(tmp_path), reader="flow_pictures")
    assert check_files("all", entry) == []
    one, other = made[0], made[-1].subject
    copy = (
        tmp_path
        / LOSO
        / other
        / "u_train"
        / str(names.CLASSES.index(one.label))
        / f"{one.subject}_{one.clip} .png"
    )
    data = cv2.imencode(".png", one.picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    copy.unlink()
    copy.write_bytes(data.tobytes())
    assert check_files("all", entry) == [], "other bytes, equal pixels"
    copy.write_bytes(cv2.imencode(".png", one.picture[..., ::-1] // 2)[1].tobytes())
    (problem,) = check_files("all", entry)
    assert problem.found.startswith("1 picture with other pixels in u_train than in u_test")
    assert other in problem.found


def _move(root, made, into):
    one = made[0]
    inside = Path(str(names.CLASSES.index(one.label)), f"{one.subject}_{one.clip} .png")
    return root / LOSO / one.subject / "u_test" / inside, root / LOSO / made[-1].subject / into


def test_what_is_wrong_between_train_and_test_is_named(tmp_path):
    made = small(tmp_path)
    one, other = made[0], made[-1].subject
    label = str(names.CLASSES.index(one.label))
    name = f"{one.subject}_{one.clip} .png"
    train = tmp_path / LOSO / other / "u_train"
    (train / label / name).rename(train / label / f"{one.subject}_EP99_99 .png")
    wrong = str((int(label) + 1) % 3)
    third = made[len(made) // 2].subject
    elsewhere = tmp_path / LOSO / third / "u_train"
    (elsewhere / wrong).mkdir(exist_ok=True)
    (elsewhere / label / name).rename(elsewhere / wrong / name)
    own = tmp_path / LOSO / one.subject / "u_train" / label
    own.mkdir(parents=True, exist_ok=True)
    os.link(tmp_path / LOSO / one.subject / "u_test" / label / name, own / name)
    texts = [problem.found for problem in read(tmp_path).problems]
    for part in (
        "1 tested picture stand in u_train",
        "u_train lacks 1 picture of other subjects",
        "u_train holds 1 picture that no subject's u_test has",
        f"have another class than in u_test, such as {one.subject}_{one.clip}",
    ):
        assert sum(part in text for text in texts) == 1, part


@pytest.mark.parametrize(
    ("write", "entry", "message"),
    [
        (flow_layouts.write_flat, {}, "its pictures have no class"),
        (flow_layouts.write_causalnet, {}, "its pictures have no class"),
        (
            flow_layouts.write_flat,
            {"sheet": "lists.csv"},
            "no such file: .*did you mean 'list.csv'",
        ),
        (flow_layouts.write_flat, {"variant": "loso"}, "no folders of frames of variant 'loso'"),
        (flow_layouts.write_loso, {"variant": "htnet"}, "unknown variant 'htnet'"),
        (lambda root, _: root.mkdir(exist_ok=True), {}, "no folders of frames"),
    ],
    ids=["flat", "causalnet", "sheet", "variant", "unknown", "empty"],
)
def test_a_layout_that_cannot_be_read_is_refused(tmp_path, write, entry, message):
    small(tmp_path, write)
    with pytest.raises(MerflowError, match=message):
        read(tmp_path, **entry).required()


def test_both_layouts_may_lie_in_one_root(tmp_path):
    made = small(tmp_path)
    flow_layouts.write_flat(tmp_path, made)
    for entry in ({}, {"variant": "flat", "sheet": "list.csv"}):
        assert len(read(tmp_path, **entry).required().clips) == len(made)


def test_a_list_counts_more_than_the_class_folders(tmp_path):
    made = small(tmp_path)
    one = made[0]
    other = next(name for name in flow_layouts.CLASSES if name != one.label)
    flow_layouts.write_list(tmp_path, [one._replace(label=other), *made[1:-1]])
    found = read(tmp_path, sheet="list.csv")
    texts = [problem.found for problem in found.problems]
    assert any(f"its folder says {one.label}; the list says {other}" in text for text in texts)
    assert any("1 picture not in the list and not read" in text for text in texts)
    emotions = {clip.key[1:]: clip.emotion for clip in found.clips}
    assert emotions[one[1:3]] == other and len(emotions) == len(made) - 1


def test_names_of_classes_beside_the_subjects_are_read(tmp_path):
    made = small(tmp_path)
    names_of = tmp_path / LOSO / "classes.csv"
    names_of.write_text("number,class\n0,Anger\n1,Joy\n2,Fear\n")
    found = Counter(clip.emotion for clip in read(tmp_path).required().clips)
    wanted = Counter(one.label for one in made)
    assert found == {"anger": wanted["negative"], "joy": wanted["positive"],
                     "fear": wanted["surprise"]}  # fmt: skip
    for text, message in (
        (b"number,class\n\xff\xfe,x\n", "classes.csv"),
        (b"class\nx\n", "number"),
        (b"", "classes.csv"),
    ):
        names_of.write_bytes(text)
        with pytest.raises(MerflowError, match=message):
            read(tmp_path)


def test_a_damaged_picture_is_named_by_the_comparison(tmp_path):
    made = small(tmp_path)
    path, _ = _move(tmp_path, made, "")
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])
    (problem,) = check_files("all", DatasetEntry(root=str(tmp_path), reader="flow_pictures"))
    assert f"{made[0].subject}_{made[0].clip}" in problem.found


def test_pictures_and_list_are_compared_by_name(tmp_path):
    made = small(tmp_path, flow_layouts.write_flat)
    one = made[0]
    (tmp_path / WHOLE / f"{one.subject}_{one.clip} .png").rename(
        tmp_path / WHOLE / "sub77_EP01_01 .png"
    )
    texts = [problem.found for problem in read(tmp_path, sheet="list.csv").problems]
    assert any("1 picture not in the list and not read: sub77_EP01_01 .png" in t for t in texts)
    assert any(
        f"1 clip of the list without a picture: {one.subject}/{one.clip}" in t for t in texts
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"flow": {"channels": ["u", "v"]}}, "channels: u, v and strain, each once"),
        ({"flow": {"channels": ["u", "u", "strain"]}}, "channels: u, v and strain, each once"),
        ({"flow": {"channels": ["u", "v", "w"]}}, "channels"),
        ({"flow": {"unit": 2}}, "unit: has no effect without `zero`"),
        ({"flow": {"unit": 0, "zero": 128}}, "unit"),
        ({"flow": {"zero": 300}}, "zero"),
        ({"flow": {"nought": 128}}, "nought"),
        ({"kind": "frames", "flow": {"zero": 128}}, "flow: has no effect with kind: frames"),
        ({"kind": "flow", "enters_at": "raw"}, "enters_at: raw with kind: flow"),
        ({"kind": "pictures"}, "kind"),
    ],
    ids=str,
)
def test_settings_of_prepared_flow_that_do_not_fit_are_refused(entry, message):
    from merflow.config.loading import validate

    with pytest.raises(MerflowError, match=message):
        validate({"datasets": {"d": {"root": "x", **entry}}})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("p1,a,folder,", "'folder' is a folder"),
        ("p1,a,clip.avi,", "'clip.avi' is a video"),
        ("p1,a,x.png,raw", "'raw' with kind: flow"),
        ("p1,a,x.txt,", "neither a folder nor a file of a known type"),
    ],
)
def test_a_manifest_of_flow_refuses_what_is_no_flow(tmp_path, row, message):
    (tmp_path / "folder").mkdir()
    for name in ("clip.avi", "x.png", "x.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "manifest.csv").write_text(f"subject,clip,path,enters_at\n{row}\n")
    entry = DatasetEntry(root=str(tmp_path), reader="manifest", kind="flow")
    with pytest.raises(MerflowError, match=message):
        read_dataset("mine", entry).required()
