"""`merflow check --against` names what differs between datasets and a list of clips."""

import json

import composite_lists as made
import pytest

from merflow.clip import ClipKey
from merflow.commands.check import check
from merflow.errors import MerflowError


@pytest.fixture(scope="module")
def clips():
    return made.composite()


def project(folder, clips, *, names=("smic", "casme2", "samm")):
    """One manifest of all clips, configured as one dataset for each published one."""
    rows = [f"{k.dataset},{k.subject},{k.clip},x,200,{name}" for k, name in clips.items()]
    header = "dataset,subject,clip,path,fps,emotion"
    (folder / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    entries = [f"  {name}: {{reader: manifest, root: {folder}}}" for name in names]
    (folder / "c.yaml").write_text("\n".join(["datasets:", *entries]) + "\n")
    return folder / "c.yaml"


def compared(capsys, config, listed, **options):
    capsys.readouterr()
    check(config=config, annotations_only=True, against=listed, json=True, **options)
    return json.loads(capsys.readouterr().out)["against"]


def test_equal_clips_give_no_warning_whatever_the_ids_padding(tmp_path, capsys, clips):
    listed = made.words_xlsx(tmp_path / "list.xlsx", clips)
    found = compared(capsys, project(tmp_path, clips), listed)
    assert (found["listed"], found["found"], found["problems"]) == (442, 442, [])
    assert (found["missing"], found["extra"], found["classes"]) == ([], [], [])


def test_missing_further_and_other_clips_are_named_with_counts(tmp_path, capsys, clips):
    keys = list(clips)
    here = dict(clips)
    lost, other = keys[3], keys[400]
    del here[lost]
    here[other] = "positive" if clips[other] != "positive" else "surprise"
    further = ClipKey("samm", "038", "038_1_1")
    here[further] = "surprise"
    here[ClipKey("samm", "038", "038_1_2")] = "other"  # Without a class: no further clip.
    config, listed = project(tmp_path, here), made.official_csv(tmp_path / "list.csv", clips)
    found = compared(capsys, config, listed)
    assert found["missing"] == [str(lost)] and found["extra"] == [str(further)]
    assert found["counts"] == {"missing": {lost.dataset: 1}, "extra": {"samm": 1}}
    (one,) = found["classes"]
    assert (one["clip"], one["listed"], one["found"]) == (str(other), clips[other], here[other])
    check(config=config, annotations_only=True, against=listed)
    text = capsys.readouterr().out
    assert "(table without header): 441 of 442 clips found" in text
    assert f"warning: 1 clip listed and not in the datasets ({lost.dataset} 1)\n    {lost}" in text
    assert f"warning: 1 clip in the datasets and not listed (samm 1)\n    {further}" in text
    assert f"    {other}: {clips[other]} in the list, {here[other]}" in text
    with pytest.raises(SystemExit) as left:
        check(config=config, annotations_only=True, against=listed, strict=True)
    assert left.value.code == 1


def test_a_list_is_the_official_one_or_not(tmp_path, capsys, clips, monkeypatch):
    config, listed = project(tmp_path, clips), made.commas_csv(tmp_path / "list.csv", clips)
    notes = compared(capsys, config, listed)["notes"]
    assert notes[0] == "2 rows of commas ignored" and len(notes) == 2
    assert notes[1].startswith("this is not the official list of MEGC2019: ")
    monkeypatch.setattr("merflow.workflow.list_check.differences", lambda found: [])
    notes = compared(capsys, config, listed)["notes"]
    assert notes[1] == "this is the official list of MEGC2019"
    assert len(compared(capsys, config, listed, dataset="samm")["notes"]) == 1


def test_a_dataset_that_cannot_be_read_is_reported_and_not_compared(tmp_path, capsys, clips):
    (tmp_path / "empty").mkdir()
    listed = made.official_csv(tmp_path / "list.csv", clips)
    with pytest.raises(SystemExit) as left:
        check(dataset="samm", root=tmp_path / "empty", against=listed, json=True)
    assert left.value.code == 2
    found = json.loads(capsys.readouterr().out)
    assert "no annotation sheet" in found["problems"][0]["found"] and "against" not in found


def test_a_clip_that_the_scheme_drops_is_another_class_with_its_reason(tmp_path, capsys, clips):
    config, listed = project(tmp_path, clips), made.capsule_csv(tmp_path / "list.csv", clips)
    found = compared(capsys, config, listed, scheme="binary")
    assert len(found["classes"]) == 83 and found["scheme"] == "binary"
    assert "emotion 'surprise' has no class" in found["classes"][0]["reason"]
    check(config=config, annotations_only=True, against=listed, scheme="binary")
    text = capsys.readouterr().out
    assert "surprise in the list, without a class, since emotion 'surprise'" in text
    assert "and 63 more; --json lists all" in text


def test_one_dataset_is_compared_with_its_own_rows(tmp_path, capsys, clips):
    config, listed = project(tmp_path, clips), made.meta_csv(tmp_path / "list.csv", clips)
    found = compared(capsys, config, listed, dataset="samm")
    assert (found["listed"], found["found"], found["problems"]) == (133, 133, [])


def test_words_of_a_list_are_compared_as_they_are(tmp_path, capsys):
    mine = {ClipKey("mine", "p1", "a"): "joy", ClipKey("mine", "p1", "b"): "fear"}
    (tmp_path / "list.csv").write_text("dataset,subject,clip,emotion\nmine,P01,a,anger\n")
    found = compared(capsys, project(tmp_path, mine, names=["mine"]), tmp_path / "list.csv")
    assert found["scheme"] == "raw" and found["extra"] == ["mine/p1/b"]
    assert found["classes"] == [
        {"clip": "mine/P01/a", "listed": "anger", "found": "joy", "reason": ""}
    ]


def test_a_list_of_other_datasets_and_a_scheme_without_a_list_are_refused(tmp_path, clips):
    config = project(tmp_path, {ClipKey("mine", "p1", "a"): "joy"}, names=["mine"])
    listed = made.official_csv(tmp_path / "list.csv", clips)
    with pytest.raises(MerflowError, match="lists clips of casme2, samm, smic, the datasets are"):
        check(config=config, annotations_only=True, against=listed)
    with pytest.raises(MerflowError, match="no list is named"):
        check(config=config, annotations_only=True, scheme="three")


def test_clips_without_a_class_are_counted_for_each_experiment(tmp_path, capsys):
    words = ["joy", "fear", "surprise"] * 8 + ["joi"]
    mine = {ClipKey("mine", f"p{i % 4}", f"c{i}"): word for i, word in enumerate(words)}
    config = project(tmp_path, mine, names=["mine"])
    config.write_text(
        config.read_text()
        + "collections: {c: [mine]}\npreparations: {p: {}}\n"
        + "experiments: {e: {preparation: p, collection: c, scheme: three}}\n"
    )
    check(config=config, annotations_only=True)
    text = capsys.readouterr().out
    assert "warning: experiments.e: three gives 1 of 25 clips no class: mine: 1 clip" in text
    config.write_text(config.read_text() + "max_unlabelled: 0\n")
    with pytest.raises(SystemExit) as left:
        check(config=config, annotations_only=True)
    assert left.value.code == 2
    assert "error: experiments.e: three gives 1 of 25 clips" in capsys.readouterr().out
