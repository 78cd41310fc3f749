"""The plan of a run on the official composite that a manifest brings, without frames."""

import composite_lists as made
import pytest

from merflow.errors import MerflowError
from merflow.evaluation.literature.official import is_official
from merflow.workflow.protocol_text import protocol_lines
from merflow.workflow.setup import start

NAMES = ("smic", "casme2", "samm")


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return made.made_official(monkeypatch)


def manifest(clips):
    rows = [f"{k.dataset},{k.subject},{k.clip},x,200,{name}" for k, name in clips.items()]
    header = "dataset,subject,clip,path,fps,emotion"
    with open("manifest.csv", "w") as file:
        file.write("\n".join([header, *rows]) + "\n")


def config(scheme="megc2019", **entry):
    return {
        "datasets": {name: {"reader": "manifest", "root": ".", **entry} for name in NAMES},
        "collections": {"c": list(NAMES)},
        "preparations": {"p": {}},
        "experiments": {"e": {"preparation": "p", "collection": "c", "scheme": scheme}},
    }


def test_442_clips_of_68_subjects_stand_beside_published_results(clips):
    manifest(clips)
    plan = start(config())
    data = plan.data.labelled("e")
    assert len(plan.data.folds("e")) == 68
    subjects = {clip.key.subject_key for clip in data.clips}
    assert is_official("megc2019", len(data.clips), len(subjects))


def test_one_changed_id_stops_the_run_and_is_named(clips):
    key = next(key for key in clips if key.dataset == "samm")
    changed = {(key._replace(clip="006_99_9") if k == key else k): c for k, c in clips.items()}
    manifest(changed)
    with pytest.raises(MerflowError, match=r"samm/006: the ids or classes .*006_99_9"):
        start(config())


def test_a_list_takes_the_official_clips_out_of_more(clips, capsys):
    manifest(clips | {key._replace(clip=f"{key.clip}1"): c for key, c in clips.items()})
    listed = str(made.official_csv(made.Path("list.csv"), clips))
    plan = start(config(clips=listed))
    assert len(plan.data.labelled("e").clips) == 442 and capsys.readouterr().err == ""
    (line,) = protocol_lines(plan).values()
    assert "samm" in line


def test_missing_clips_and_clips_without_a_class_are_named_before_the_run(clips, capsys):
    key, other, *_ = (key for key in clips if key.dataset == "samm")
    manifest({k: ("joi" if k == other else c) for k, c in clips.items() if k != key})
    listed = str(made.official_csv(made.Path("list.csv"), clips))
    start(config("three", clips=listed))
    printed = capsys.readouterr().err
    assert f"warning: datasets.samm.clips: 1 of 133 listed clips are not in the dataset: {key}" in (
        printed
    )
    assert "warning: experiments.e: three gives 1 of 441 clips no class: samm: 1 clip" in printed
