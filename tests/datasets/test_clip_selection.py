"""`clips:` of a dataset keeps the clips of a list, whatever reader brings them."""

import composite_lists as made
import full_size
import pytest

from merflow.clip import ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError


def manifest(root, keys, dataset=""):
    root.mkdir(parents=True, exist_ok=True)
    rows = [f"{dataset},{key.subject},{key.clip},{key.clip},200,negative" for key in keys]
    header = "dataset,subject,clip,path,fps,emotion"
    (root / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def read(root, listed, name="samm", reader="manifest"):
    entry = DatasetEntry(root=str(root), reader=reader, clips=str(listed))
    return read_dataset(name, entry, annotations_only=True)


@pytest.fixture(scope="module")
def clips():
    return made.composite()


@pytest.fixture
def listed(tmp_path, clips):
    return made.official_csv(tmp_path / "list.csv", clips)


def test_a_manifest_keeps_the_listed_clips_and_names_those_that_are_missing(
    tmp_path, clips, listed
):
    samm = [key for key in clips if key.dataset == "samm"]
    unpadded = [key._replace(subject=made.int_subject(key)) for key in samm[:-2]]
    root = manifest(tmp_path / "m", [*unpadded, ClipKey("samm", "38", "038_1_1")])
    reading = read(root, listed)
    assert [clip.key for clip in reading.clips] == sorted(unpadded)
    (problem,) = [p for p in reading.problems if p.where == "datasets.samm.clips"]
    assert problem.severity == "warning"
    assert problem.found == (
        f"2 of 133 listed clips are not in the dataset: {samm[-2]}, {samm[-1]}"
    )


def test_a_reader_of_a_published_dataset_keeps_the_listed_clips(tmp_path):
    plan = full_size.plan("casme2")
    full_size.write(tmp_path / "CASME2", plan, frames=False)
    some = [ClipKey("casme2", e.subject, e.clip) for e in plan.expected[:7]]
    listed = made.meta_csv(tmp_path / "list.csv", dict.fromkeys(some, "negative"))
    reading = read(tmp_path / "CASME2", listed, "mine", "casme2")
    assert {clip.key._replace(dataset="casme2") for clip in reading.clips} == set(some)
    assert not [p for p in reading.problems if p.where.endswith("clips")]


def test_clips_of_your_own_are_matched_whatever_their_padding(tmp_path):
    keys = [ClipKey("mine", f"P{n:02d}", f"c{n:03d}") for n in range(1, 5)]
    (tmp_path / "list.csv").write_text("dataset,subject,clip\nmine,p1,c1\nmine,p02,C2\n")
    reading = read(manifest(tmp_path / "m", keys), tmp_path / "list.csv", "mine")
    assert [clip.key for clip in reading.clips] == keys[:2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dataset,subject,clip\nsmic,s01,s01_ne_01\n", "lists no clip of samm; it has smic"),
        ("dataset,subject,clip\nsamm,6,006_9_9\n", "none of the 1 clip of"),
        ("nothing\n", "no list of clips"),
        (None, "No such file"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path, clips, text, words):
    if text is not None:
        (tmp_path / "list.csv").write_text(text)
    root = manifest(tmp_path / "m", [key for key in clips if key.dataset == "samm"][:3])
    with pytest.raises(MerflowError) as refused:
        read(root, tmp_path / "list.csv")
    assert words in str(refused.value)


def test_notes_of_a_list_are_warnings(tmp_path, clips):
    samm = {key: name for key, name in clips.items() if key.dataset != "casme2"}
    listed = made.commas_csv(tmp_path / "list.csv", samm)
    reading = read(manifest(tmp_path / "m", [k for k in samm if k.dataset == "samm"]), listed)
    assert len(reading.clips) == 132
    assert [p.found for p in reading.problems if p.where.endswith("clips")] == [
        "1 row of commas ignored"
    ]
