"""A run's pictures as files: one well-formed SVG each, with nothing that only the page has."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from table_makers import pooled

from merflow.evaluation.metrics import confusion
from merflow.reporting.run_figures import write_pictures
from merflow.reporting.svg_plots import Curve

SVG = "{http://www.w3.org/2000/svg}"


def curve(name, epochs=12):
    values = np.linspace(0.9, 0.2, epochs)
    return Curve(name, np.arange(1.0, epochs + 1), values - 0.1, values, values + 0.1)


@pytest.fixture
def drawn(tmp_path):
    def draw(found, table):
        write_pictures(tmp_path, table, found)
        names = ("curves", "confusion", "subjects")
        return {name: (tmp_path / f"{name}.svg").read_text(encoding="utf-8") for name in names}

    return draw


def words(text):
    return [node.text for node in ElementTree.fromstring(text).iter(f"{SVG}text")]


def test_every_picture_stands_by_itself(drawn):
    for text in drawn([curve("loss"), curve("val_loss"), curve("accuracy")], pooled()).values():
        root = ElementTree.fromstring(text)
        assert root.tag == f"{SVG}svg"
        assert "var(" not in text and "script" not in text and "http" not in text[60:]
        used = {c for node in root.iter() for c in node.get("class", "").split()}
        styled = set(re.findall(r"\.(\w+)", root.find(f"{SVG}style").text))
        assert used <= styled
        for panel in root.findall(f"{SVG}svg"):
            right = float(panel.get("x")) + float(panel.get("width"))
            assert right <= float(root.get("width"))
            assert float(panel.get("y")) + float(panel.get("height")) <= float(root.get("height"))


def test_the_curves_are_those_of_training_and_of_inner_folds(drawn):
    found = words(drawn([curve("loss"), curve("val_loss"), curve("accuracy")], pooled())["curves"])
    assert {"training", "inner folds"} <= set(found)
    assert "accuracy: median and middle 80% of the folds" in found
    assert "Fitted in one step: no curve" in words(drawn([curve("loss", 1)], pooled())["curves"])
    assert "Fitted in one step: no curve" in words(drawn([], pooled())["curves"])


def test_the_matrix_shows_every_count_of_every_part(drawn):
    table = pooled()
    found = words(drawn([], table)["confusion"])
    for part in ("full", *table.datasets):
        rows = table.part(part)
        for count in confusion(rows.truth, rows.predicted, len(table.classes)).ravel():
            assert str(count) in found
    assert f"full, {len(table.keys)} clips (rows: truth)" in [word.lower() for word in found]


def test_a_class_with_a_hostile_name_is_text(drawn):
    table = pooled()
    hostile = type(table)(
        table.keys,
        ("<script>x</script>", 'a"b', "c&d"),
        table.truth,
        table.predicted,
        table.folds,
        None,
    )
    assert 'a"b' in words(drawn([], hostile)["confusion"])
