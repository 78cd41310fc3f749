"""Figures for papers: widths of columns, embedded fonts, every number, the same bytes each time."""

import re
import shutil
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pypdf
import pytest
from table_makers import pooled, rows, run

from merflow.evaluation.metrics import confusion
from merflow.evaluation.run_id import Run
from merflow.reporting.figures.gallery import write_gallery
from merflow.reporting.figures.run import write_figures
from merflow.reporting.html.magnification import panels
from merflow.reporting.html.run_data import RunResults
from merflow.reporting.results_table import wide_tables
from merflow.reporting.training_records import Curve, Training

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("curves", "confusion", "subjects", "ranking")
WIDTHS = {252.0, 515.52}
"""Points in 3.5 in and 7.16 in."""


def curve(name, epochs=12):
    values = np.linspace(0.9, 0.2, epochs)
    return Curve(name, np.arange(1.0, epochs + 1), values - 0.1, values, values + 0.1)


TRAINED = [curve("loss"), curve("val_loss"), curve("accuracy")]


def with_probabilities(table):
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(len(table.classes)), len(table.keys))
    return table.changed(probabilities=chances, predicted=chances.argmax(1))


def effect(part):
    entry = {"part": part, "factor": "x10", "difference": 0.05, "lo": -0.02, "hi": 0.12}
    return SimpleNamespace(experiment="cnn", against="x1", **entry)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """Return the folder with all figures of one experiment with two factors and two seeds."""
    folder = tmp_path_factory.mktemp("figures")
    scores = rows(*(run("cnn", f, s) for f in ("x1", "x10") for s in (0, 1)))
    shown = panels(wide_tables(scores), scores)
    table = with_probabilities(pooled())
    made = write_gallery(folder / "all", (), shown, [effect("full"), effect("samm")])
    made += write_figures(folder / "run", table, TRAINED)
    return {path.name: path for path in made}


def text_of(path):
    return " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def test_every_figure_is_there_as_pdf_and_svg(gallery):
    stems = ("cnn_magnification", *NAMES)
    assert {*gallery} == {f"{stem}.{kind}" for stem in stems for kind in ("svg", "pdf")}


@pytest.mark.parametrize("name", ["cnn_magnification", *NAMES])
def test_a_figure_is_as_wide_as_one_column_or_two_and_embeds_its_fonts(gallery, name):
    reader = pypdf.PdfReader(gallery[f"{name}.pdf"])
    (page,) = reader.pages
    assert round(float(page.mediabox.width), 2) in WIDTHS
    fonts = [found.get_object() for found in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        (inner,) = font.get("/DescendantFonts", [font])
        descriptor = inner.get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor and "DejaVu" in font["/BaseFont"]
    root = ElementTree.fromstring(gallery[f"{name}.svg"].read_text(encoding="utf-8"))
    assert root.tag == f"{SVG}svg" and not list(root.iter(f"{SVG}text"))
    links = [v for node in root.iter() for k, v in node.attrib.items() if k.endswith("href")]
    assert not [link for link in links if not link.startswith(("#", "data:image/png"))]
    assert not [node.tag for node in root.iter() if "script" in node.tag]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cnn_magnification", ["UF1 (0 to 1)", "magnification factor", "x10", "UF1 minus UF1"]),
        ("curves", ["epoch", "loss", "accuracy (0 to 1)", "training", "inner folds"]),
        ("confusion", ["true class", "predicted class", "Full, 216 clips"]),
        ("subjects", ["subject", "clips", "predicted right", "SAMM"]),
        ("ranking", ["false positive rate", "recall (0 to 1)", "precision", "surprise ("]),
    ],
)
def test_axes_have_names_and_units_and_text_is_7_pt_at_least(gallery, name, words):
    found = text_of(gallery[f"{name}.pdf"])
    for word in words:
        assert word.replace(" ", "") in re.sub(r"\s", "", found)
    sizes = []
    page = pypdf.PdfReader(gallery[f"{name}.pdf"]).pages[0]
    page.extract_text(visitor_text=lambda t, c, m, f, size: sizes.append(size) if t.strip() else 0)
    assert min(sizes) >= 7


def test_bytes_depend_on_the_results_only(gallery, tmp_path):
    with matplotlib.rc_context({"font.size": 20, "axes.grid": True, "svg.fonttype": "none"}):
        made = write_figures(tmp_path, with_probabilities(pooled()), TRAINED)
    for path in made:
        found = path.read_bytes()
        assert found == gallery[path.name].read_bytes()
        assert b"CreationDate" not in found and b"dc:date" not in found


def test_the_matrix_shows_every_count_of_every_part(gallery):
    table = with_probabilities(pooled())
    found = text_of(gallery["confusion.pdf"]).split()
    for part in ("full", *table.datasets):
        of_part = table.part(part)
        counts = confusion(of_part.truth, of_part.predicted, len(table.classes))
        assert {str(count) for count in counts.ravel()} <= {*found}


def test_a_method_without_epochs_and_probabilities_has_figures_that_say_so(tmp_path):
    names = ("<script>x</script>", 'a"b', "$\\frac{1}$")
    table = pooled()
    hostile = type(table).of(table.keys, names, table.truth, table.predicted, table.folds, None)
    made = write_figures(tmp_path, hostile, [curve("loss", 1)])
    assert {path.stem for path in made} == {*NAMES} - {"ranking"}
    assert "Fitted in one step: no curve" in text_of(tmp_path / "curves.pdf")
    found = text_of(tmp_path / "confusion.pdf")
    assert 'a"b' in found and "$\\frac{1}$" in found and "<script>x</sc…" in found
    assert b"<script" not in (tmp_path / "confusion.svg").read_bytes()


def test_figures_that_scoring_left_are_copied_and_those_of_an_earlier_version_drawn(
    gallery, tmp_path
):
    folder = tmp_path / "results/runs/cnn/x1/seed0"
    shutil.copytree(gallery["curves.svg"].parent, folder)
    table = pooled()
    one = RunResults(Run("cnn", "x1", 0), (), table, Training((), ()))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        kept = (folder / "confusion.svg").read_bytes().replace(b"</svg>", b"<!--kept--></svg>")
        (folder / "confusion.svg").write_bytes(kept)
        write_gallery(tmp_path / "all", [one], (), ())
        copied = tmp_path / "all/cnn_x1_seed0_confusion.svg"
        assert copied.read_bytes() == kept
        old = (folder / "curves.svg").read_bytes().replace(b"</svg>", b"<text/></svg>")
        (folder / "curves.svg").write_bytes(old)
        write_gallery(tmp_path / "all", [one], (), ())
        assert b"kept" not in copied.read_bytes()
        assert b"<text" not in (tmp_path / "all/cnn_x1_seed0_curves.svg").read_bytes()


def test_matplotlib_is_imported_only_to_draw():
    code = (
        "import sys, merflow.commands.score, merflow.commands.report; "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
