"""The nearest known name is offered where it is near, and nothing where it is not."""

import pytest

from merflow.clip import ENTRIES
from merflow.command_help import commands
from merflow.config.settings import Experiment, Settings, Training
from merflow.datasets import labels, registry
from merflow.errors import nearest, unknown
from merflow.models import network_registry
from merflow.workflow.targets import RULES

TRAINING, EXPERIMENT = list(Training.model_fields), list(Experiment.model_fields)
NETWORKS, DATASETS = network_registry.names(), registry.names()


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("learnig_rate", TRAINING, "learning_rate"),
        ("learningRate", TRAINING, "learning_rate"),
        ("Batch-Size", TRAINING, "batch_size"),
        ("optimizer", TRAINING, "optimiser"),
        ("epoch", TRAINING, "epochs"),
        ("factor", EXPERIMENT, "factors"),
        ("colection", EXPERIMENT, "collection"),
        ("experiment", Settings.model_fields, "experiments"),
        ("cnn_3d", NETWORKS, "cnn3d"),
        ("STSNet", NETWORKS, "ststnet"),
        ("off-apexnet", NETWORKS, "off_apexnet"),
        ("SAMM", DATASETS, "samm"),
        ("manifset", DATASETS, "manifest"),
        ("megc19", labels.names(), "megc2019"),
        ("magnfy", commands(), "magnify"),
        ("make_manifest", commands(), "make-manifest"),
        ("aligne", RULES, "aligned"),
        ("croped", ENTRIES, "cropped"),
        ("quikc", ["quick", "permuted"], "quick"),
        ("svn", ["svm", "demo"], "svm"),
    ],
)
def test_a_near_name_is_offered(word, known, meant):
    assert nearest(word, known) == f" (did you mean '{meant}'?)"


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("dropout", TRAINING),
        ("patience", TRAINING),
        ("lr", TRAINING),
        ("loader", EXPERIMENT),
        ("resnet50", NETWORKS),
        ("transformer", NETWORKS),
        ("videomae", NETWORKS),
        ("fer2013", DATASETS),
        ("affectnet", DATASETS),
        ("emotions", labels.names()),
        ("install", commands()),
        ("everything", RULES),
        ("ready", ENTRIES),
        ("mine", ["smic", "samm"]),
        ("", TRAINING),
        ("?", TRAINING),
    ],
)
def test_a_word_of_something_else_gets_no_name(word, known):
    assert nearest(word, known) == ""


def test_the_error_lists_what_is_known():
    error = unknown("here", "network", "resnet50", NETWORKS)
    assert error.found == "unknown network 'resnet50'" and "cnn3d" in error.expected
