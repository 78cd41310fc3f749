"""Test every network: a new file in networks/ is tested without an edit here.

The table below has the reference shape and parameters of each network; shapes for a network that
is not in it are made from its SMALLEST.
"""

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from network_checks import (
    CLASSES,
    SMALL_SETTINGS,
    check_docstring,
    check_imports,
    check_saved_weights,
    check_shapes_and_probabilities,
    check_short_fit,
    check_smallest_shape,
    clips,
    experiment,
    shapes,
    small_network,
)

from merflow.config.loading import validate
from merflow.models.factory import make_method
from merflow.models.layers.resnet3d import CONFIGURATIONS, Outline
from merflow.models.network_registry import (
    build_network,
    made_for_weights,
    names,
)
from merflow.models.training import backend
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines

FOLDER = Path(__file__).parents[2] / "src" / "merflow" / "models" / "networks"


@pytest.fixture(scope="module", autouse=True)
def started():
    backend.prepare(threads=2, device="cpu", deterministic=True)


@pytest.mark.parametrize("name", names())
def test_it_takes_three_shapes_and_answers_with_probabilities(name):
    check_shapes_and_probabilities(name)


@pytest.mark.parametrize("name", names())
def test_the_smallest_shape_it_names_is_taken_and_a_smaller_one_refused(name):
    check_smallest_shape(name)


@pytest.fixture(scope="module", params=names())
def fitted(request):
    """Each network fitted once, for the tests that ask what came of it."""
    data = clips(request.param)
    method = make_method(experiment(request.param, epochs=10, batch_size=6), CLASSES, 1)
    return data, method.fit(data)


def test_a_short_fit_learns_its_training_clips_and_shows_it_in_inference_mode(fitted):
    check_short_fit(*fitted)


def test_saved_weights_come_back_bit_equal(fitted, tmp_path):
    check_saved_weights(*fitted, tmp_path)


SHARED = sorted((FOLDER.parent / "layers").glob("*.py"))


@pytest.mark.parametrize("path", [*sorted(FOLDER.glob("*.py")), *SHARED], ids=lambda p: p.stem)
def test_a_network_imports_keras_and_shared_layers_only(path):
    check_imports(path)


@pytest.mark.parametrize("name", names())
def test_no_name_in_it_is_refused_by_a_backend(name):
    """PyTorch keeps layers as attributes: a dot in a name stops it at the first build."""
    model = small_network(name, shapes(name)[0])
    assert [layer.name for layer in model.layers if "." in layer.name] == []


@pytest.mark.parametrize("name", names())
def test_its_docstring_says_source_input_and_parameters(name):
    check_docstring(name)


REFERENCE = [
    ("capsulenet", (1, 224, 224, 3), 3, {}, 13_846_976),
    ("causalnet", (4, 28, 28, 3), 3, {}, 276_590_089),
    ("cnn3d", (10, 64, 64, 1), 3, {}, 54_355),
    ("joshi_3dcnn", (9, 128, 128, 1), 2, {}, 18_718_506),
    ("joshi_3dcnn", (9, 128, 128, 1), 7, {}, 16_608_391),
    ("joshi_cnn_lstm", (9, 128, 128, 1), 2, {}, 7_396_682),
    ("joshi_cnn_lstm", (9, 128, 128, 1), 7, {}, 7_396_807),
    ("joshi_convlstm", (9, 128, 128, 1), 2, {}, 54_905_746),
    ("joshi_convlstm", (9, 128, 128, 1), 7, {}, 73_195_271),
    ("joshi_2dcnn_vote", (9, 128, 128, 1), 2, {}, 3_706_050),
    ("joshi_2dcnn_vote", (9, 128, 128, 1), 7, {}, 19_678_983),
    ("dual_branch_gru", (30, 128, 128, 3), 3, {}, 7_656_395),
    ("dual_branch_gru", (10, 128, 128, 3), 3, {}, 7_656_395),
    ("dual_branch_region", (30, 128, 128, 3), 3, {}, 3_817_055),
    ("dual_inception", (28, 28, 3), 3, {}, 6_449_867),
    ("micro_exp_stcnn", (20, 64, 64, 1), 3, {}, 3_281_667),
    ("off_apexnet", (28, 28, 3), 3, {}, 2_664_475),
    ("se_densenet3d", (20, 64, 64, 1), 3, {}, 60_519),
    ("slstt", (11, 384, 384, 3), 3, {}, 93_044_483),
    ("slstt", (11, 224, 224, 3), 3, {}, 92_752_643),
    ("ststnet", (28, 28, 3), 3, {}, 1_715),
    ("r3d18", (4, 32, 32, 3), 3, {}, 33_177_411),
    ("r2plus1d18", (4, 32, 32, 3), 3, {}, 31_327_014),
    ("vgg16_transfer", (1, 32, 32, 3), 2, {}, 134_268_738),
]


@pytest.mark.parametrize(("name", "shape", "classes", "settings", "parameters"), REFERENCE)
def test_it_has_as_many_parameters_as_published(name, shape, classes, settings, parameters):
    import keras

    # Real shapes without values: a network of 277 million weights is counted in half a second.
    with keras.StatelessScope(initialize_variables=False):
        model = build_network(name, shape, classes, settings)
    assert model.count_params() == parameters


def test_the_page_of_networks_has_each_with_its_parameters():
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    assert [name for name in names() if f"`{name}`" not in page] == []
    assert [row[0] for row in REFERENCE if f"{row[-1]:,}" not in page] == []


def test_every_network_has_a_reference_or_is_new():
    assert {row[0] for row in REFERENCE} <= set(names())


@cache
def parameters_of(name, shape, **settings):
    return build_network(name, shape, 3, settings).count_params()


@pytest.mark.parametrize("name", ["r3d18", "r2plus1d18"])
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_the_twelve_configurations_of_system_a(name, configuration):
    """Spatial attention adds one 7 x 7 x 7 kernel over two maps, channel attention two dense layers."""
    settings = CONFIGURATIONS[configuration]
    shape, plain = (3, 32, 32, 3), {"filters": 16}
    model = build_network(name, shape, 3, {**plain, **settings})
    added = 2 * 7**3 * ("SA" in configuration) + 2 * 128 * 8 * ("CA" in configuration)
    assert model.count_params() == parameters_of(name, shape, **plain) + added
    rates = {x.rate for x in model.layers if type(x).__name__ == "SpatialDropout3D"}
    assert rates == {float(configuration[4:7]) if "drop" in configuration else 0.0}
    # Black throughout, as the outline leaves it: with the mask nothing is left to tell apart.
    black = [model(np.full((1, *shape), grey, np.float32)) for grey in (0, 3)]
    assert np.array_equal(*black) == ("mask" in configuration)


def test_a_network_made_for_weights_says_when_it_has_none():
    made = {name for name in names() if made_for_weights(name)}
    assert made == {"r3d18", "r2plus1d18", "vgg16_transfer"}
    entry = {"preparation": "p", "collection": "c"}
    start = {"training": {"start_weights": "w.h5", "start_sha256": "0"}}
    raw = {
        "datasets": {"smic": {"root": "x"}},
        "collections": {"c": ["smic"]},
        "preparations": {"p": {}},
        "experiments": {
            "none": {**entry, "network": "r3d18"},
            "given": {**entry, "network": "r3d18", **start},
            "plain": entry,
            "carried": {**entry, "pretrain": "stills"},
            "svm": {**entry, "method": "lbptop_svm"},
        },
        "pretrainings": {"stills": {**entry}},
    }
    lines = protocol_lines(Plan(validate(raw)))
    assert "untrained: starts at random" in lines["none"]
    assert "starts from weights given" in lines["given"]
    assert "starts" not in lines["plain"] and "pretrained" not in lines["plain"]
    assert "pretrained: stills (smic, scheme raw, x1)" in lines["carried"]
    assert "one SVM a fold" in lines["svm"] and "epochs" not in lines["svm"]


def test_the_outline_mask_is_the_share_of_each_cell_that_is_face():
    import keras

    mask = Outline((4, 4))
    clip = np.zeros((1, 2, 8, 8, 3), np.float32)
    clip[0, 1, 2:8, 1:6] = 200  # in one frame only: the face may move
    clip[0, 0, 0, 0] = 3  # what magnification leaves in black
    got = keras.ops.convert_to_numpy(mask(clip))
    assert got.shape == (1, 1, 4, 4, 1)
    rows, columns = np.array([0, 1, 1, 1.0]), np.array([0.5, 1, 1, 0])
    np.testing.assert_allclose(got[0, 0, ..., 0], rows[:, None] * columns)


PARTS = {
    "dual_branch_gru": {
        "attention": {"none": -584 - 1760, "difference": 0, "cbam": 292 + 687 - 584 - 1760},
        "head": {"last": 0, "mean": 0, "first": 0},
    },
    "dual_branch_region": {"region": {"eyes": 0, "mouth": 0, "whole": 0}},
    "se_densenet3d": {
        # Squeezed to an eighth: 36 -> 4, 36 -> 4, 48 -> 6, 48 -> 6, 60 -> 7 channels.
        "attention": {
            "channel": 0,
            "none": -2 * (36 * 4 * 2 + 48 * 6 * 2 + 60 * 7),
            "spatial": -2 * (36 * 4 * 2 + 48 * 6 * 2 + 60 * 7) + 36 * 2 + 48 * 2 + 60,
            "combined": -2 * (36 * 2 * 2 + 48 * 3 * 2 + 60 * 4) + 36 * 2 + 48 * 2 + 60,
        },
    },
}
"""What each choice adds to the parameters of the default; counted by hand from the layers."""
CHOICES = [(n, s, v) for n, settings in PARTS.items() for s, vs in settings.items() for v in vs]


@pytest.mark.parametrize(("name", "setting", "choice"), CHOICES)
def test_every_choice_of_a_part_is_built_and_answers(name, setting, choice):
    shape, small = (7, 17, 16, 1), SMALL_SETTINGS.get(name, {})
    model = build_network(name, shape, 3, {**small, setting: choice})
    p = np.asarray(model(clips(name, 2, shape).x.astype(np.float32)))
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    more = model.count_params() - parameters_of(name, shape, **small)
    assert more == PARTS[name][setting][choice]


def test_the_first_step_of_the_gru_knows_nothing_of_the_steps_after_it():
    """Why `head: first`, the released form, makes no use of the recurrence."""
    x = np.random.default_rng(0).normal(0, 1, (1, 12, 16, 16, 1)).astype(np.float32)
    later = x.copy()
    later[:, 8:] = 5  # beyond what the first step's convolutions and pools can see
    settings = {"attention": "none", "units": 8}
    for head, same in (("first", True), ("last", False)):
        model = build_network("dual_branch_gru", (12, 16, 16, 1), 3, settings | {"head": head})
        assert np.allclose(model(x), model(later), atol=1e-6) == same


@pytest.mark.parametrize(
    ("name", "parameters"), [("r3d18", 33_371_472), ("r2plus1d18", 31_505_325)]
)
def test_a_video_resnet_trains_as_many_weights_as_torchvision_says(name, parameters):
    model = build_network(name, (4, 32, 32, 3), 400)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == parameters


OWN_END = (
    *("dual_branch_gru", "dual_branch_region", "joshi_2dcnn_vote", "capsulenet", "rcn_a"),
    *("r3d18", "r2plus1d18"),
)
"""Networks that do more than end in `head`, or end in another file."""


@pytest.mark.parametrize("name", [name for name in names() if name not in OWN_END])
def test_it_ends_in_the_head_that_many_labels_change(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert "head" in called


@pytest.mark.parametrize("name", ["cnn3d", "sssnet", *OWN_END])
def test_with_many_labels_each_class_has_a_probability_alone(name):
    """No class takes probability from another, as under a softmax: they do not sum to 1."""
    backend.reset(3, False, "cpu")
    shape = shapes(name)[0]
    model = build_network(name, shape, 4, SMALL_SETTINGS.get(name), many_labels=True)
    x = clips(name, 4, shape).x.astype(np.float32)
    p = np.asarray(model((x - x.mean()) / x.std()))
    assert p.shape == (4, 4) and ((p >= 0) & (p <= 1)).all()
    assert (np.abs(p.sum(1) - 1) > 1e-3).any()
