"""Settings: validation, messages that name the key, generated documents."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
import yaml

from merflow.commands.schema import REFERENCE, SCHEMA
from merflow.config import loading, reference
from merflow.config.settings import Method, Settings, Tree
from merflow.errors import MerflowError
from merflow.models import network_registry
from merflow.workflow.setup import start

ROOT = Path(__file__).parents[2]
MINIMAL = {
    "datasets": {"smic": {"root": "x"}},
    "collections": {"c": ["smic"]},
    "preparations": {"p": {}},
    "experiments": {"e": {"preparation": "p", "collection": "c"}},
}


def changed(path: str, value):
    """Return MINIMAL with the value at a dotted path replaced."""
    over = value
    for key in reversed(path.split(".")):
        over = {key: over}
    return loading.merge(MINIMAL, over)


def test_a_minimal_config_is_valid_and_has_every_default():
    settings = loading.validate(MINIMAL)
    assert settings.experiments["e"].network == "cnn3d"
    assert settings.preparations["p"].crop.working_size == 256


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_config_that_is_shipped_is_valid(path):
    if path.name != "local.yaml":
        loading.load(path)


def test_the_zoo_has_every_network_and_every_method():
    entries = loading.load(ROOT / "config" / "zoo.yaml").experiments.values()
    shown = {entry.network for entry in entries if entry.method == "keras"}
    assert shown == set(network_registry.names())
    # The frozen network of `video_features` is a file that only a user has.
    assert {entry.method for entry in entries} == set(get_args(Method)) - {"video_features"}
    examples = {entry.command.split("/")[-1] for entry in entries if entry.command}
    assert examples == {path.name for path in (ROOT / "examples").glob("*.py")}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("max_skiped", 0.1, ["max_skiped", "unknown key", "did you mean 'max_skipped'"]),
        ("preparations.p.crop.coulour", "grey", ["preparations.p.crop.coulour", "'colour'"]),
        ("preparations.p.crop.colour", "gray", ["'gray'", "'grey' or 'rgb'"]),
        ("preparations.p.crop.working_size", 8, ["working_size", "found 8", "32"]),
        ("experiments.e.preparation", "q", ["unknown preparation 'q'", "known: p"]),
        ("experiments.e.collection", "cc", ["unknown collection 'cc'", "known: c"]),
        ("experiments.e.training.epochs", 0, ["experiments.e.training.epochs", "found 0"]),
        ("experiments.e.training.loss", "focall", ["'focall'", "'focal'"]),
        ("collections.c", ["smik"], ["unknown dataset 'smik'", "did you mean 'smic'"]),
        ("experiments.e.factors", ["ten"], ["factor", "'ten'", "x10"]),
        ("experiments.e.factors", [-3], ["factor", "-3"]),
        ("preparations.folds", {}, ["folds", "a folder of results/"]),
        ("experiments.e.protocol", "file", ["experiments.e.folds_file", "`protocol: file`"]),
        ("experiments.e.folds_file", "f.csv", ["experiments.e.folds_file", "`protocol: file`"]),
        ("experiments.e.seeds", [0, -1], ["experiments.e.seeds.1: found -1"]),
        ("experiments.e.seeds", [3, 0, 3], ["experiments.e.seeds: 3 is listed twice"]),
        ("experiments.e.seeds", [], ["experiments.e.seeds: found []"]),
        ("experiments.e.factors", [], ["experiments.e.factors: found []"]),
        ("experiments.e.factors", [10, "x10"], ["experiments.e.factors: x10 is listed twice"]),
        ("experiments.e.factors", ["1+1.0000001"], ["factor '1+1.0000001'"]),
        ("experiments.e.factors", ["x1+x10", "10+1"], ["e.factors: x10+x1 is listed twice"]),
        ("schemes.mine", {"any": {"joy": "+"}}, ["schemes.mine.any.joy: class '+'"]),
        ("schemes.mine", {"any": {"joy": "=x"}}, ["schemes.mine.any.joy: class '=x'"]),
        ("schemes.mine", {"any": {"joy": " @x"}}, ["class ' @x'", "begin with = + - or @"]),
        ("schemes.mine", {"any": {"joy": ""}}, ["schemes.mine.any.joy: class ''"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_found_and_what_is_allowed(path, value, says):
    with pytest.raises(MerflowError) as caught:
        loading.validate(changed(path, value))
    for words in says:
        assert words in str(caught.value)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "training",
    [
        {"stopping": "inner"},
        {"balanced_sampling": True},
        {"augment": {"flip": True}},
        {"start_weights": "w.h5"},
        {"epochs": 99},
        {"loss": "focal"},
        {"scaling": "none"},
        {"learning_rate": 0.1},
        {"device": "gpu"},
    ],
    ids=lambda training: next(iter(training)),
)
def test_an_svm_refuses_settings_of_networks(training):
    wanted = {"method": "lbptop_svm", "training": training}
    with pytest.raises(MerflowError, match="has no effect on method lbptop_svm") as caught:
        loading.validate(changed("experiments.e", wanted))
    assert f"experiments.e.training.{next(iter(training))}" in str(caught.value)


def test_an_svm_takes_all_its_settings_and_names_all_others():
    used = {"class_weights": "none", "threads": 1, "inner_folds": 2, "inner_support": 2}
    wanted = {"method": "flow_svm", "training": {**used, "svm": {"c": 2}}}
    loading.validate(changed("experiments.e", wanted))
    wanted |= {"network_settings": {"filters": [1]}, "command": "python x.py"}
    wanted["training"] = {"loss": "focal", "epochs": 20, "momentum": 0.5}
    with pytest.raises(MerflowError, match="have no effect on method flow_svm") as caught:
        loading.validate(changed("experiments.e", wanted))
    for key in ("training.loss", "training.momentum", "network_settings", "command"):
        assert f"experiments.e.{key}" in str(caught.value)
    assert "epochs" not in str(caught.value), "the default, as results/config.yaml has it"


@pytest.mark.parametrize("method", ["keras", "flow_svm"])
def test_a_sandbox_of_what_is_no_program_is_refused(method):
    wanted = {"method": method, "sandbox": "required"}
    with pytest.raises(MerflowError, match=r"e\.sandbox: goes with `method: command` only"):
        loading.validate(changed("experiments.e", wanted))


def test_all_settings_are_written_and_read_again():
    wanted = {"method": "lbptop_svm", "training": {"svm": {"c": 2}}}
    settings = loading.validate(changed("experiments.e", wanted))
    assert loading.validate(settings.model_dump(mode="json")) == settings


def test_all_faults_are_listed_at_once():
    raw = loading.merge(changed("max_skiped", 1), {"folds_per_job": 0})
    with pytest.raises(MerflowError, match="2 wrong settings"):
        loading.validate(raw)


def test_of_two_files_the_one_with_the_fault_is_named(tmp_path):
    first, second = tmp_path / "config.yaml", tmp_path / "local.yaml"
    first.write_text("max_skiped: 1\n")
    second.write_text("datasets:\n  smic: {root: a}\n")
    with pytest.raises(MerflowError) as error:
        loading.load(first, second)
    assert error.value.where == str(first)
    second.write_text("folds_per_job: 0\n")
    with pytest.raises(MerflowError) as error:
        loading.load(first, second)
    assert error.value.where == f"{first}, {second}"


@pytest.mark.parametrize(
    ("text", "explained"),
    [
        (
            "datasets:\n  smic:{root: a}\n",
            "datasets.smic:{root: a space is missing after the colon",
        ),
        ("datasets:\nsmic: {root: a}\n", "datasets: empty; indent the lines that belong to it"),
        ("smic: {root: a}\n", "smic: unknown key; write a dataset below `datasets:`"),
    ],
)
def test_a_slip_in_the_folders_of_datasets_is_explained(tmp_path, text, explained):
    file = tmp_path / "local.yaml"
    file.write_text(text)
    with pytest.raises(MerflowError) as error:
        loading.load(file)
    assert explained in str(error.value)


def test_without_a_project_the_way_to_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MerflowError, match="merflow init"):
        loading.load("config/config.yaml")


@pytest.mark.parametrize("found", [10, "x10"])
def test_one_value_where_a_list_is_wanted_is_shown_as_a_list(found):
    with pytest.raises(MerflowError) as error:
        loading.validate(changed("experiments.e.factors", found))
    assert f"experiments.e.factors: found {found!r}; a list is wanted, as [{found}]" in str(
        error.value
    )


def test_a_file_that_is_not_yaml_is_named(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("a: [1")
    with pytest.raises(MerflowError, match=r"c\.yaml"):
        loading.load(file)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: 1\nb: 2\na: 3\n", ("a", 3, 1)),
        ("x:\n  a: {b: 1}\n  'a': {c: 2}\n", ("a", 3, 2)),
        ("x: [{a: 1, a: 1}]\n", ("a", 1, 1)),
    ],
)
def test_a_repeated_key_is_named_with_both_lines(tmp_path, text, lines):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    key, again, first = lines
    says = rf"c\.yaml: line {again}: key '{key}' is repeated, after line {first}"
    with pytest.raises(MerflowError, match=says):
        loading.read_yaml(file)
    with pytest.raises(MerflowError, match=says):
        start(MINIMAL, files=[str(file)])


def test_merged_values_may_be_overridden(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("x: &x {a: 1, b: 2}\ny: {a: 3, <<: *x}\nz: {<<: *x, a: 4}\n")
    read = loading.read_yaml(file)
    assert read["y"] == {"a": 3, "b": 2} and read["z"] == {"a": 4, "b": 2}


def test_yaml_cannot_run_code(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("a: !!python/object/apply:os.system ['true']")
    with pytest.raises(MerflowError, match="not YAML"):
        loading.load(file)


def test_schema_and_key_reference_are_up_to_date():
    assert (ROOT / SCHEMA).read_text() == reference.schema_text(), "run: make docs"
    assert (ROOT / REFERENCE).read_text() == reference.reference_text(), "run: make docs"


def every_section(model: type[Tree], seen: set) -> set:
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            inner = reference._model_in(field.annotation)
            if inner:
                every_section(inner, seen)
    return seen


def test_every_key_has_a_description():
    for section in every_section(Settings, set()):
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"


def test_the_resolved_config_reads_back_to_the_same_settings(tmp_path):
    settings = loading.load(ROOT / "config/config.yaml")
    file = tmp_path / "resolved.yaml"
    file.write_text(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False))
    assert loading.load(file) == settings


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("training.class_weights", ["a"], "experiments.e.training.class_weights.0: "),
        ("factors", [], "experiments.e.factors: found []; 1 or more in the list"),
    ],
)
def test_messages_name_keys_and_lists_and_no_types(key, value, said):
    with pytest.raises(MerflowError) as error:
        loading.validate(changed(f"experiments.e.{key}", value))
    assert said in str(error.value)
    assert "tuple" not in str(error.value)


def test_threads_that_read_networks_at_once_all_read_them():
    """As the studio's requests do; garbage with finalizers lets one thread in on another."""

    class Finalized:
        def __init__(self):
            self.itself = self

        def __del__(self):
            sum(range(50))

    def read(_):
        for name in network_registry.names() * 4:
            Finalized()
            network_registry._parsed.cache_clear()
            assert network_registry.setting_names(name) is not None

    switch, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(200)
    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(read, range(6)))
    finally:
        sys.setswitchinterval(switch)
        gc.set_threshold(*thresholds)
