"""Display names: which text each experiment is printed as, and what a change makes again."""

import pytest

from merflow.config.display_names import display_names, shown_row
from merflow.config.flatten import settings_digest
from merflow.config.loading import validate
from merflow.errors import MerflowError

ENTRY = {"preparation": "p", "collection": "c", "factors": [1]}


def settings(**experiments):
    return validate({
        "datasets": {"casme2": {"root": "."}},
        "collections": {"c": ["casme2"]},
        "preparations": {"p": {}},
        "experiments": {name: ENTRY | entry for name, entry in experiments.items()},
    })  # fmt: skip


def test_an_experiment_is_printed_as_its_label_or_else_its_name():
    found = display_names(settings(e={"label": "3D CNN (grey)"}, f={}))
    assert found == {"e": "3D CNN (grey)", "f": "f"}
    assert shown_row("e x10", found) == "3D CNN (grey) x10"
    assert shown_row("e", found) == "3D CNN (grey)"
    assert shown_row("x10", found) == "x10"


def test_the_experiments_of_a_grid_add_their_values_to_the_label():
    grid = {"training.loss": ["cross_entropy", "focal"], "network_settings.attention": ["none"]}
    found = display_names(settings(e={"label": "CNN", "grid": grid}))
    assert found["e-loss=focal-attention=none"] == "CNN, loss=focal, attention=none"
    assert found["e"] == "CNN"


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"e": {"label": "A"}, "f": {"label": "A"}}, "'A' is also the name of 'e'"),
        ({"e": {"label": "f"}, "f": {}}, "'f' is also the name of 'e'"),
        ({"e": {"label": "two\nlines"}}, "expected one line"),
        ({"e": {"label": "=1+1"}}, "does not begin with"),
        ({"e": {"label": "x" * 61}}, "at most 60"),
        ({"e": {"grid": {"label": ["A", "B"]}}}, "unknown setting"),
    ],
)
def test_a_label_that_is_taken_or_cannot_be_printed_is_refused(entries, fault):
    with pytest.raises(MerflowError, match=fault):
        settings(**entries)


def test_settings_without_a_label_keep_their_digest():
    plain = settings(e={})
    assert "label" not in plain.experiments["e"].model_dump(mode="json")
    assert settings_digest(plain) == settings_digest(settings(e={"label": ""}))
