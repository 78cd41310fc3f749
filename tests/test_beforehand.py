"""What training would refuse is refused when a run begins, with the key that is to be changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from merflow import networks
from merflow.beforehand import check_experiment
from merflow.configuration import load, validate
from merflow.errors import MerflowError

ROOT = Path(__file__).parents[1]


def made(**experiment):
    """Return settings with one experiment `e`, on frames unless told otherwise."""
    return validate(
        {
            "datasets": {"smic": {"root": "d"}, "samm": {"root": "d"}},
            "collections": {"c": ["smic", "samm"]},
            "preparations": {"p": {}, "f": {"kind": "flow"}},
            "pretrainings": {"w": {"preparation": "p", "collection": "c", "scheme": "three"}},
            "experiments": {"e": {"preparation": "p", "collection": "c", **experiment}},
        }
    )


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.name)
def test_every_config_that_is_shipped_may_begin(path):
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
    ],
)
def test_what_training_takes_may_begin(entry):
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
        ({"training": {"class_weights": [1, 2]}}, ["class_weights: 2 numbers", "3, for negative"]),
        ({"training": {"start_weights": "none.h5"}}, ["training.start_weights", "no file none.h5"]),
        ({"test_on": ["smic"]}, ["e.test_on", "no effect under protocol composite"]),
        ({"method": "command"}, ["e.command", "no program is named"]),
        ({"method": "command", "command": "no-such x"}, ["e.command", "no program no-such"]),
        ({"method": "command", "command": "a 'b"}, ["e.command", "No closing quotation"]),
    ],
)
def test_what_training_would_refuse_is_refused_before_it(entry, words):
    with pytest.raises(MerflowError) as caught:
        check_experiment(made(**entry), "e")
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.code == 2


def test_every_network_says_what_it_takes():
    assert {networks.kind_of_input(name) for name in networks.names()} == {"frames", "flow"}


def test_the_look_imports_no_keras():
    text = "import sys, merflow.beforehand as b, merflow.networks as n; "
    text += "[n.check_types(x, {}) for x in n.names()]; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
