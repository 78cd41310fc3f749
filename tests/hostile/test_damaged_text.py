"""YAML, JSON and CSV of another shape, cut or not UTF-8: each is refused by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from merflow.config.loading import load, validate
from merflow.datasets.catalogue import read_catalogue, read_sheets
from merflow.errors import MerflowError
from merflow.evaluation.custom_folds import read_rows
from merflow.evaluation.fold_files import read_fold
from merflow.io.files import safe_name
from merflow.io.image_header import header_fault
from merflow.synthetic.generate import GENERATED, marker_of
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.final_model import open_model
from merflow.workflow.provenance import level_apart
from merflow.workflow.training_log import read_facts

SHAPES = [
    b"[]", b'"x"', b"1", b"null", b"true", b"{}", b"", b"{", b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}',
    b"[" * 100_000, b'{"skipped": 3}', b'{"skipped": [1]}', b'{"skipped": [], "a": "\\ud800"}',
    b"[1]", b"[{}]", b"NaN",
]  # fmt: skip


@pytest.fixture(params=SHAPES, ids=[repr(shape[:12]) for shape in SHAPES])
def damaged(request, tmp_path):
    path = tmp_path / "final/run.json"
    path.parent.mkdir()
    path.write_bytes(request.param)
    return path


def test_a_record_of_another_shape_is_refused_by_name(damaged):
    with pytest.raises(MerflowError, match="run.json"):
        read_facts(damaged)
    with pytest.raises(MerflowError, match="run.json"):
        open_model(damaged.parent)


def test_a_catalogue_of_another_shape_is_refused_by_name(damaged):
    if damaged.read_bytes() == b"[]":
        assert read_catalogue(damaged) == []
        return
    with pytest.raises(MerflowError, match="run.json"):
        read_catalogue(damaged)


def test_other_readers_of_json_refuse_or_ignore_it(damaged, monkeypatch):
    known = isinstance(_json(damaged), dict) and "ud800" not in damaged.read_text()
    folder = damaged.parents[1]
    damaged.rename(folder / GENERATED)
    if known:
        assert marker_of(folder) == _json(folder / GENERATED)
    else:
        with pytest.raises(MerflowError, match=GENERATED):
            marker_of(folder)
    monkeypatch.chdir(folder)
    Path("results").mkdir()
    os.replace(GENERATED, "results/run.json")
    monkeypatch.setattr("merflow.paths.SHEETS", "results/run.json")
    assert isinstance(read_sheets(), dict)
    Path("fold").mkdir()
    os.replace("results/run.json", "fold/run.json")
    with pytest.raises(MerflowError, match="run.json"):
        level_apart(folder, folder)


def _json(path):
    try:
        return json.loads(path.read_text())
    except (ValueError, RecursionError):
        return None


@pytest.mark.parametrize("body", [b"\xe9,a,b\n", b"f,smic,s\xff01,test\n", b'"' + b"x" * 300_000])
def test_a_csv_of_folds_that_is_not_utf_8_or_not_csv_is_refused_by_name(tmp_path, body):
    path = tmp_path / "folds.csv"
    path.write_bytes(b"fold,dataset,subject,side\n" + body)
    with pytest.raises(MerflowError, match="folds.csv"):
        read_rows(path)
    path.write_bytes(b"dataset,subject,clip,side,label\nd,s,c,train,a\n" + body)
    with pytest.raises(MerflowError, match="folds.csv"):
        read_fold(path)


@pytest.mark.parametrize(
    "text",
    ['"[x]": 1', 'datasets: {"[x]": 1}', 'datasets: {smic: {root: x, "[x]": 1}}', '"a[b]": {c: 1}',
     'preparations: {p: {"[x]": 1}}', 'preparations: {p: {crop: {"x[y]": 1}}}',
     'experiments: {"e[1]": {"[x]": 1}}'],
)  # fmt: skip
def test_an_unknown_key_with_brackets_is_named(text):
    with pytest.raises(MerflowError, match=r"x|a\[b\]"):
        validate(yaml.safe_load(text))
    if text == '"[x]": 1':
        with pytest.raises(MerflowError, match=r"\[x\]: unknown key"):
            validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text", ['datasets: {smic: {root: "\\ud800"}}', '"\\udfff": 1', 'a: ["\\udc80"]']
)
def test_half_a_utf_16_pair_in_a_config_is_refused(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(MerflowError, match="UTF-16"):
        load(path)


@pytest.mark.parametrize("root", ["a" * 300, "é" * 200, "a/" * 1500, "a\0b"])
@pytest.mark.parametrize("entry", ["datasets: smic: root", "datasets: smic: sheet", "align: model"])
def test_a_path_that_no_system_call_takes_is_refused(entry, root):
    *sections, key = entry.split(": ")
    raw = {key: root} | ({"root": "x"} if key == "sheet" else {})
    for section in reversed(sections):
        raw = {section: raw}
    with pytest.raises(MerflowError, match=rf"{'.'.join(sections)}\.{key}: path"):
        validate(raw)


@pytest.mark.parametrize("words", [["why", "b" * 300], ["check", "--root", "a" * 300]])
def test_a_long_path_on_the_command_line_has_no_traceback(words):
    command = [sys.executable, "-m", "merflow", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("merflow: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name",
    ["{input}", "{x}", "{{", "}", "{wildcards.y}", "s{1", "\ud800", "s\udc80", "a" * 201, "é" * 101,
     "a" * 20, "x" + "01" * 20, "a*", "a\nb", 'a"b'],
)  # fmt: skip
def test_a_name_that_snakemake_or_a_file_system_cannot_take_is_refused(name):
    with pytest.raises(MerflowError, match="sheet.csv: row 2"):
        safe_name(name, "sheet.csv: row 2")


@pytest.mark.parametrize(
    "name", ["$HOME", "a'b", "a`id`", "a&b", "a;b", "a b", "a#b", "a%b", "a,b", "[1]", "(b)", "名",
             "a" * 19, "$(id)"],
)  # fmt: skip
def test_a_name_that_a_shell_could_read_is_quoted_and_so_allowed(name):
    assert safe_name(name, "x") == name


def test_a_subject_in_braces_stops_the_plan_with_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "subject,clip,path,fps,emotion\n{input},c1,frames,25,sad\n"
    (tmp_path / "own/frames").mkdir(parents=True)
    (tmp_path / "own/frames/1.png").write_bytes(b"x")
    (tmp_path / "own/manifest.csv").write_text(rows)
    settings = validate({
        "datasets": {"own": {"root": "own", "reader": "manifest"}}, "collections": {"c": ["own"]},
        "preparations": {"p": {}}, "schemes": {"s": {"own": {"sad": "a"}}},
        "experiments": {"e": {"preparation": "p", "collection": "c", "scheme": "s"}},
    })  # fmt: skip
    with pytest.raises(MerflowError, match=r"(?s)manifest.csv, row 2.*\{input\}.*braces"):
        ExperimentData.read(settings)


def test_sound_chunks_have_no_fault():
    def chunk(kind, body, length=None):
        size = len(body) if length is None else length
        return size.to_bytes(4, "big") + kind + body + bytes(4)

    head, end = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)), chunk(b"IEND", b"")
    text = chunk(b"tEXt", b"k\0v") + chunk(b"iCCP", b"k\0\0") * 16
    assert header_fault(head + text + end + b"bytes after the end") == ""
    assert header_fault(head + text + chunk(b"zTXt", b"k\0\0") + end) != ""
    assert header_fault(head + chunk(b"tEXt", b"k\0v", 16) + end) != ""
