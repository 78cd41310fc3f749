"""Figures of a run: every number as text, SVG and PDF beside each other, the same bytes each time."""

import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from table_makers import pooled

from merflow.evaluation.metrics import confusion
from merflow.reporting.run_figures import write_figures
from merflow.reporting.training_records import Curve

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("curves", "confusion", "subjects")


def curve(name, epochs=12):
    values = np.linspace(0.9, 0.2, epochs)
    return Curve(name, np.arange(1.0, epochs + 1), values - 0.1, values, values + 0.1)


TRAINED = [curve("loss"), curve("val_loss"), curve("accuracy")]


@pytest.fixture
def drawn(tmp_path):
    def draw(found, table):
        write_figures(tmp_path, table, found)
        return {name: (tmp_path / f"{name}.svg").read_text(encoding="utf-8") for name in NAMES}

    return draw


def words(text):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(text).iter(f"{SVG}text")]


def test_every_figure_is_a_self_contained_svg_beside_a_pdf(drawn, tmp_path):
    for name, text in drawn(TRAINED, pooled()).items():
        root = ElementTree.fromstring(text)
        assert root.tag == f"{SVG}svg" and words(text)
        links = [v for node in root.iter() for k, v in node.attrib.items() if k.endswith("href")]
        assert not [link for link in links if not link.startswith(("#", "data:image/png"))]
        assert not [node.tag for node in root.iter() if "script" in node.tag]
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF-")


def test_a_pdf_embeds_its_font(drawn, tmp_path):
    drawn(TRAINED, pooled())
    for name in NAMES:
        found = (tmp_path / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in found and b"DejaVuSans" in found


def test_bytes_depend_on_the_results_only(drawn, tmp_path):
    def files():
        drawn(TRAINED, pooled())
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    first = files()
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "path"}):
        assert files() == first
    assert len(first) == 6
    for found in first.values():
        assert b"CreationDate" not in found and b"dc:date" not in found


def test_the_curves_are_those_of_training_and_of_inner_folds(drawn):
    found = words(drawn(TRAINED, pooled())["curves"])
    assert {"training", "inner folds"} <= set(found)
    assert "accuracy: median and middle 80% of the folds" in found


@pytest.mark.parametrize("found", [[curve("loss", 1)], []])
def test_a_method_without_epochs_has_a_figure_that_says_so(drawn, found):
    assert words(drawn(found, pooled())["curves"]) == ["Fitted in one step: no curve"]


def test_the_matrix_shows_every_count_of_every_part(drawn):
    table = pooled()
    found = words(drawn([], table)["confusion"])
    for part in ("full", *table.datasets):
        rows = table.part(part)
        for count in confusion(rows.truth, rows.predicted, len(table.classes)).ravel():
            assert str(count) in found
    assert f"full, {len(table.keys)} clips" in [word.lower() for word in found]


def test_a_class_with_a_hostile_name_is_text(drawn):
    table = pooled()
    names = ("<script>x</script>", 'a"b', "$\\frac{1}$")
    hostile = type(table).of(table.keys, names, table.truth, table.predicted, table.folds, None)
    found = words(drawn([], hostile)["confusion"])
    assert 'a"b' in found and "$\\frac{1}$" in found
    assert "<script>x</sc…" in found


def test_matplotlib_is_imported_only_to_draw():
    code = "import sys, merflow.commands.score; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
