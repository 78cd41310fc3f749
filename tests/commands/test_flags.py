"""A flag that cannot be is named with what was found and what is expected, before any work."""

from pathlib import Path

import pytest

from merflow.commands.align import align
from merflow.commands.crop import crop
from merflow.commands.demo import demo
from merflow.commands.evaluate import evaluate
from merflow.commands.flow import flow
from merflow.commands.interpolate import interpolate
from merflow.commands.jitter import jitter
from merflow.commands.magnify import magnify
from merflow.commands.make_manifest import make_manifest
from merflow.commands.pack import pack
from merflow.commands.score import score
from merflow.commands.split import split
from merflow.errors import BAD_INPUT, MerflowError

IN, OUT = Path("in"), Path("out")
CONFIG = """
datasets: {mine: {reader: manifest, root: in}}
collections: {c: [mine]}
preparations: {p: {}}
experiments: {quick: {preparation: p, collection: c}}
"""
LENGTH, RESAMPLES = "1 to 300", "100 or more"

WRONG = {
    "length 0": (lambda: interpolate(IN, OUT, length=0), f"--length: 0\n  expected: {LENGTH}"),
    "length -5": (lambda: interpolate(IN, OUT, length=-5), f"--length: -5\n  expected: {LENGTH}"),
    "length huge": (lambda: interpolate(IN, OUT, length=10**7), f"expected: {LENGTH}"),
    "fps 0": (lambda: interpolate(IN, OUT, fps=0.0), "--fps: 0.0\n  expected: a number above 0"),
    "fps -1": (lambda: magnify(IN, OUT, factor="2", fps=-1.0), "--fps: -1.0"),
    "fps nan": (lambda: magnify(IN, OUT, factor="2", fps=float("nan")), "--fps: nan"),
    "manifest 0": (lambda: make_manifest(from_class_folders=IN, fps=0.0), "--fps: 0.0"),
    "manifest -1": (lambda: make_manifest(from_class_folders=IN, fps=-1.0), "--fps: -1.0"),
    "score": (lambda: score(IN, resamples=0), f"--resamples: 0\n  expected: {RESAMPLES}"),
    "score 99": (lambda: score(IN, resamples=99), f"expected: {RESAMPLES}"),
    "evaluate": (lambda: evaluate(IN, dataset="x", resamples=0), f"expected: {RESAMPLES}"),
    "split": (lambda: split("quikc", config=Path("c.yaml")), "did you mean 'quick'?"),
    "flow": (lambda: flow(IN, OUT, factor="foo"), "--factor: 'foo'\n  expected: a number, as 10"),
    "interpolate": (lambda: interpolate(Path("i.h5"), Path("o.h5"), factor="x"), "--factor: 'x'"),
    "pack": (
        lambda: pack(OUT, IN, preparation="p", factor="ten", config=Path("c.yaml")),
        "--factor: 'ten'",
    ),
    "magnify": (lambda: magnify(IN, OUT, factor="inf"), "--factor: 'inf'"),
    "amplitude": (lambda: demo(OUT, amplitude=(5, 1)), "--amplitude: 5 1"),
    "noise": (lambda: demo(OUT, noise=-1), "--noise: -1\n  expected: 0 or more"),
    "recordings": (lambda: demo(OUT, recordings=-1), "--recordings: -1"),
    "demo seed": (lambda: demo(OUT, seed=-1), "--seed: -1"),
    "demo file": (lambda: demo(Path("c.yaml")), "c.yaml: a file\n  expected: a folder"),
    "demo below": (lambda: demo(Path("c.yaml/new")), "c.yaml: a file\n  expected: a folder"),
    "jitter": (lambda: jitter(IN, seed=-1, config=Path("c.yaml")), "--seed: -1"),
    "align": (lambda: align(IN, OUT, subject="s01"), "in: Is a directory"),
    "preparation": (
        lambda: crop(IN, OUT, preparation=["foo"]),
        "--preparation: 'foo' without a config\n  expected: --config FILE",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_flag_that_cannot_be_is_named(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    IN.mkdir()
    Path("c.yaml").write_text(CONFIG)
    Path("in/manifest.csv").write_text("subject,clip,path,fps,emotion\n")
    call, says = WRONG[case]
    with pytest.raises(MerflowError) as caught:
        call()
    assert says in str(caught.value)
    assert caught.value.code == BAD_INPUT
    assert not OUT.exists()
