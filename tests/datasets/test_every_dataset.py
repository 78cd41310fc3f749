"""One battery for every dataset: what a look-alike holds is what its reader finds.

The look-alikes have the published size, names and faults, and empty files in place of pictures.
A new file in `datasets/` with a plan in `tests/helpers/full_size/` is tested here without an edit.
"""

import dataclasses
import os
import shutil
from collections import Counter
from pathlib import Path

import full_size
import pytest

from merflow.clip import ENTRIES
from merflow.config.settings import DatasetEntry
from merflow.datasets.frame_contents import FrameContents
from merflow.datasets.registry import names, read_dataset, require_subjects, spec_of
from merflow.datasets.spec import NO_SUBJECT
from merflow.errors import MerflowError

VARIANTS = [(name, variant) for name, known in full_size.VARIANTS.items() for variant in known]
PUBLISHED = sorted(full_size.VARIANTS)
CARDS = Path(__file__).parents[2] / "docs" / "datasets"

COUNTS = {
    # dataset, variant: clips, subjects, labels
    ("smic", "HS"): (164, 16, {"negative": 70, "positive": 51, "surprise": 43}),
    ("smic", "HS_cropped"): (163, 16, {"negative": 70, "positive": 51, "surprise": 42}),
    ("smic", "VIS"): (71, 8, {"negative": 23, "positive": 28, "surprise": 20}),
    ("smic", "VIS_E"): (71, 8, {"negative": 23, "positive": 28, "surprise": 20}),
    ("smic", "NIR_E"): (71, 8, {"negative": 23, "positive": 28, "surprise": 20}),
    ("smic", "HS_E"): (162, 16, {"negative": 69, "positive": 51, "surprise": 42}),
    ("casme2", "selected"): (
        255,
        26,
        {"others": 99, "disgust": 63, "happiness": 32, "repression": 27}
        | {"surprise": 25, "sadness": 7, "fear": 2},
    ),
    ("samm", "full"): (
        159,
        29,
        {"anger": 57, "happiness": 26, "other": 26, "surprise": 15, "contempt": 12}
        | {"disgust": 9, "fear": 8, "sadness": 6},
    ),
    ("casme_sq", "rawpic"): (
        57,
        14,
        {"negative": 21, "others": 19, "surprise": 9, "positive": 8},
    ),
    ("casme_sq", "rawpic_macro"): (
        300,
        20,
        {"negative": 105, "others": 63, "surprise": 16, "positive": 116},
    ),
    ("casme3", "clips"): (
        860,
        94,
        {"disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64}
        | {"sad": 57, "happy": 55},
    ),
    ("casme", "raw"): (
        189,
        19,
        {"tense": 69, "disgust": 44, "repression": 38, "surprise": 20, "happiness": 7}
        | {"sadness": 6, "contempt": 3, "fear": 2},
    ),
    ("dfme", "all"): (
        2629,
        259,
        {"anger": 241, "contempt": 171, "disgust": 735, "fear": 365, "happiness": 311}
        | {"sadness": 359, "surprise": 447},
    ),
    ("dfme", "training"): (
        1856,
        176,
        {"anger": 161, "contempt": 100, "disgust": 548, "fear": 265, "happiness": 206}
        | {"sadness": 278, "surprise": 298},
    ),
    ("dfme", "testA"): (
        474,
        42,
        {"anger": 39, "contempt": 34, "disgust": 129, "fear": 62, "happiness": 63}
        | {"sadness": 46, "surprise": 101},
    ),
    ("dfme", "testB"): (
        299,
        41,
        {"anger": 41, "contempt": 37, "disgust": 58, "fear": 38, "happiness": 42}
        | {"sadness": 35, "surprise": 48},
    ),
    ("fourdme", "gray"): (
        267,
        41,
        {"negative": 127, "others": 43, "positive": 34, "surprise": 30, "repression": 6}
        | {"positive+surprise": 13, "negative+surprise": 8, "repression+surprise": 3}
        | {"positive+repression": 3},
    ),
    ("meview", "all"): (
        40,
        15,
        {"": 13, "surprise": 9, "happy": 6, "contempt": 6, "contempt+disgust": 1}
        | {"anger": 2, "fear": 3},
    ),
    ("meview", "clear"): (
        22,
        9,
        {"surprise": 9, "happy": 5, "contempt": 5, "anger": 2, "fear": 1},
    ),
    ("mmew", "micro"): (
        300,
        30,
        {"surprise": 89, "disgust": 72, "others": 66, "happiness": 36, "fear": 16}
        | {"sadness": 13, "anger": 8},
    ),
    ("jaffe", "stills"): (
        213,
        10,
        {"anger": 30, "disgust": 29, "fear": 32, "happiness": 31, "neutral": 30}
        | {"sadness": 31, "surprise": 30},
    ),
}


def planned(dataset, variant):
    """The look-alike; of variants other than the usual one, frames of every eighth subject."""
    plan = full_size.plan(dataset, variant)
    if plan.tree_is_annotation or variant == next(iter(full_size.VARIANTS[dataset])):
        return plan
    subjects = sorted({e.subject for e in plan.expected})[::8]
    kept = []
    for item in plan.items:
        if item.expected and item.expected.subject not in subjects:
            if item.expected.intervals == ():  # only its folder shows that it is there
                continue
            bare = dataclasses.replace(item.expected, numbers=())
            item = dataclasses.replace(
                item, expected=bare, names=(), folder=item.folder.split("/")[0]
            )
        kept.append(item)
    return dataclasses.replace(plan, items=tuple(kept))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a function that writes a look-alike once, in a root with spaces and accents."""
    made = {}

    def write(dataset, variant):
        if (dataset, variant) not in made:
            root = tmp_path_factory.mktemp("data") / "données 表情 x" / dataset
            full_size.write(root, planned(dataset, variant))
            made[dataset, variant] = root
        return made[dataset, variant]

    return write


def fields(clip):
    return (
        clip.key.subject,
        clip.key.clip,
        clip.emotion,
        clip.numbers,
        clip.onset,
        clip.apex,
        clip.offset,
        clip.action_units,
        clip.objective,
        None if clip.intervals is None else tuple(map(dataclasses.astuple, clip.intervals)),
    )


def wanted(expected):
    return [dataclasses.astuple(one)[:-1] for one in expected]


def read(dataset, root, variant="", **more):
    return read_dataset(dataset, DatasetEntry(root=str(root), variant=variant), **more)


@pytest.mark.parametrize(("dataset", "variant"), VARIANTS)
def test_every_field_of_every_clip_is_read(written, dataset, variant):
    root = written(dataset, variant)
    reading = read(dataset, root, variant)
    expected = planned(dataset, variant).expected
    assert [fields(c) for c in reading.clips] == wanted(expected)
    assert not reading.errors
    assert not [p for p in reading.problems if "not read: '" in p.found], "an unknown column"
    spec = spec_of(dataset)
    known = spec.variant(variant)
    for clip, one in zip(reading.clips, expected, strict=True):
        assert clip.key.dataset == dataset
        assert len(clip.files) == len(clip.numbers)
        assert (clip.fps, clip.enters_at) == (one.fps or known.fps, known.enters_at)
        assert bool(clip.missing) == (not clip.files)
        for file in clip.files[:1]:
            assert os.path.isfile(os.path.join(clip.folder, file))


@pytest.mark.parametrize(("dataset", "variant"), list(COUNTS))
def test_published_counts(written, dataset, variant):
    clips = read(dataset, written(dataset, variant), variant).clips
    total, subjects, words = COUNTS[dataset, variant]
    assert (len(clips), len({c.key.subject for c in clips})) == (total, subjects)
    assert Counter(c.emotion for c in clips) == words


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_roots_may_be_links_to_read_only_folders_a_level_above(written, dataset, tmp_path):
    # And the variant that is found first need not be named.
    variant = next(iter(full_size.VARIANTS[dataset]))
    root = written(dataset, variant)
    assert [p.name for p in root.parent.iterdir()] == [dataset]
    link = tmp_path / "a link"
    link.symlink_to(root.parent, target_is_directory=True)
    mode = root.stat().st_mode
    root.chmod(0o555)
    try:
        reading = read(dataset, link)
    finally:
        root.chmod(mode)
    expected = full_size.plan(dataset, variant).expected
    assert [fields(c) for c in reading.clips] == wanted(expected)
    assert not reading.errors


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_sheets_alone_are_enough_for_annotations(tmp_path, dataset):
    full_size.write(tmp_path, full_size.plan(dataset), frames=False)
    if full_size.plan(dataset).dataset in ("jaffe", "ktfe"):
        pytest.skip("its labels are the names of its pictures")
    reading = read(dataset, tmp_path, annotations_only=True)
    expected = full_size.plan(dataset).in_sheets
    assert [(c.key.subject, c.key.clip, c.emotion) for c in reading.clips] == [
        (e.subject, e.clip, e.emotion) for e in expected
    ]
    assert not reading.errors
    if not full_size.plan(dataset).tree_is_annotation:
        with pytest.raises(MerflowError, match="no folders of frames"):
            read(dataset, tmp_path)


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_a_clip_without_its_folder_stays_with_a_reason(written, dataset):
    variant = next(iter(full_size.VARIANTS[dataset]))
    plan = full_size.plan(dataset, variant)
    if plan.tree_is_annotation or dataset == "casme_sq":
        pytest.skip("a clip is its folder, or shares it with others")
    root = written(dataset, variant)
    gone = next(item for item in plan.items if item.expected and item.expected.numbers)
    away = root.parent.parent / f"away {dataset}"
    (root / gone.folder).rename(away)
    try:
        reading = read(dataset, root)
    finally:
        away.rename(root / gone.folder)
    want = (gone.expected.subject, gone.expected.clip)
    (clip,) = [c for c in reading.clips if c.key[1:] == want]
    assert len(reading.clips) == len(plan.expected)
    assert clip.missing and not clip.files and str(root) not in clip.missing
    assert any("will be skipped" in p.found for p in reading.problems)
    assert not reading.errors


def test_an_empty_clip_folder_stays_with_a_reason(tmp_path):
    full_size.write(tmp_path, full_size.plan("smic", "VIS"))
    folder = tmp_path / "SMIC_all_raw/VIS/s11/micro/positive/s11_po_01"
    for file in folder.iterdir():
        file.unlink()
    clips = {c.key.clip: c for c in read("smic", tmp_path).clips}
    assert "holds no frames" in clips["s11_po_01"].missing
    assert len(clips) == 71


def test_frames_numbered_otherwise_than_the_sheet_are_refused_by_numbers(written):
    root = written("casme2", "selected")
    folder = root / "CASME2_RAW_selected/CASME2_RAW_selected/sub01"
    clip = sorted(folder.iterdir())[0]
    for file in sorted(clip.iterdir()):
        file.rename(clip / file.name.replace("img", "img9"))
    try:
        found = next(c for c in read("casme2", root).clips if c.key[1:] == ("sub01", clip.name))
    finally:
        for file in sorted(clip.iterdir()):
            file.rename(clip / file.name.replace("img9", "img"))
    assert "holds none of frames" in found.missing


def test_the_2019_sheet_is_read_when_it_is_named(tmp_path):
    full_size.write(tmp_path, full_size.plan("casme2"), frames=False)
    entry = DatasetEntry(root=str(tmp_path), sheet="CASME2-coding-20190701.xlsx")
    clips = read_dataset("casme2", entry, annotations_only=True).clips
    assert Counter(c.emotion for c in clips)["surprise"] == 28
    assert Counter(c.objective for c in clips) == {
        "1": 30, "2": 18, "3": 93, "4": 15, "5": 18, "6": 2, "7": 79,
    }  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_every_dataset_states_its_facts(name):
    spec = spec_of(name)
    assert spec.name == name and spec.title and spec.licence and spec.layout and spec.source
    assert spec.publishable_subjects == frozenset()
    assert len({v.name for v in spec.variants}) == len(spec.variants)
    for variant in spec.variants:
        assert variant.fps > 0 and variant.enters_at in ENTRIES and variant.about
    assert all(word == word.casefold() for word in spec.emotions)
    assert spec.any_dataset or name in full_size.VARIANTS


@pytest.mark.parametrize("name", names())
def test_every_dataset_has_a_card(name):
    text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    for part in ("How to get it", "Licence", "Folder", "Counts", "Known faults"):
        assert f"## {part}" in text, part
    for variant in spec_of(name).variants:
        assert f"`{variant.name}`" in text, variant.name


@pytest.mark.parametrize("name", names())
def test_a_missing_root_is_reported_with_what_to_do(name, tmp_path):
    with pytest.raises(MerflowError) as error:
        read(name, tmp_path / "no")
    assert f"datasets.{name}.root" in str(error.value)
    assert spec_of(name).layout in error.value.expected
    with pytest.raises(MerflowError) as error:
        read(name, tmp_path / "demo" / name)
    assert ("merflow demo" in error.value.fix) == spec_of(name).generated


@pytest.mark.parametrize("name", names())
def test_an_empty_root_is_reported_with_the_expected_layout(name, tmp_path):
    with pytest.raises(MerflowError) as error:
        read(name, tmp_path)
    assert str(tmp_path) in error.value.where and error.value.expected and error.value.fix


@pytest.mark.parametrize("name", names())
def test_an_unknown_variant_and_reader_are_refused(name, tmp_path):
    with pytest.raises(MerflowError, match="unknown variant"):
        read(name, tmp_path, "nope")
    with pytest.raises(MerflowError, match="unknown dataset reader"):
        read_dataset(name, DatasetEntry(root=str(tmp_path), reader="nope"))


def test_subject_ids_are_not_known_in_ktfe_and_splits_are_refused(written):
    clips = read("ktfe", written("ktfe", "rgb")).clips
    assert {c.key.subject for c in clips} == {NO_SUBJECT}
    with pytest.raises(MerflowError, match="without a subject id"):
        require_subjects(clips, "experiments.x")
    require_subjects(read("jaffe", written("jaffe", "stills")).clips, "experiments.x")


def test_a_table_supplies_the_subjects_of_ktfe(tmp_path):
    (tmp_path / "RGB").mkdir()
    (tmp_path / "RGB" / "R_Angry_1_KTFE.jpg").touch()
    (tmp_path / "manifest.csv").write_text("path,subject\nRGB/R_Angry_1_KTFE.jpg,p01\n")
    (clip,) = read("ktfe", tmp_path).clips
    assert clip.key == ("ktfe", "p01", "R_Angry_1_KTFE")


def test_ktfe_class_folders(tmp_path):
    for emotion, name in (("Angry", "a.jpg"), ("Sad", "b 1.png")):
        (tmp_path / "Thermal" / emotion).mkdir(parents=True)
        (tmp_path / "Thermal" / emotion / name).touch()
    clips = read("ktfe", tmp_path, "thermal").clips
    assert [(c.emotion, c.key.clip) for c in clips] == [
        ("anger", "anger_a"),
        ("sadness", "sadness_b_1"),
    ]


def test_digest_sees_what_align_reads_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    full_size.write(tmp_path / "one", full_size.plan("smic", "VIS"))
    clips = [c for c in read("smic", tmp_path / "one").clips if c.key.subject == "s19"]
    digest_of = FrameContents().of
    before = digest_of(clips)
    assert digest_of(clips[::-1]) == before
    relabelled = [
        dataclasses.replace(c, emotion="x", action_units="4", objective="2") for c in clips
    ]
    assert digest_of(relabelled) == before
    moved = tmp_path / "moved"
    shutil.copytree(tmp_path / "one", moved, copy_function=shutil.copyfile)  # other times
    assert digest_of([c for c in read("smic", moved).clips if c.key.subject == "s19"]) == before
    for unread in ({"onset": 1}, {"offset": 1}, {"apex": 1}):
        assert digest_of([dataclasses.replace(c, **unread) for c in clips]) == before
    for change in ({"fps": 30.0}, {"enters_at": "cropped"}, {"numbers": clips[0].numbers[1:]}):
        assert digest_of([dataclasses.replace(c, **change) for c in clips]) != before
    file = Path(clips[0].folder) / clips[0].files[0]
    file.write_bytes(b"x")
    assert (noted := digest_of(clips)) != before
    time, clock = file.stat().st_mtime_ns, file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == clock:  # times of files have the steps of the kernel's clock
        file.write_bytes(b"y")
        os.utime(file, ns=(time, time))
    assert digest_of(clips) not in (noted, before)


def test_links_out_of_the_dataset_are_not_followed(tmp_path):
    root = tmp_path / "root"
    full_size.write(root, full_size.plan("samm"))
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = root / "SAMM/006" / sorted(p.name for p in (root / "SAMM/006").iterdir())[0]
    shutil.move(str(victim), outside / "clip")
    victim.symlink_to(outside / "clip", target_is_directory=True)
    other = next(p for p in sorted((root / "SAMM/007").iterdir()) if p.is_dir())
    file = sorted(other.iterdir())[0]
    (outside / "secret.jpg").touch()
    file.unlink()
    file.symlink_to(outside / "secret.jpg")
    reading = read("samm", root)
    assert [p.found for p in reading.errors] and "leads outside" in reading.errors[0].found
    clips = {c.key.clip: c for c in reading.clips}
    assert victim.name not in clips
    assert file.name not in clips[other.name].files
