"""Resources of jobs grow with the clips and cover the measured use."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from job_needs import Rule, asked

from merflow.clip import Clip, ClipKey
from merflow.config.settings import Settings
from merflow.workflow import resources
from merflow.workflow.plan import Plan


def plan(clips, **training) -> Plan:
    settings = Settings.model_validate(
        {
            "datasets": {"d": {"root": "."}},
            "collections": {"all": ["d"]},
            "preparations": {"p": {}, "flow": {"kind": "flow"}, "rgb": {"crop": {"colour": "rgb"}}},
            "experiments": {"e": {"preparation": "p", "collection": "all", "training": training}},
        }
    )
    return Plan(settings, {"d": clips})


@pytest.fixture
def clip(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((300, 400, 3), np.uint8))
    key = ClipKey("d", "s", "a")
    return Clip(key, str(tmp_path), ("0.png",) * 50, tuple(range(50)), 100.0, "happiness")


def longer(clip, frames):
    return dataclasses.replace(clip, numbers=tuple(range(frames)))


def many(clip, count):
    keys = [ClipKey("d", "s", f"c{i}") for i in range(count)]
    return [dataclasses.replace(clip, key=key) for key in keys]


@pytest.mark.parametrize("stage", ["align", "crop", "magnify", "interpolate", "flow"])
def test_memory_follows_the_longest_clip_and_time_all_of_them(clip, stage):
    def memory(clips):
        return resources.memory(plan(clips), stage, "d", "s", "p")

    def minutes(clips):
        return resources.minutes(plan(clips), stage, "d", "s")

    assert memory([longer(clip, 500)]) > memory([clip]) == memory(many(clip, 9))
    assert minutes(many(clip, 300)) > minutes([clip])
    endless = [longer(clip, n) for n in (10_000, 100_000)]
    assert memory(endless[:1]) == memory(endless[1:]), "a clip beyond LIMIT stays on disk"


def test_the_image_size_is_read_from_the_files(clip, tmp_path):
    small = resources.memory(plan([clip]), "align", "d", "s")
    (tmp_path / "large").mkdir()
    cv2.imwrite(str(tmp_path / "large/0.png"), np.zeros((900, 1200, 3), np.uint8))
    large = dataclasses.replace(clip, folder=str(tmp_path / "large"))
    nine = resources.memory(plan([large]), "align", "d", "s") - small
    assert nine == pytest.approx(4 * 50 * 3 * (900 * 1200 - 300 * 400) / 1e6, abs=1)
    gone = dataclasses.replace(clip, folder=str(tmp_path / "nowhere"))
    assert resources.memory(plan([gone]), "align", "d", "s") > small, "640x480 px if unknown"


def test_training_asks_for_more_with_more_clips_and_epochs(clip):
    few, many_clips = plan([clip]), plan(many(clip, 2000), epochs=40)

    def memory(work, factor):
        return resources.training_memory(work, work.experiment("e"), factor)

    def minutes(work):
        return resources.training_minutes(work, work.experiment("e"))

    assert memory(many_clips, "x1+x10") > memory(many_clips, "x1") > memory(few, "x1")
    assert minutes(many_clips) > minutes(few)


def test_folds_of_one_job_share_what_its_limit_adds_for_the_start(clip):
    work = plan(many(clip, 2000), epochs=40)
    entry = work.experiment("e")
    one, shared = (resources.training_minutes(work, entry, count) for count in (1, 9))
    assert 9 * shared > one > shared, "a job of nine has the time of nine"
    assert 9 * (one - shared) == pytest.approx(8 * 3 * resources.SLACK_MINUTES, abs=9)


def test_a_training_on_the_cpu_asks_for_no_gpu(clip):
    assert resources.gpus(plan([clip]).experiment("e")) == 1
    assert resources.gpus(plan([clip], device="cpu").experiment("e")) == 0


def test_a_gpu_has_parts_for_every_share(clip):
    assert resources.gpu_parts(plan([clip])) == 1
    assert resources.gpu_parts(plan([clip], gpu_share=3)) == 3
    assert resources.gpu_parts(plan([clip], gpu_share=3, device="cpu")) == 1
    raw = plan([clip], gpu_share=4).settings
    entry = raw.experiments["e"]
    six = entry.model_copy(update={"training": entry.training.model_copy(update={"gpu_share": 6})})
    both = raw.model_copy(update={"experiments": {"e": entry, "six": six}})
    assert resources.gpu_parts(Plan(both, {"d": [clip]})) == 12


def test_trainings_take_turns_on_a_gpu_and_where_memory_is_small(clip, monkeypatch):
    work = plan([clip], threads=2)
    needed = resources.training_memory(work, work.experiment("e"), "x1")

    def turns(gpu, memory):
        monkeypatch.setattr(resources.gpu_choice, "possible", lambda: gpu)
        monkeypatch.setattr(resources, "memory_here", lambda: memory)
        return resources.takes_turns(work, work.experiment("e"), "x1", cores=8)

    assert [turns(True, 9e9), turns(False, 3.9 * needed), turns(False, 4.1 * needed)] == [
        True, True, False,
    ]  # fmt: skip
    assert 500 < resources.memory_here() < 1e9


def test_disk_counts_what_is_missing(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = [dataclasses.replace(c, emotion="surprise") for c in many(clip, 2)[1:]]
    pairs = [*many(clip, 1), *other]
    moved = [dataclasses.replace(c, key=ClipKey("d", "t", c.key.clip)) for c in pairs]
    work = plan(pairs + moved)
    need = resources.disk(work)
    base, frame = resources.GEOMETRY
    assert need["aligned"] == pytest.approx(4 * (base + 50 * frame) / 1e6)
    assert need["cropped"] == pytest.approx(4 * 50 * 256**2 / 1e6)
    assert need["packed"] == pytest.approx(4 * 4 * 10 * 64**2 / 1e6), "four factors, four clips"
    Path("results/aligned/d").mkdir(parents=True)
    Path("results/aligned/d/t.h5").touch()
    assert resources.disk(work)["aligned"] == need["aligned"] / 2
    assert resources.disk_report(need).startswith(
        "disk: up to "
    ) and "warning" not in resources.disk_report(need)
    assert "warning: that may not fit" in resources.disk_report({"aligned": 1e12})


def test_a_benchmark_file_is_judged_by_what_its_job_asked_for(clip):
    work = plan([clip])
    assert asked(work, ("align", "d", "s.tsv")) == resources.memory(work, "align", "d", "s")
    found = asked(work, ("magnify", "p", "x10", "d", "s.tsv"))
    assert found == resources.memory(work, "magnify", "d", "s", "p")
    found = asked(work, ("magnify", "p", "x10+x25", "d", "s.tsv"))
    assert found == resources.memory(work, "magnify", "d", "s", "p", ["x10", "x25"])
    assert found > resources.memory(work, "magnify", "d", "s", "p")
    found = asked(work, ("crop", "p+rgb", "d", "s.tsv"))
    assert found == resources.memory(work, "crop", "d", "s", names=["p", "rgb"])
    training = resources.training_memory(work, work.experiment("e"), "x1")
    assert asked(work, ("train", "e", "x1", "seed0", "f.tsv")) == training
    assert (
        Rule(memory=100, asked=[200, 150]).covered
        and not Rule(memory=160, asked=[200, 150]).covered
    )
