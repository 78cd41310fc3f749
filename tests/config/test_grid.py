"""Grids: names, order, what is recorded, and messages."""

import pytest
import yaml

from merflow.config import grid as grids
from merflow.config.loading import merge, read_yaml, validate
from merflow.config.reference import schema_text
from merflow.errors import MerflowError
from merflow.workflow.permutation_runs import is_permuted_copy

MINIMAL = {
    "datasets": {"smic": {"root": "x"}},
    "collections": {"c": ["smic"]},
    "preparations": {"p": {}},
    "experiments": {"e": {"preparation": "p", "collection": "c"}},
}


def settings_of(**experiment):
    """Return the settings with one experiment `e`."""
    return validate(merge(MINIMAL, {"experiments": {"e": experiment}}))


def message(**experiment):
    """Return the message with which an experiment is refused."""
    with pytest.raises(MerflowError) as caught:
        settings_of(**experiment)
    assert caught.value.code == 2
    return str(caught.value)


def test_the_first_key_of_a_grid_changes_slowest():
    grid = {"training.loss": ["focal", "cross_entropy"], "network_settings.attention": ["a", "b"]}
    settings = settings_of(network_settings={"dropout": 0.5}, grid=grid)
    assert list(settings.experiments) == [
        "e-loss=focal-attention=a",
        "e-loss=focal-attention=b",
        "e-loss=cross_entropy-attention=a",
        "e-loss=cross_entropy-attention=b",
    ]
    entry = settings.experiments["e-loss=focal-attention=b"]
    assert entry.training.loss == "focal"
    assert entry.network_settings == {"dropout": 0.5, "attention": "b"}
    assert entry.grid == {}


def test_a_grid_goes_over_a_value_of_the_experiment():
    settings = settings_of(training={"loss": "focal"}, grid={"training.loss": ["cross_entropy"]})
    assert settings.experiments["e-loss=cross_entropy"].training.loss == "cross_entropy"


@pytest.mark.parametrize(
    ("path", "values", "names"),
    [
        ("permute_labels", [None, 3], ["e-permute_labels=None", "e-permute_labels=3"]),
        ("nested", [True, False], ["e-nested=True", "e-nested=False"]),
        ("training.learning_rate", [0.001, 1e-05], ["e-learning_rate=0.001", "e-learning_rate=1e-05"]),
        ("control", ["none", "dataset-only"], ["e-control=none", "e-control=dataset-only"]),
        ("training.class_weights", ["none", "balanced"], ["e-class_weights=none", "e-class_weights=balanced"]),
        ("training.augment.flip", [True], ["e-flip=True"]),
        ("pretrain", [""], ["e-pretrain="]),
    ],
)  # fmt: skip
def test_any_single_value_can_be_listed(path, values, names):
    assert list(settings_of(grid={path: values}).experiments) == names


def test_what_a_grid_made_is_recorded_and_read_again(tmp_path):
    settings = settings_of(grid={"training.loss": ["focal", "cross_entropy"]})
    member = grids.members(settings)["e-loss=focal"]
    assert (member.base, member.values) == ("e", {"training.loss": "focal"})
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False))
    assert validate(read_yaml(file)) == settings
    assert grids.base_of(grids.members(settings), "e-loss=focal") == "e"
    assert grids.base_of(grids.members(settings), "other-loss=focal") == "other-loss=focal"


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({"training.los": [1, 2]}, ["e.grid.training.los: unknown setting", "'training.loss'"]),
        ({"loss": ["focal"]}, ["e.grid.loss: unknown setting", "'training.loss'"]),
        ({"grid": [1]}, ["e.grid.grid: unknown setting"]),
        ({"training": [1]}, ["e.grid.training: a section; name one setting in it"]),
        ({"network_settings": [1]}, ["e.grid.network_settings: a section"]),
        ({"factors": [1, 10]}, ["e.grid.factors: takes a list itself"]),
        ({"seeds": [1]}, ["e.grid.seeds: takes a list itself"]),
        ({"training.loss": "focal"}, ["e.grid.training.loss: found 'focal'; a list is wanted, as [focal]"]),
        ({"training.loss": []}, ["e.grid.training.loss: found []; 1 or more"]),
        ({"training.epochs": [5, 6, 5]}, ["e.grid.training.epochs: 5 is listed twice"]),
        ({"network_settings.filters": [[8, 16]]}, ["[8, 16] cannot be part of an experiment's name"]),
        ({"folds_file": ["a/b.csv"]}, ["e.grid.folds_file: 'a/b.csv' cannot be part"]),
        ({"training.loss": ["focal", "foc"]}, ["e.grid.training.loss: found 'foc'", "'focal'"]),
        ({"training.epochs": [5, 0]}, ["e.grid.training.epochs: found 0"]),
        ([1], ["e.grid: found [1]; setting paths and lists of values"]),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_named_with_its_key(grid, says):
    text = message(grid=grid)
    assert "1 wrong setting\n" in text
    for words in says:
        assert words in text


def test_a_list_in_place_of_a_value_is_refused_with_the_grid_to_write():
    lists = {"loss": ["focal", "cross_entropy"], "epochs": [1, 2]}
    text = message(scheme=["three", "binary"], training=lists)
    assert "experiments.e.scheme, training.loss, training.epochs: a list where one value" in text
    line = next(line for line in text.splitlines() if "grid:" in line)
    written = yaml.safe_load(line)
    assert written == {
        "grid": {"scheme": ["three", "binary"], "training.loss": lists["loss"], "training.epochs": [1, 2]}
    }  # fmt: skip
    assert len(settings_of(**written).experiments) == 8


def test_the_grid_to_write_keeps_the_grid_that_is_there():
    text = message(grid={"scheme": ["three"]}, training={"loss": ["focal"]})
    assert "grid: {scheme: [three], training.loss: [focal]}" in text


def test_faults_of_grids_are_listed_with_all_others_and_once():
    text = message(grid={"training.loss": ["focal", "x"]}, training={"epochs": 0}, colection="c")
    assert "3 wrong settings" in text
    assert text.count("experiments.e.training.epochs: found 0") == 1
    text = message(grid={"scheme": []}, training={"loss": ["focal"], "epochs": 0})
    assert "3 wrong settings" in text


def test_two_experiments_of_one_name_are_refused():
    entry = MINIMAL["experiments"]["e"]
    pair = {"e": {**entry, "grid": {"training.loss": ["focal"]}}, "e-loss=focal": entry}
    with pytest.raises(MerflowError, match=r"experiments\.e-loss=focal: a grid makes this name"):
        validate(merge(MINIMAL, {"experiments": pair}))


def test_a_grid_of_permutations_ranks_the_experiment_it_permutes():
    entry = MINIMAL["experiments"]["e"]
    permuted = {**entry, "grid": {"permute_labels": [1, 2]}}
    made = validate(merge(MINIMAL, {"experiments": {"p": permuted}})).experiments
    found = [name for name, other in made.items() if is_permuted_copy(other, made["e"])]
    assert found == ["p-permute_labels=1", "p-permute_labels=2"]


def test_the_schema_describes_grids():
    schema = yaml.safe_load(schema_text())
    grid = schema["$defs"]["Experiment"]["properties"]["grid"]
    assert grid["additionalProperties"]["minItems"] == 1
    names = grid["propertyNames"]["anyOf"]
    assert "training.loss" in names[0]["enum"] and "factors" not in names[0]["enum"]
