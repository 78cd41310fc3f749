"""The report: every number in its place, names cannot break it, no request and no image."""

import contextlib
import doctest
import json
import re
from pathlib import Path

import numpy as np
import pytest
from kept_records import keep_records
from report_page import Page, rows_of
from report_tree import CLASSES, Tree, few, official_like, write_tree

from merflow.commands.report import report
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation import columns
from merflow.evaluation.score_table import read_scores
from merflow.io.clip_store import Skipped
from merflow.io.csv_table import csv_text
from merflow.io.files import write_text
from merflow.reporting import training_records
from merflow.reporting.captions import number
from merflow.reporting.html import charts, environment, run_data
from merflow.reporting.html.environment import render
from merflow.reporting.html.reproduction import version_context
from merflow.reporting.html.scores import score_context
from merflow.reporting.html.summary import predicted
from merflow.reporting.html_report import Face, build_report
from merflow.reporting.results_table import wide_tables
from merflow.workflow.plan import Plan

SKILL = {("demo", "x1"): 0.1, ("demo", "x10"): 0.9, "frozen": 0.95, "masked": 0.0}
EXPERIMENTS = {
    "demo": {"factors": [1, 10], "seeds": [0, 1]},
    "frozen": {"factors": [10], "control": "frozen"},
    "masked": {"factors": [10], "control": "masked"},
    "svm": {"factors": [1], "method": "lbptop_svm"},
    "own": {"factors": [1], "method": "command", "command": "mine"},
    "inner": {"factors": [1], "training": {"stopping": "inner"}},
}
DOUBT = (
    "magnification not credible in 1 of 3 measured clips "
    "(1 compressed so far that small motion may be lost)"
)
DELIVERED = [
    (
        "grey",
        "smic",
        "s01",
        clip,
        "x10",
        "phase",
        "0.25",
        "2.5",
        found,
        gain,
        "0.94",
        str(not doubt),
        doubt,
    )
    for clip, found, gain, doubt in (
        ("c01", "8", "0.8", ""),
        ("c02", "9.6", "0.96", "compressed"),
        ("c03", "9.1", "0.91", ""),
        ("c04", "", "", ""),
    )
]
LOST = (Skipped("smic", "s01", "c02", "align", "no face found in frame 12 of 30"),)


@contextlib.contextmanager
def tree_in(folder, **changes):
    """Work in a folder with the results of a small run."""
    keys, labels = few()
    made = {"experiments": EXPERIMENTS, "clips": keys, "labels": labels, "skill": SKILL}
    with contextlib.chdir(folder):
        yield write_tree(Tree(**(made | {"skipped": LOST} | changes)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with tree_in(folder):
        write_text("results/delivered.csv", csv_text(columns.DELIVERED.names, DELIVERED))
        keep_records()
        write_text("results/figures/clip_smic_s01_c01.svg", "a face")
        report(Path("results/report.html"), config=Path("results/config.yaml"))
    return folder, Page((folder / "results/report.html").read_text(encoding="utf-8"))


def test_a_report_without_figures_removes_those_of_clips_that_may_not_be_shown(demo):
    folder, _ = demo
    assert not [*(folder / "results/figures").iterdir()]


def test_every_element_is_closed_and_every_link_has_a_target(demo):
    _, page = demo
    assert page._path == []
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)


def test_scores_of_every_row_and_both_baselines_stand_in_the_table_of_their_part(demo):
    folder, page = demo
    for part, name in (("full", "Full"), ("casme2", "CASME II")):
        table = page.tables[f"scores, {name}"]
        rows = [r for r in rows_of(folder / "results/tables/scores.csv") if r["part"] == part]
        for experiment, factor in {(r["experiment"], r["factor"]) for r in rows}:
            found = [r for r in rows if (r["experiment"], r["factor"]) == (experiment, factor)]
            shown = next(c for c in table if c[0].split()[:1] == [experiment] and c[1] == factor)
            for column, score in ((2, "uf1"), (4, "uar")):
                mean = np.mean([float(r[score]) for r in found])
                low = np.mean([float(r[f"{score}_lo"]) for r in found])
                assert shown[column].startswith(number(mean, 3))
                assert f"[{number(low, 3)}, " in shown[column]
            assert ("±" in shown[2]) == (len(found) > 1)
        baseline = next(cells for cells in table if cells[0] == "largest class")
        assert baseline[2] == number(float(rows[0]["floor_uf1"]), 3)
        guess = next(cells for cells in table if cells[0] == "guessing by shares")
        assert number(float(rows[0]["guess_uf1_hi"]), 3) in guess[2]


def test_confusion_matrices_are_those_of_confusion_csv(demo):
    folder, _ = demo
    text = (folder / "results/report.html").read_text(encoding="utf-8")
    shown = [int(n) for n in re.findall(r'<td class="k"[^>]*>(\d+)<i>', text)]
    found = []
    with contextlib.chdir(folder):
        for run in Plan(load("results/config.yaml")).runs():
            found += [int(row["clips"]) for row in rows_of(f"{run.folder}/confusion.csv")]
    assert shown == found


def test_areas_of_the_curves_are_those_of_scikit_learn_and_the_page_says_what_they_are_worth(demo):
    from sklearn.metrics import average_precision_score, roc_auc_score

    folder, page = demo
    table = next(t for name, t in page.tables.items() if name.startswith("areas under"))
    rows = rows_of(folder / "results/runs/demo/x1/seed0/pooled.csv")
    for cells in table[1:4]:
        truth = [row["truth"] == cells[0] for row in rows]
        chances = [float(row[f"p_{cells[0]}"]) for row in rows]
        expected = (roc_auc_score(truth, chances), average_precision_score(truth, chances))
        assert [float(cell) for cell in cells[2:4]] == pytest.approx(expected, abs=6e-4)
        assert int(cells[1]) == sum(truth)
    words = " ".join(page.sections["runs"].split())
    assert "probabilities of different models are not on one scale" in words
    assert "An SVM gives no probabilities: these are shares of votes, not calibrated" in words


def test_subjects_bars_count_their_clips(demo):
    folder, page = demo
    with contextlib.chdir(folder):
        runs = Plan(load("results/config.yaml")).runs()
        for run in runs:
            rows = [
                r for r in rows_of(f"{run.folder}/pooled.csv")
                if (r["dataset"], r["subject"]) == ("smic", "s01")
            ]  # fmt: skip
            right = sum(r["truth"] == r["predicted"] for r in rows)
            assert f"SMIC/s01: {right} of 5 right" in page.sections["runs"]


def test_delivered_magnification_stands_beside_the_requested_factor(demo):
    _, page = demo
    assert page.tables["what magnification delivered"][1:] == [
        ["grey", "x10", "phase", "3 of 4", "x9.1", ".91", "2 of 3", f"§ {DOUBT}"]
    ]


def test_rows_with_doubtful_magnification_are_marked_at_every_score_and_at_the_top(demo):
    _, page = demo
    rows = {tuple(row[0].split()[:1] + row[1:2]): row for row in page.tables["scores, Full"][1:]}
    assert DOUBT in rows["demo", "x10"][-1] and "§" in rows["demo", "x10"][2]
    assert "§" not in " ".join(rows["demo", "x1"])
    assert f"{DOUBT}: demo x10, frozen x10, masked x10" in page.sections["head"]


def test_every_row_has_f1_of_each_class_as_in_its_confusion_matrix(demo):
    folder, page = demo
    head, *body = page.tables["scores, SAMM"]
    place = head.index("F1 positive")
    found = []
    for seed in (0, 1):
        matrix = np.zeros((3, 3))
        for row in rows_of(folder / f"results/runs/demo/x10/seed{seed}/confusion.csv"):
            if row["part"] == "samm":
                place_of = CLASSES.index
                matrix[place_of(row["truth"]), place_of(row["predicted"])] = int(row["clips"])
        found.append(2 * matrix[1, 1] / (matrix[1].sum() + matrix[:, 1].sum()))
    (cells,) = [row for row in body if row[:2] == ["demo", "x10"]]
    assert cells[place] == f"{np.mean(found):.2f}".removeprefix("0")


def test_differences_are_paired_with_x1_and_charts_show_the_scores_of_the_table(demo):
    folder, page = demo
    scores = rows_of(folder / "results/tables/scores.csv")

    def mean(part, factor):
        found = [r for r in scores if (r["experiment"], r["part"]) == ("demo", part)]
        return np.mean([float(r["uf1"]) for r in found if r["factor"] == factor])

    table = page.tables["differences from x1"]
    for row, part in zip(table[1:], ("full", "smic", "casme2", "samm"), strict=True):
        assert row[:3] == ["demo", "x10", "x1"]
        assert row[4].startswith(f"+{number(mean(part, 'x10') - mean(part, 'x1'), 3)} [")
        drawn = f"UF1 x1 {number(mean(part, 'x1'), 3)}, x10 {number(mean(part, 'x10'), 3)}§"
        assert any(a.get("aria-label", "").endswith(drawn) for t, a in page.tags if t == "svg")


def test_published_results_stand_beside_the_official_clips_only(demo):
    folder, page = demo
    assert "published results" not in page.tables
    with contextlib.chdir(folder):
        rows = read_scores("results/tables/scores.csv").query("experiment == 'svm'")
        official = rows.assign(scheme="megc2019", n=442, subjects=68)
        context = {"control_of": lambda name: ""} | score_context(wide_tables(official))
    beside = Page(render("scores.html.jinja", context)).tables["published results"]
    assert ".7353" in next(cells for cells in beside if cells[0] == "STSTNet (2019)")


def test_skipped_clips_settings_versions_and_digests_are_listed(demo):
    _, page = demo
    assert page.tables["skipped clips"][1] == list(LOST[0])
    classes = next(t for label, t in page.tables.items() if label.startswith("Classes"))
    assert classes[-1] == ["all", "54", "9", "18", "18", "18", "6 – 6 – 6", "1"]
    assert ["control", "frozen"] in page.tables["experiments.frozen"]
    assert "tensorflow" in page.sections["versions"]
    digests = page.tables["digests"]
    assert len(digests) == 1 + 9 and all("–" not in row for row in digests[1:])
    assert page.tables["time by stage"][1][:3] == ["align", "1", "12 s"]
    assert "cnn3d" in page.words and "protocol composite" in page.words


def test_arithmetic_levels_are_listed_only_where_runs_differ(tmp_path):
    with tree_in(tmp_path) as plan:
        folds = sorted(Path("results/runs").glob("*/*/*/*/run.json"))
        for level, chosen in (("portable", folds), ("native (x86-64-v4)", folds[:1])):
            for path in chosen:
                facts = json.loads(path.read_text(encoding="utf-8"))
                write_text(path, json.dumps(facts | {"arithmetic": level}))
            keep_records(again=True)
            page = render("versions.html.jinja", version_context(run_data.read_results(plan)))
            assert f"arithmetic {level}" in page or f"{level}, portable" in page
            assert ("Not all folds were trained at the same" in page) == (chosen != folds)
        run = folds[0].parts[2:5]
        assert f"{run[0]} {run[1]}, seed {run[2].removeprefix('seed')}: native" in page


def test_a_control_above_the_guesses_is_a_warning_and_one_among_them_is_not(demo):
    _, page = demo
    head = page.sections["head"]
    assert "Negative control above the guesses: frozen x10" in head
    assert "above the guesses: masked" not in head
    table = page.tables["scores, Full"]
    notes = {cells[0].split()[0]: cells[-1] for cells in table[1:]}
    assert notes["frozen"].startswith("above the guesses")
    assert notes["masked"].startswith("as expected")


def test_missing_controls_and_generated_faces_are_stated(tmp_path):
    with tree_in(tmp_path, experiments={"demo": {"factors": [1]}}) as plan:
        write_text("data/smic/demo.json", "{}")
        page = Page(build_report(plan)[0])
        shown = build_report(plan, [Face("smic/s00/c00", "row x10 §", b"", 1, 1)])[0]
    assert "§ not credible: above 25 px no method is reliable, or video compression may" in shown
    assert "No negative control was run" in page.sections["head"]
    assert "The faces of SMIC are generated, not recorded" in page.sections["head"]
    assert "No experiment has more than one" in page.sections["magnification"]


@pytest.mark.parametrize(("protocols", "start"), [
    (["loso"], "Every clip was predicted once in each run, by a model that was trained on the other"),
    (["holdout"], "Every tested clip was predicted once in each run, by a model that was trained on"),
    (["loso", "kfold"], "Every clip was predicted once in each run, by a model that was trained "
     "on other subjects (protocols loso and kfold)."),
    (["loso", "holdout"], "Every tested clip was predicted once in each run, by a model that was "
     "trained on other subjects (protocols loso and holdout; not every protocol tests all clips)."),
])  # fmt: skip
def test_the_page_states_which_models_predicted_the_clips(protocols, start):
    assert predicted(protocols).startswith(start)


def test_few_subjects_are_marked_and_many_are_not(demo):
    assert "too few subjects to trust" in demo[1].sections["head"]


def card_of(page, name):
    cards = re.split(
        r"(?=\b(?:demo|frozen|masked|svm|own|inner) x\d+, seed)", page.sections["runs"]
    )
    return next(card for card in cards if card.startswith(name))


def test_training_is_drawn_summarised_or_unknown(demo):
    _, page = demo
    assert "this method writes no history" in card_of(page, "own")
    assert "in one step; on the training clips, median: loss 0.99" in card_of(page, "svm")
    inner = card_of(page, "inner")
    assert "Epochs chosen, fewest, median, most: 18" in inner and "Inner folds:" in inner
    assert "Epochs chosen" not in card_of(page, "demo")
    labels = [a["aria-label"] for tag, a in page.tags if tag == "svg" and "aria-label" in a]
    shown = re.compile(r"accuracy, at the end: training 0\.9\d+, inner folds 0\.(59|6)")
    assert any(map(shown.match, labels))


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def test_names_cannot_become_markup(tmp_path):
    keys, labels = few()
    bad = [k._replace(clip=f"{HOSTILE}</title></style>{k.clip}") for k in keys[:6]]
    bad += [k._replace(subject="<!--body-->|*script*|") for k in keys[6:12]]
    clips, labels = zip(*sorted(zip([*bad, *keys[12:]], labels, strict=True)), strict=True)
    reason = "</td></table><script>1</script>\u202e"
    lost = (Skipped("smic", HOSTILE, "x", "align", reason),)
    one = {"demo": {"factors": [1, 10]}}
    with tree_in(tmp_path, clips=clips, labels=labels, skipped=lost, experiments=one) as plan:
        text, problems = build_report(plan)
    page = Page(text)
    kinds = [tag for tag, _ in page.tags]
    assert not problems
    assert kinds.count("script") == kinds.count("style") == 1 and "img" not in kinds
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert "\u202e" not in text
    assert HOSTILE in page.words and "<!--body-->|*script*|" in page.words


def test_the_page_makes_no_request_shows_no_image_and_contains_no_local_path(demo):
    folder, page = demo
    text = (folder / "results/report.html").read_text(encoding="utf-8")
    assert str(folder) not in text
    assert not re.search(r"https?:|//\w|url\(|@import|data:image|base64", text)
    assert not {"img", "link", "iframe", "object", "canvas", "video"} & {t for t, _ in page.tags}
    policy = next(a["content"] for _, a in page.tags if "http-equiv" in a)
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )


def test_the_same_results_give_the_same_bytes_and_a_time_changes_its_section_only(tmp_path):
    with tree_in(tmp_path) as plan:
        first = build_report(plan)[0]
        assert build_report(Plan(load("results/config.yaml")))[0] == first
        path = Path("results/benchmarks/align/smic/s01.tsv")
        write_text(path, path.read_text().replace("12.5", "99.5"))
        second = build_report(plan)[0]
    before, after = Page(first).sections, Page(second).sections
    assert [name for name in before if before[name] != after[name]] == ["cost"]


def test_damaged_and_missing_files_remove_only_their_part_and_are_listed(tmp_path):
    with tree_in(tmp_path) as plan:
        run = Path("results/runs/demo/x1/seed0")
        (run / "casme2-s00/history.csv").unlink()
        (run / "casme2-s01/history.csv").write_text("epoch,loss\nx,1\n")
        (run / "casme2-s02/run.json").write_text("{")
        Path("results/runs/demo/x10/seed0/pooled.csv").write_text("")
        Path("results/catalogue/smic.json").write_text("[1]")
        Path("results/benchmarks/align/smic/s01.tsv").write_bytes(b"s\n\xff\n")
        text, problems = build_report(plan)
        page = Page(text)
    assert len(problems) == 4
    for name in ("casme2-s01/history.csv", "casme2-s02/run.json", "pooled.csv", "smic.json"):
        assert name in page.sections["head"]
    assert "no pooled predictions" in page.sections["runs"]
    assert page.tables["scores, Full"]


def test_without_a_table_of_scores_there_is_a_message(tmp_path):
    with tree_in(tmp_path):
        Path("results/tables/scores.csv").unlink()
        with pytest.raises(MerflowError, match=r"scores\.csv"):
            report(Path("results/report.html"), config=Path("results/config.yaml"))
        assert not Path("results/report.html").exists()


def test_a_fold_with_all_clips_skipped_is_left_out(tmp_path):
    keys, _ = few()
    lost = tuple(Skipped(*k, "align", "no face") for k in keys if k.subject_key == ("smic", "s01"))
    with tree_in(tmp_path, skipped=lost, experiments={"demo": {"factors": [1, 10]}}) as plan:
        text, problems = build_report(plan)
    assert not problems and "SMIC/s01" not in text and "6 clips: 6 at align" in Page(text).words


def test_forty_runs_of_68_folds_stay_under_five_megabytes(tmp_path):
    keys, labels = official_like()
    experiments = {f"cnn-loss={n}": {"factors": [1, 10, 25, 50]} for n in range(10)}
    with tree_in(
        tmp_path, experiments=experiments, clips=keys, labels=labels, skipped=(), score_once=True
    ) as plan:
        text, problems = build_report(plan)
    page = Page(text)
    assert not problems and len(text.encode()) < 5e6
    assert text.count('class="cm"') == 40 * 4 and "2,720 trained folds" in page.words
    assert sum(tag == "title" for tag, _ in page.tags) == 1 + 40 * 68


def test_folds_that_stop_at_different_epochs_share_their_curve():
    def fold(*losses):
        return {"epoch": np.arange(1, len(losses) + 1.0), "loss": np.array(losses)}

    (curve,) = training_records.quantiles([fold(4, 2), fold(6, 4, 1), fold(8, 6)])
    assert curve.epochs.tolist() == [1, 2, 3]
    assert curve.mid.tolist() == [6, 4, 1]
    assert curve.low[2] == curve.high[2] == 1


@pytest.mark.parametrize("module", [charts, environment])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
