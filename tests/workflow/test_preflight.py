"""Preflight checks: an invalid experiment is refused before any job, and the message names the key."""

import subprocess
import sys
from pathlib import Path

import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.loading import load, validate
from merflow.errors import MerflowError
from merflow.evaluation.custom_folds import experiment_folds
from merflow.io.files import file_digest
from merflow.models import network_registry, program_sandbox, weights_file
from merflow.models.training import gpu_choice
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_experiment, check_folds, check_names

ROOT = Path(__file__).parents[2]


def made(**experiment):
    """Return settings with one experiment `e`, on frames by default."""
    return validate(
        {
            "datasets": {
                "smic": {"root": "d"},
                "samm": {"root": "d"},
                "mine": {"root": "d", "reader": "manifest"},
            },
            "collections": {"c": ["smic", "samm"], "m": ["mine"]},
            "schemes": {"empty": {"mine": {}}},
            "preparations": {"p": {}, "f": {"kind": "flow"}},
            "pretrainings": {
                "w": {"preparation": "p", "collection": "c", "scheme": "three"},
                "r": {"preparation": "p", "collection": "m"},
            },
            "experiments": {"e": {"preparation": "p", "collection": "c", **experiment}},
        }
    )


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_config_passes(path):
    settings = load(path)
    for name in settings.experiments:
        check_experiment(settings, name)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"network": "cnn3d", "network_settings": {"filters": [8, 8], "dropout": 0}},
        {"network": "ststnet", "preparation": "f"},
        {"network": "r3d18", "network_settings": {"channel_attention": "map"}},
        {"training": {"class_weights": [1, 2, 3]}},
        {"protocol": "cross", "test_on": ["smic"]},
        {"method": "command", "command": "python train.py"},
        {"pretrain": "w"},
        {"method": "lbptop_svm", "training": {"class_weights": [1, 2, 3]}},
        {"method": "flow_svm", "preparation": "f"},
        {"training": {"augment": {"brightness": 0.1, "noise": 2, "jitter": 1}}},
        {"training": {"class_weights": [0, 1, 2]}},
    ],
)
def test_a_valid_experiment_passes(entry):
    check_experiment(made(**entry), "e")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"network": "ststnet"}, ["experiments.e.preparation", "kind: frames", "`kind: flow`"]),
        ({"preparation": "f"}, ["experiments.e.preparation", "`kind: frames`"]),
        ({"network": "r2plus1d18", "preparation": "f"}, ["`kind: frames`"]),
        ({"network_settings": {"dropout": "much"}}, ["e.network_settings", "'dropout'", "'much'"]),
        ({"network_settings": {"filters": 3.5}}, ["'filters'", "3.5"]),
        (
            {"network": "r3d18", "network_settings": {"channel_attention": "maps"}},
            ["'channel_attention'", "'pooled'"],
        ),
        (
            {"network": "dual_branch_gru", "network_settings": {"attention": "map"}},
            ["'attention'", "'difference'"],
        ),
        (
            {"training": {"class_weights": [1, 2]}},
            ["e.training.class_weights: 2 numbers: 1, 2", "3 numbers, none negative, for negative"],
        ),
        ({"training": {"start_weights": "none.h5"}}, ["training.start_weights", "no file none.h5"]),
        ({"training": {"class_weights": [-1, 1, 1]}}, ["e.training.class_weights", "-1, 1, 1"]),
        (
            {"method": "lbptop_svm", "training": {"class_weights": [0, 1, 1]}},
            ["e.training.class_weights", "3 numbers, all above 0"],
        ),
        ({"method": "lbptop_svm", "preparation": "f"}, ["e.preparation", "`kind: frames`"]),
        ({"method": "flow_svm"}, ["e.preparation: flow_svm cannot take 'p'", "another method"]),
        *(
            (
                {"network": "ststnet", "preparation": "f", "training": {"augment": {key: 1}}},
                [f"experiments.e.training.augment.{key}: is set, but the clips are flow"],
            )
            for key in ("brightness", "noise", "jitter")
        ),
        (
            {"training": {"start_weights": __file__, "start_sha256": "0"}},
            ["its SHA-256 is", "start_sha256: 0"],
        ),
        (
            {"training": {"start_weights": __file__, "start_sha256": file_digest(Path(__file__))}},
            ["experiments.e, ", "test_preflight.py: does not end with a merflow checksum"],
        ),
        (
            {"pretrain": "w", "training": {"start_weights": __file__}},
            ["e.training.start_weights: is set beside `pretrain`"],
        ),
        ({"pretrain": "r"}, ["pretrainings.r, scheme raw", "the emotions of mine"]),
        (
            {"collection": "m", "scheme": "raw"},
            ["experiments.e, scheme raw", "the emotions of mine"],
        ),
        ({"collection": "m", "scheme": "empty"}, ["e, scheme empty: it has no classes"]),
        ({"test_on": ["smic"]}, ["e.test_on", "no effect under protocol composite"]),
        ({"method": "command"}, ["e.command", "no program is named"]),
        ({"method": "command", "command": "no-such x"}, ["e.command", "no program no-such"]),
        ({"method": "command", "command": "a 'b"}, ["e.command", "No closing quotation"]),
    ],
)
def test_an_invalid_experiment_is_refused(entry, words):
    with pytest.raises(MerflowError) as caught:
        check_experiment(made(**entry), "e")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.code == 2


def test_a_required_sandbox_that_cannot_be_made_is_refused_before_any_job(monkeypatch):
    monkeypatch.setattr(program_sandbox, "missing", lambda: "bwrap is not installed")
    entry = {"method": "command", "command": "python x.py"}
    check_experiment(made(**entry, sandbox="auto"), "e")
    with pytest.raises(MerflowError, match=r"experiments\.e\.sandbox: no sandbox on this machine"):
        check_experiment(made(**entry, sandbox="required"), "e")
    monkeypatch.setattr(program_sandbox, "missing", lambda: "")
    check_experiment(made(**entry, sandbox="required"), "e")


def test_a_program_in_a_dataset_is_refused_where_the_sandbox_would_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Path("d/train.py").write_text("")
    entry = {"method": "command", "command": "python d/train.py"}
    monkeypatch.setattr(program_sandbox, "missing", lambda: "")
    with pytest.raises(MerflowError, match=r"experiments\.e, command: .*which the sandbox hides"):
        check_experiment(made(**entry), "e")
    check_experiment(made(**entry, sandbox="off"), "e")
    monkeypatch.setattr(program_sandbox, "missing", lambda: "bwrap is not installed")
    check_experiment(made(**entry), "e")


@pytest.mark.parametrize(("key", "value"), [("folds", 3), ("holdout", 0.5), ("test_on", ["smic"])])
def test_settings_of_another_protocol_are_refused(key, value):
    with pytest.raises(MerflowError, match=f"e.{key}: has no effect under protocol composite"):
        check_experiment(made(**{key: value}), "e")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"network": "cnn3"}, ["experiments.e.network: unknown network 'cnn3'", "'cnn3d'"]),
        ({"scheme": "thre"}, ["experiments.e.scheme: unknown scheme 'thre'", "'three'"]),
        (
            {"network_settings": {"filtres": 3}},
            ["experiments.e.network_settings: unknown setting 'filtres'", "'filters'"],
        ),
    ],
)
def test_unknown_names_are_refused_by_every_plan(entry, words):
    settings = made(**entry)
    for refused in (lambda: check_names(settings), lambda: Plan(settings)):
        with pytest.raises(MerflowError) as caught:
            refused()
        assert all(word in str(caught.value) for word in words), str(caught.value)
        assert caught.value.code == 2


def test_names_of_pretrainings_are_checked():
    settings = made()
    wrong = settings.pretrainings["w"].model_copy(update={"network": "cnn3"})
    settings = settings.model_copy(update={"pretrainings": {"w": wrong}})
    with pytest.raises(MerflowError, match=r"pretrainings\.w\.network: unknown network 'cnn3'"):
        check_names(settings)


def test_a_program_needs_no_network():
    check_names(made(method="command", command="python x.py", network="no_such"))


def test_a_list_of_values_for_a_network_is_refused_with_the_grid_to_write():
    network_settings = {"dropout": [0.0, 0.5], "filters": [8, 16]}
    with pytest.raises(MerflowError) as caught:
        check_experiment(made(network_settings=network_settings), "e")
    assert "'dropout' cannot be [0.0, 0.5]" in str(caught.value)
    assert "`grid: {network_settings.dropout: [0.0, 0.5]}`" in str(caught.value)


def test_weights_of_another_method_are_refused(tmp_path):
    path = tmp_path / "w.h5"
    weights_file.write_arrays(path, {}, {"kind": "svm"})
    training = {"start_weights": str(path), "start_sha256": file_digest(path)}
    with pytest.raises(MerflowError, match="holds weights of a svm"):
        check_experiment(made(training=training), "e")


def test_weights_trained_on_a_tested_subject_are_refused(tmp_path):
    path = tmp_path / "w.h5"
    weights_file.write_arrays(path, {}, {"kind": "network", "network": "cnn3d", "settings": {},
        "shape": [10, 64, 64, 1], "classes": ["a", "b"], "batch_size": 8,
        "subjects": ["samm/b"]})  # fmt: skip
    training = {"start_weights": str(path), "start_sha256": file_digest(path)}
    with pytest.raises(MerflowError, match="experiments.e, fold samm-b: .* trained on samm/b, te"):
        looked_at(WHOLE, protocol="composite", training=training)
    looked_at(WHOLE, protocol="cross", test_on=["smic"], training=training)


def looked_at(rows, **experiment):
    """Check the folds of clips given as `dataset subject class`."""
    settings = made(**{"protocol": "loso"} | experiment)
    words = [row.split() for row in rows]
    keys = [ClipKey(d, s, f"c{i}") for i, (d, s, _) in enumerate(words)]
    named = [label for *_, label in words]
    check_folds(
        settings, "e", keys, named, experiment_folds(settings.experiments["e"], keys, named)
    )


WHOLE = [
    f"{d} {s} {c}"
    for d in ("smic", "samm")
    for s in ("a", "b", "c", "d")
    for c in ("negative", "positive", "surprise")
]


@pytest.mark.parametrize("protocol", ["loso", "composite", "cross", "kfold", "holdout"])
@pytest.mark.parametrize("nested", [False, True])
def test_folds_with_every_class_pass(protocol, nested):
    training = {"stopping": "inner", "inner_folds": 2} if nested else {}
    rows = [*WHOLE, *(row.replace(" ", " x", 1) for row in WHOLE)]
    looked_at(rows, protocol=protocol, nested=nested, training=training)


@pytest.mark.parametrize(
    ("rows", "entry", "words"),
    [
        (
            [row for row in WHOLE if "surprise" not in row or row.startswith("samm a")],
            {"protocol": "composite"},
            ["experiments.e, fold samm-a: no training clip of class 'surprise'; only samm/a has it",
             "tested here", "a scheme without this class", "clips of it from other subjects"],
        ),
        (
            [row for row in WHOLE if not ("smic" in row and "surprise" in row)],
            {},
            ["fold smic-a: no training clip of class 'surprise'; only samm/a, samm/b, samm/c, ...",
             "not trained on here (3 more folds lack a class)", "use composite in place of loso"],
        ),
        (
            [row for row in WHOLE if "surprise" not in row],
            {"method": "command", "command": "python x.py"},
            ["no training clip of class 'surprise'; no clip of these datasets has it"],
        ),
        (
            WHOLE,
            {"nested": True, "training": {"inner_folds": 4}},
            ["experiments.e, fold samm-a, nested: true, inner fold", "0 clips of class negative",
             "`nested: false`"],
        ),
        (
            WHOLE,
            {"training": {"stopping": "inner", "inner_support": 2}},
            ["fold samm-a, training.stopping: inner, inner fold 1 of 3", "1 clip of class",
             "`stopping: fixed`"],
        ),
        (
            WHOLE,
            {"nested": True, "training": {"stopping": "inner"}},
            ["nested: true, inner fold 1, training.stopping: inner, inner fold"],
        ),
    ],
    ids=["one owner", "empty in a dataset", "empty", "nested", "stopping", "both"],
)  # fmt: skip
def test_a_fold_without_a_class_is_refused(rows, entry, words):
    with pytest.raises(MerflowError) as caught:
        looked_at(rows, **entry)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.code == 2


def test_pooled_factors_count_as_copies():
    training = {"stopping": "inner", "inner_support": 2}
    looked_at(WHOLE, factors=["x1+x10"], training=training)
    with pytest.raises(MerflowError, match="at least 2 of every class"):
        looked_at(WHOLE, factors=["x1+x10", "x10"], training=training)


def test_every_network_declares_its_kind_of_input():
    assert {network_registry.kind_of_input(name) for name in network_registry.names()} == {
        "frames",
        "flow",
    }


def test_the_preflight_imports_neither_keras_nor_opencv():
    text = (
        "import sys, merflow.workflow.preflight; from merflow.models import network_registry as n; "
    )
    text += "[n.check_settings(x, {}) for x in n.names()]; "
    text += "sys.exit(bool({'keras', 'cv2'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0


def test_sixteen_bits_on_a_processor_need_the_native_level(monkeypatch):
    settings = made(training={"mixed_precision": True, "device": "cpu"})
    monkeypatch.setenv("MERFLOW_ARITHMETIC", "native")
    check_experiment(settings, "e")
    for level in ("portable", ""):  # empty: the config's, which is portable
        monkeypatch.setenv("MERFLOW_ARITHMETIC", level)
        with pytest.raises(MerflowError, match=r"experiments\.e\.training\.mixed_precision"):
            check_experiment(settings, "e")


@pytest.mark.parametrize(
    ("entry", "there", "count"),
    [
        ({"network": "slstt"}, False, 1),
        ({"network": "slstt"}, True, 0),
        ({"network": "slstt", "network_settings": {"depth": 2}}, False, 0),
        ({"network": "causalnet", "network_settings": {"gamma": 0.4}}, False, 1),
        ({}, False, 0),
        ({"method": "lbptop_svm"}, False, 0),
    ],
)
def test_a_large_network_without_a_gpu_is_a_warning(entry, there, count, monkeypatch):
    monkeypatch.setattr(gpu_choice, "possible", lambda: there)
    data = ExperimentData(made(**entry))
    data.clips = {
        name: [Clip(ClipKey(name, "s", "c"), "", (), (), 100.0, emotion)]
        for name, emotion in (("smic", "negative"), ("samm", "anger"))
    }
    for _ in range(2):
        data.labelled("e")
    assert [problem.where for problem in data.warnings] == ["experiments.e"] * count
    for problem in data.warnings:
        assert f"network {entry['network']} is meant for a GPU" in str(problem)
        assert "width in network_settings" in str(problem) or "width or depth" in str(problem)
