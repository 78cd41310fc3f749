"""Paths below results/: built and parsed back by one module, and written nowhere else."""

import ast
import re
from pathlib import Path

import pytest

from merflow import paths
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run, run_of

SOURCE = Path(__file__).parents[1] / "src" / "merflow"
RUN = {"experiment": "cnn-loss=focal", "factor": "x1+x10", "seed": "3"}


@pytest.mark.parametrize(
    ("stage", "path"),
    [
        ("align", "results/aligned/smic/s03.h5"),
        ("crop", "results/p/cropped/smic/s03.h5"),
        ("magnify", "results/p/magnified/x10/smic/s03.h5"),
        ("interpolate", "results/p/interpolated/x10/smic/s03.h5"),
        ("flow", "results/p/flow/x10/smic/s03.h5"),
        ("pack", "results/p/packed/c/x10.h5"),
    ],
)
def test_the_files_of_a_stage_are_built_and_parsed_back(stage, path):
    names = {"preparation": "p", "factor": "x10", "dataset": "smic", "subject": "s03"}
    assert paths.store(stage).format(**names, collection="c") == path
    found = paths.parts(paths.store(stage), path)
    assert paths.store(stage).format(**found) == path


def test_pooled_factors_have_a_packed_file_each():
    packed = ["results/p/packed/c/x1.h5", "results/p/packed/c/x10.h5"]
    assert paths.packed("p", "c", "x1+x10") == packed


def test_the_last_stores_before_packing_follow_the_kind():
    for kind, folder in (("frames", "interpolated"), ("flow", "flow")):
        path = paths.prepared("p", kind, "x1").format(dataset="d", subject="s")
        assert path == f"results/p/{folder}/x1/d/s.h5"


def test_a_run_is_parsed_from_its_folder_wherever_results_lie():
    folder = paths.RUN.format(**RUN)
    assert paths.parts(paths.RUN, folder) == RUN
    assert run_of(Path("/elsewhere") / folder) == Run("cnn-loss=focal", "x1+x10", 3)
    assert run_of(Path("copied/runs/e/x1/seed0")) == Run("e", "x1", 0)
    assert paths.parts(paths.RUN, f"/elsewhere/{folder}") is None
    for wrong in ("results/runs/e/x1", "results/runs/e/x1/seedy", f"{folder}/fold"):
        with pytest.raises(MerflowError, match="not a run's folder"):
            run_of(Path(wrong))


def test_files_on_disk_are_found_by_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for factor in ("x1", "x10", "nested"):
        folder = Path(paths.RUN.format(**RUN | {"factor": factor}))
        folder.mkdir(parents=True)
        (folder / "pooled.csv").touch()
    found = paths.found(f"{paths.RUN}/pooled.csv", factor="x*")
    assert [path.parts[3] for path in found] == ["x1", "x10"]


def test_no_other_module_writes_a_path_below_results():
    """Docstrings, help and messages name such paths; code takes them from `paths`."""
    found = []
    for file in SOURCE.rglob("*.py"):
        if file.name != "paths.py":
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and re.match(r"results/[\w{]", text) and "<" not in text:
                    found.append(f"{file.relative_to(SOURCE)}: {text}")
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "record"),
    [
        (paths.store("align"), "results/records/aligned/{dataset}/{subject}.json"),
        (
            "results/{preparation,grey32}/cropped/{dataset}/{subject}.h5",
            "results/records/{preparation,grey32}/cropped/{dataset}/{subject}.json",
        ),
        (
            f"{paths.RUN}/{{fold}}/predictions.csv",
            "results/records/runs/{experiment}/{factor}/seed{seed}/{fold}.json",
        ),
        (
            "results/runs/{experiment}/{factor,x[0-9.e+x]+}/seed{seed,[0-9]+}/pooled.csv",
            "results/records/scores/{experiment}/{factor,x[0-9.e+x]+}/seed{seed,[0-9]+}.json",
        ),
        (paths.SCORES, "results/records/tables.json"),
        (paths.RAW, ""),
    ],
)
def test_the_record_of_a_pattern_keeps_its_wildcards(pattern, record):
    assert paths.record_pattern(pattern) == record
