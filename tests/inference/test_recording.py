"""Predict: the workflow's pipeline, movements found, frames at rest unlabelled, output files."""

import csv
import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from face_makers import HAPPY, arrays_of, demo_clip

from merflow.clip import ClipKey
from merflow.commands.crop import crop
from merflow.commands.interpolate import interpolate
from merflow.commands.magnify import magnify
from merflow.commands.predict import predict, stems
from merflow.config.settings import Align, Experiment, Preparation
from merflow.errors import MerflowError
from merflow.evaluation.interval_files.table import read_intervals
from merflow.inference.recording import NO_REST, NONE, LabelledSpan, window_sizes, windows
from merflow.inference.trained_spotter import open_spotter
from merflow.io import video
from merflow.io.clip_store import Store, write_store
from merflow.models.factory import TrainingData, make_method
from merflow.stages.align import align_clip
from merflow.stages.movement import GRID, rests, spans
from merflow.stages.pipeline import Pipeline, network_inputs
from merflow.synthetic.motion import course
from merflow.synthetic.render import render_clip
from merflow.synthetic.warp import Warp
from merflow.workflow.face_finder import load_finder
from merflow.workflow.final_model import open_model, usable

CLASSES = ("negative", "positive", "surprise")
FPS, FRAMES, AT, LONG, BLINK = 50.0, 110, 60, 18, 25


@pytest.fixture(scope="module")
def recording():
    """Rest with a blink, one expression, rest: (T, H, W, 3)."""
    clip = demo_clip(HAPPY, person=31, frames=FRAMES, amplitude=0.9, fps=FPS)
    warp = Warp(clip)
    run = np.zeros(FRAMES)
    run[AT : AT + LONG] = course(LONG, LONG // 2, 0.0)
    away = np.abs(np.arange(FRAMES) - BLINK) / FPS
    closed = np.exp(-0.5 * (away / 0.035) ** 2) * (away < 0.12)
    warp.motion = dataclasses.replace(warp.motion, course=run, closed=closed)
    return np.stack(list(render_clip(clip, warp)))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's folder with a final model: an SVM on flow, fitted on made-up pictures."""
    folder = tmp_path_factory.mktemp("runs") / "seed0"
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.01, (12, 28, 28, 3)).astype(np.float16)
    keys = tuple(ClipKey("smic", f"s{i:02d}", "c") for i in range(12))
    like = Experiment(method="flow_svm", preparation="flow", collection="c")
    fitted = make_method(like, CLASSES, 0).fit(TrainingData(x, np.arange(12) % 3, keys))
    (folder / "final").mkdir(parents=True)
    fitted.save(folder / "final")
    facts = {
        "experiment": "flow",
        "factor": "x10",
        "seed": 0,
        "classes": CLASSES,
        "subjects": [f"smic/s{i:02d}" for i in range(12)],
        "scheme": "three",
        "permute_labels": None,
        "recipe": {"control": "none"},
        "score": {"n": 12, "subjects": 12, "acc": 0.5, "uf1": 0.4567, "uar": 0.5},
        "chain": {
            "align": Align().model_dump(mode="json"),
            "preparation": Preparation(kind="flow").model_dump(mode="json"),
            "factors": ["x10"],
        },
    }
    (folder / "final" / "run.json").write_text(json.dumps(facts))
    return folder


def test_the_pipeline_equals_the_stages_byte_for_byte(tmp_path):
    raw = arrays_of(demo_clip(HAPPY, frames=12))
    finder, paths = load_finder(5), [tmp_path / f"{name}.h5" for name in "acmi"]
    write_store(paths[0], "align", [align_clip(raw, Align(), finder)], {}, {})
    crop(paths[0], paths[1])
    magnify(paths[1], paths[2], factor="x10")
    interpolate(paths[2], paths[3], factor="x10")
    pipeline = Pipeline(Align(), Preparation(), ("x1", "x10"))
    one, ten = network_inputs(raw, pipeline, finder)
    with Store(paths[3]) as store:
        np.testing.assert_array_equal(ten, store.read(0).frames)
    assert one.shape == ten.shape == (10, 64, 64, 1) and (one != ten).any()


def test_an_expression_is_found_but_no_blink_and_no_rest(tmp_path, recording, run):
    video.write(tmp_path / "film", recording, FPS, range(101, 101 + FRAMES))
    predict(tmp_path / "film", run=run, out=tmp_path / "out", fps=FPS, window=20, stride=5)
    with open(tmp_path / "out" / "film.events.csv", newline="") as handle:
        (event,) = csv.DictReader(handle)
    assert abs(int(event["first"]) - (101 + AT)) <= 5
    assert abs(int(event["last"]) - (101 + AT + LONG - 1)) <= 5
    chances = [float(event[f"p_{name}"]) for name in CLASSES]
    assert sum(chances) == pytest.approx(1)
    assert event["answer"] == CLASSES[int(np.argmax(chances))]
    with open(tmp_path / "out" / "film.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [int(r["first"]) for r in rows] == list(range(101, 101 + FRAMES - 19, 5)) + (
        [101 + FRAMES - 20] if (FRAMES - 20) % 5 else []
    )
    for row in rows:
        still = int(row["last"]) < 101 + AT - 5 or int(row["first"]) > 101 + AT + LONG + 5
        assert not still or (row["answer"] == NONE and not row["p_positive"])
    assert any(row["answer"] == event["answer"] for row in rows)
    assert (tmp_path / "out" / "film.png").read_bytes()[1:4] == b"PNG"


def spotter_folder(folder, **facts):
    """Write the folder of a spotting run by the rule, as `merflow spot RUN final` leaves it."""
    made = folder / "results/spotting/rule/seed0/final"
    preparation = Preparation(crop={"working_size": 128}).model_dump(mode="json")
    chain = {"align": Align().model_dump(mode="json"), "preparation": preparation}
    facts = {"spotting": "rule", "seed": 0, "method": "motion_energy", "window": "movement"} | {
        **{"threshold": 3.5, "scale": "window", "peaks": "apart", "chain": chain},
        **facts,
    }
    made.mkdir(parents=True)
    (made / "run.json").write_text(json.dumps(facts))
    return made.parent


def test_the_rule_as_a_spotter_finds_what_predict_finds(tmp_path, recording, run):
    video.write(tmp_path / "film", recording, FPS, range(101, 101 + FRAMES))
    spotter = spotter_folder(tmp_path)
    words = {"run": run, "fps": FPS}
    predict(tmp_path / "film", out=tmp_path / "plain", **words)
    predict(tmp_path / "film", out=tmp_path / "spotted", spotter=spotter, form="megc-str", **words)
    found = [
        [(r["first"], r["last"], r["answer"]) for r in csv.DictReader(path.open(newline=""))]
        for path in (tmp_path / name / "film.events.csv" for name in ("plain", "spotted"))
    ]
    # The spotter measures a crop of 128 px, the model's one of 256: the ends differ by a frame.
    ((first, last, answer),) = found[0]
    ((own_first, own_last, own_answer),) = found[1]
    assert abs(int(first) - int(own_first)) <= 1
    assert abs(int(last) - int(own_last)) <= 1
    assert own_answer in CLASSES
    assert answer in CLASSES
    text = (tmp_path / "spotted/film.intervals.csv").read_text()
    assert (
        text
        == f"subject,video,onset,offset,emotion\nfilm,film,{own_first},{own_last},{own_answer}\n"
    )
    rows = read_intervals(tmp_path / "plain/film.intervals.csv").intervals
    assert [(one.onset, one.offset) for one in rows] == [(int(first), int(last))]


def test_a_threshold_of_a_spotter_decides_what_it_finds(tmp_path, recording, run):
    video.write(tmp_path / "film", recording, FPS, range(FRAMES))
    spotter = spotter_folder(tmp_path, threshold=1e6)
    predict(tmp_path / "film", run=run, out=tmp_path / "out", fps=FPS, spotter=spotter)
    lines = (tmp_path / "out/film.intervals.csv").read_text().splitlines()
    assert lines == ["subject,video,onset,offset"]


def test_a_spotter_must_be_made_and_readable(tmp_path, run):
    with pytest.raises(MerflowError, match="no spotter of all recordings here") as error:
        open_spotter(tmp_path / "results/spotting/net/seed1")
    assert "merflow run results/spotting/net/seed1/final/run.json" in error.value.fix
    with pytest.raises(MerflowError, match=r"not the run\.json of a spotter"):
        open_spotter(spotter_folder(tmp_path, threshold="high"))
    with pytest.raises(MerflowError, match="--precut as well"):
        predict(tmp_path / "film", run=run, spotter=tmp_path, precut=True)
    with pytest.raises(MerflowError, match="form 'megc'|'megc'"):
        predict(tmp_path / "film", run=run, form="megc")


def test_every_result_states_how_the_score_was_measured(tmp_path, recording, run, capsys):
    video.write(tmp_path / "cut", recording[AT : AT + LONG], FPS, range(LONG))
    words = {"run": run / "final", "out": tmp_path / "out", "fps": FPS, "precut": True}
    predict(tmp_path / "cut", **words)
    said = capsys.readouterr().out
    assert "UF1 0.457" in said and "pre-cut" in said
    predict(tmp_path / "cut", json=True, **words)
    printed = json.loads(capsys.readouterr().out)
    assert "pre-cut" in printed["said"] and printed["score"]["uf1"] == 0.4567
    assert set(printed["inputs"][0]["events"][0]["probabilities"]) == set(CLASSES)


def test_one_bad_input_does_not_stop_the_others(tmp_path, recording, run):
    video.write(tmp_path / "cut", recording[AT : AT + LONG], FPS, range(LONG))
    with pytest.raises(MerflowError, match="1 of 2") as error:
        predict(
            tmp_path / "none.avi",
            tmp_path / "cut",
            run=run,
            out=tmp_path / "out",
            fps=FPS,
            precut=True,
        )
    assert error.value.code == 3 and (tmp_path / "out" / "cut.csv").exists()


def test_no_output_is_reported_when_every_input_failed(tmp_path, run, capsys, caplog):
    with pytest.raises(MerflowError, match="1 of 1"):
        predict(tmp_path / "none.avi", run=run, out=tmp_path / "out")
    assert "Written" not in capsys.readouterr().out
    assert caplog.text.count("none.avi") == 1


def test_a_run_without_a_final_model_shows_the_command_that_makes_it(tmp_path):
    call = "merflow run results/runs/e/x10/seed0/final --config results/config.yaml"
    with pytest.raises(MerflowError, match=call):
        open_model(tmp_path / "quick/results/runs/e/x10/seed0")
    with pytest.raises(MerflowError, match="to do: name the folder of a run"):
        open_model(tmp_path / "results/runs/e")


def test_a_negative_control_is_refused(run):
    model = open_model(run)
    assert usable(model) is model
    for changed in ({"control": "frozen"}, {"permuted": True}):
        with pytest.raises(MerflowError, match="negative control"):
            usable(dataclasses.replace(model, **changed))


def test_noise_without_movement_gives_no_span():
    rest = np.abs(np.random.default_rng(1).normal(1, 0.2, 400))
    assert spans(rest, 100.0)[0] == []
    rest[100:110] += 6
    rest[120:130] += 6
    (found,) = spans(rest, 100.0)[0]
    assert (found.first, found.last) == (100, 129)


def test_a_window_has_the_label_of_a_movement_that_covers_half_of_it():
    event = LabelledSpan(40, 59, 9.0, "positive", np.array([0.1, 0.8, 0.1]))
    rows = list(windows(np.ones(100), [event], 20, 10))
    assert [r.label == "positive" for r in rows] == [30 <= r.first <= 50 for r in rows]
    assert rows[-1].last == 99


@pytest.mark.parametrize("sizes", [(0, None), (101, None), (10, 0)])
def test_impossible_windows_are_refused(sizes):
    with pytest.raises(MerflowError):
        window_sizes(100, 50.0, *sizes)


def test_inputs_of_one_name_get_different_files():
    paths = tuple(SimpleNamespace(stem=s) for s in ("a", "a", "b"))
    assert stems(paths) == ["a", "a_2", "b"]


TALK = 78


def talking():
    """The displacement of a face that never stands still, (T,)."""
    time = np.arange(TALK) / FPS
    return 0.5 + 0.5 * np.sin(2 * np.pi * 2.5 * time + np.sin(5 * time))


@pytest.mark.parametrize(
    ("kind", "advice"), [("cut", "use --precut"), ("talk", "a second of rest")]
)
def test_a_recording_that_never_rests_is_not_called_no_expression(
    tmp_path, recording, run, kind, advice, capsys
):
    if kind == "cut":
        frames = recording[AT : AT + LONG]
    else:
        clip = demo_clip(HAPPY, person=31, frames=TALK, amplitude=0.9, fps=FPS)
        warp = Warp(clip)
        warp.motion = dataclasses.replace(warp.motion, course=talking())
        frames = np.stack(list(render_clip(clip, warp)))
    video.write(tmp_path / "film", frames, FPS, range(len(frames)))
    predict(tmp_path / "film", run=run, out=tmp_path / "out", fps=FPS)
    said = capsys.readouterr().out
    assert f"  {NO_REST}: the face moves in most frames" in said and advice in said
    assert NONE not in (tmp_path / "out" / "film.csv").read_text() + said


def test_rest_is_told_from_movement_by_the_spread_of_the_measure():
    rng = np.random.default_rng(0)
    noise = 0.012 * (1 + 0.1 * rng.standard_normal(400)) / GRID
    moving = noise + 0.1 * (1 + np.sin(np.arange(400) / 3)) / GRID
    half = np.where(np.arange(400) % 200 < 90, moving, noise)
    assert rests(noise) and rests(half) and not rests(moving)
    # Frames that a codec repeats have no movement at all; that is no unrest.
    assert rests(np.where(np.arange(400) % 5, 0, noise)) and rests(np.zeros(9))
