"""`merflow magnify`: factor or alpha, stores, videos and folders, and what the log says."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from moving_textures import FPS, LENGTH, patch

from merflow.clip import ClipArrays, ClipKey
from merflow.commands.crop import crop
from merflow.commands.flow import flow
from merflow.commands.interpolate import interpolate
from merflow.commands.magnify import chosen_factors, magnify
from merflow.config.settings import Magnify
from merflow.errors import MerflowError
from merflow.io import video
from merflow.io.clip_store import Store, write_store
from merflow.reporting.magnified_text import magnified_text
from merflow.stages.magnify import magnify_frames


@pytest.fixture
def store(tmp_path):
    key, (_, frames) = ClipKey("smic", "s01", "c1"), patch()
    numbers = np.arange(LENGTH)
    clip = ClipArrays(key, frames, FPS, numbers, 0, None, LENGTH - 1, enters_at="cropped")
    write_store(tmp_path / "in.h5", "crop", [clip], {}, {})
    return tmp_path / "in.h5"


def test_a_store_gives_a_store_and_a_line_of_what_was_measured(store, capsys):
    out = store.with_name("out.h5")
    magnify(store, out, alpha=24.0, method="linear")
    said = capsys.readouterr().out
    assert re.match(r"smic/s01/c1: 0\.\d\d px moved; asked x25 = \d+\.\d px; measured x\d", said)
    assert "linear is expected to deliver about 38% of this movement" in said
    expected, facts = magnify_frames(patch()[1], FPS, 25, Magnify(method="linear"))
    with Store(out) as made:
        assert np.array_equal(made.read(0).frames, expected)
        assert made.read(0).facts["magnify"] == facts
        assert made.made_by["recipe"]["magnify"]["factor"] == 25


def test_a_method_that_delivers_is_not_commented(store, capsys):
    magnify(store, store.with_name("out.h5"), factor="x10", method="lagrangian")
    assert "expected to deliver" not in capsys.readouterr().out


def test_json_prints_the_raw_facts(store, tmp_path, capsys):
    magnify(store, store.with_name("out.h5"), factor="x10", json=True)
    of_store = json.loads(capsys.readouterr().out)["smic/s01/c1"]
    video.write(tmp_path / "in", patch()[1], FPS, range(LENGTH))
    magnify(tmp_path / "in", tmp_path / "out", factor="10", fps=FPS, json=True)
    assert json.loads(capsys.readouterr().out) == of_store
    assert of_store["factor"] == 10 and of_store["peak_px"] > 0


MEASURED = {"method": "phase", "factor": 25.0, "peak_px": 0.51, "asked_px": 12.8, "gain": 0.9,
            "delivered": 23.71, "credible": True, "expected_gain": 0.93}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (MEASURED, "0.51 px moved; asked x25 = 12.8 px; measured x23.7; credible"),
        (MEASURED | {"credible": False, "asked_px": 31.2}, "; not credible: 31 px at a frame size"),
        (MEASURED | {"delivered": None}, "= 12.8 px; too little movement to measure"),
        (MEASURED | {"expected_gain": 0.3}, "phase is expected to deliver about 30% of"),
        ({"method": "phase", "factor": 25.0, "streamed": True}, "not measured, since the clip"),
        ({"method": "phase", "factor": 1.0}, "the original frames"),
    ],
)
def test_the_sentence_says_what_was_measured(facts, text):
    assert text in magnified_text(facts)


def test_a_folder_of_frames_gives_a_folder(tmp_path):
    frames = patch()[1]
    video.write(tmp_path / "in", frames, FPS, range(LENGTH))
    with pytest.raises(MerflowError, match="no frame rate"):
        magnify(tmp_path / "in", tmp_path / "out", factor="10")
    magnify(tmp_path / "in", tmp_path / "out", factor="10", fps=FPS)
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == LENGTH
    expected, _ = magnify_frames(frames, FPS, 10, Magnify())
    last = cv2.cvtColor(cv2.imread(str(files[-1])), cv2.COLOR_BGR2RGB)
    assert np.array_equal(last, expected[-1])


@pytest.mark.parametrize("kind", ["folder", "video", "store", "link"])
def test_out_is_never_source(store, tmp_path, kind):
    source = {"folder": tmp_path / "in", "video": tmp_path / "in.avi"}.get(kind, store)
    if kind in ("folder", "video"):
        video.write(source, patch()[1], FPS, range(LENGTH))
    out = source
    if kind == "link":
        out = tmp_path / "same.h5"
        out.hardlink_to(source)
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*"))
    for write in (
        lambda: magnify(source, out, factor="10", fps=FPS),
        lambda: interpolate(source, out, fps=FPS),
    ):
        with pytest.raises(MerflowError, match="OUT is SOURCE"):
            write()
    assert sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("step", [crop, flow])
def test_no_stage_writes_over_its_store(store, step):
    before = store.read_bytes()
    with pytest.raises(MerflowError, match="OUT is SOURCE"):
        step(store, store)
    assert store.read_bytes() == before


def test_a_stage_takes_only_stores_that_have_come_so_far(store, tmp_path):
    with pytest.raises(MerflowError, match="made by `merflow crop`, so `merflow crop` cannot"):
        crop(store, tmp_path / "out.h5")
    with Store(store) as read:
        write_store(tmp_path / "aligned.h5", "align", [read.read(0)], {}, {})
    for step in (flow, interpolate, lambda a, b: magnify(a, b, factor="10")):
        with pytest.raises(MerflowError, match="a store that `merflow crop`"):
            step(tmp_path / "aligned.h5", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_a_store_is_made_of_a_store_and_a_video_of_a_video(store, tmp_path):
    video.write(tmp_path / "in", patch()[1], FPS, range(LENGTH))
    for step in (lambda a, b: magnify(a, b, factor="10", fps=FPS), interpolate):
        with pytest.raises(MerflowError, match="is a clip store, and so is its output"):
            step(store, tmp_path / "out.avi")
        with pytest.raises(MerflowError, match="a clip store can only be made from a clip store"):
            step(tmp_path / "in", tmp_path / "out.h5")
        with pytest.raises(MerflowError, match="a file of type '.gif'"):
            step(tmp_path / "in", tmp_path / "out.gif")


def test_frames_of_another_call_do_not_stay_between_new_ones(tmp_path):
    frames, out = patch()[1], tmp_path / "out"
    video.write(out, frames, FPS, range(LENGTH))
    video.write(out, frames, FPS, range(LENGTH))
    with pytest.raises(MerflowError, match="already holds 1 other images, such as frame00000.png"):
        video.write(out, frames[1:], FPS, range(1, LENGTH))
    assert len(list(out.iterdir())) == LENGTH


@pytest.mark.parametrize(
    ("factor", "alpha", "word"),
    [("10", 9.0, "both given"), (None, None, "no factor"), ("ten", None, "'ten'")],
)
def test_one_of_factor_and_alpha_is_asked_for(factor, alpha, word):
    out = Path("x.h5")
    with pytest.raises(MerflowError, match=word):
        chosen_factors([factor] if factor else [], alpha, out)
    assert chosen_factors([], 9.0, out) == chosen_factors(["x10"], None, out) == [10]


def test_each_output_has_its_factor_or_the_one_of_its_path():
    outs = [Path(f"results/p/magnified/{factor}/smic/s01.h5") for factor in ("x10", "x25")]
    assert chosen_factors([], None, *outs) == [10, 25]
    assert chosen_factors(["3", "4"], None, Path("a.h5"), Path("b.h5")) == [3, 4]
    for values in (["3"], ["3", "3"], []):
        with pytest.raises(MerflowError, match="for 2 outputs"):
            chosen_factors(values, None, Path("a.h5"), Path("b.h5"))
