"""docs/add_a_network.md: what it tells a reader to do is done here, word for word."""

import re
import sys
from pathlib import Path

import network_checks
import numpy as np
import pytest
import yaml

from merflow.config.settings import Experiment, Training
from merflow.models import network_registry, networks
from merflow.models.factory import make_method
from merflow.models.training import backend

PAGE = (Path(__file__).parents[2] / "docs" / "add_a_network.md").read_text(encoding="utf-8")
NAME = "two_rates"


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """The page's file, laid into a folder beside the package's own networks."""
    backend.prepare(threads=2, device="cpu", deterministic=True)
    folder = tmp_path_factory.mktemp("networks")
    (folder / f"{NAME}.py").write_text(block("python"), encoding="utf-8")
    before = list(networks.__path__)
    networks.__path__ = [*before, str(folder)]
    yield
    networks.__path__ = before
    sys.modules.pop(f"merflow.models.networks.{NAME}", None)


def test_the_file_alone_makes_a_network_with_the_parameters_it_says(added):
    assert NAME in network_registry.names()
    assert network_registry.setting_names(NAME) == ("filters", "dropout")
    model = network_registry.build_network(NAME, (10, 64, 64, 1), 3)
    assert f"{model.count_params():,} parameters" in PAGE


def test_it_passes_the_battery(added, tmp_path):
    network_checks.check_shapes_and_probabilities(NAME)
    network_checks.check_smallest_shape(NAME)
    network_checks.check_docstring(NAME)
    network_checks.check_imports(Path(network_registry.module(NAME).__file__))
    data = network_checks.clips(NAME)
    experiment = network_checks.experiment(NAME, epochs=10, batch_size=6)
    method = make_method(experiment, network_checks.CLASSES, 1).fit(data)
    network_checks.check_short_fit(data, method)
    network_checks.check_saved_weights(data, method, tmp_path)


def test_the_config_of_the_page_trains_it(added):
    entry = yaml.safe_load(block("yaml"))["experiments"]["mine"]
    experiment = Experiment(**entry, training=Training(epochs=1, device="cpu"))
    data = network_checks.clips(NAME)
    p = make_method(experiment, network_checks.CLASSES, 0).fit(data).predict(data.x)
    assert np.isfinite(p).all()
