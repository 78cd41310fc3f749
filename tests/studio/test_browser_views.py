"""The page in a real browser: runs, datasets, themes, keys, a dead server, HTML in names."""

import contextlib
import signal
from pathlib import Path

import cv2
import numpy as np
import yaml
from axe_checks import severe
from browser_window import CLIP, Watched, needs_chromium, reads, ready, saved_from, screenshot
from defusedxml.ElementTree import fromstring
from kept_records import keep_records
from studio_project import Studio, copy

pytestmark = needs_chromium


def test_a_wrong_prediction_opens_with_what_was_predicted_and_leads_back(window):
    page = window.open("#runs/quick/x10/0")
    page.wait_for_selector("#curves .chart[data-lines='7']")  # Six folds and their mean.
    assert page.locator("#wrong tbody tr").count() == 6
    assert page.locator("#subjects tbody tr").count() == 6
    named = page.inner_text("#wrong a >> nth=0")
    page.click("#wrong a >> nth=0")
    reads(page, "#title", named)
    shown = page.inner_text("#prediction")
    for text in ("quick x10", "positive 0.70", "negative 0.15", "1 of 6"):
        assert text in shown, text
    page.wait_for_selector(".stage .tag.right:has-text('x10')")
    assert severe(page) == []
    page.keyboard.press(">")
    reads(page, "#prediction", "2 of 6")
    page.keyboard.press("Shift+B")
    reads(page, "#title", "quick x10")
    assert page.title() == "quick x10 · Runs – merflow studio"


def test_two_runs_are_compared_and_their_curves_overlaid(window, pictures):
    page = window.open("#runs/quick/x10/0")
    page.wait_for_selector("#against")
    page.select_option("#against", label="quick x1, seed 0")
    reads(page, "#comparison", "0.000")
    assert page.locator("#comparison tbody tr").count() == 8  # Four parts, two scores.
    page.wait_for_selector("#curves .chart[data-lines='8']")
    screenshot(page, pictures, "runs_compared")
    page.select_option("#against", label="svm x1, seed 0")
    reads(page, "#comparison", "the same clips")


def test_a_curve_is_smoothed_enlarged_and_saved(window):
    page = window.open("#runs/quick/x1/0")
    page.wait_for_selector("#curves .chart[data-lines='7']")
    before = page.locator("#curves canvas").evaluate("(c) => c.toDataURL()")
    page.focus("[aria-label='Smoothing']")
    page.keyboard.press("End")
    page.wait_for_function(
        "(b) => document.querySelector('#curves canvas').toDataURL() !== b", arg=before
    )
    # The table has the values as measured: three epochs of six folds and their mean.
    opener = "#curves [aria-label^='Save chart']"
    rows = [row.split(",") for row in saved_from(page, opener, "CSV table").decode().splitlines()]
    assert [row[:2] for row in rows[1:]] == [["1", "1.2"], ["2", "0.9"], ["3", "0.7"]]
    assert len(rows[0]) == 8
    drawing = fromstring(saved_from(page, opener, "SVG picture"))
    shown = [text.text for text in drawing.findall("{*}text")]
    assert {"1", "2", "3", "epoch"} <= set(shown) and "1.5" not in shown
    page.focus("#curves .plot")
    page.keyboard.press("ArrowRight")
    reads(page, "#curves .readout", "epoch 1")


def test_the_matrix_and_the_tables_are_saved_and_sorted(window):
    page = window.open("#runs/quick/x1/0")
    page.wait_for_selector("#confusion td[data-count]")
    opener = "[aria-label='Save confusion matrix']"
    table = saved_from(page, opener, "CSV table").decode().splitlines()
    assert table[0] == "truth,negative,positive,surprise" and table[1] == "negative,0,6,0"
    drawing = fromstring(saved_from(page, opener, "SVG picture"))
    assert len(drawing.findall("{*}rect")) == 10
    picture = np.frombuffer(saved_from(page, opener, "PNG picture"), np.uint8)
    assert cv2.imdecode(picture, 1).shape[1] > 600
    page.click("#runs-table th button:has-text('UF1')")
    order = page.locator("#runs-table tbody tr td:first-child").all_inner_texts()
    assert order == ["quick", "quick", "svm"]
    page.click("#runs-table th button:has-text('UF1')")
    assert page.locator("#runs-table tbody td").first.inner_text() == "svm"
    with page.expect_download() as arriving:
        page.click("[aria-label='Save runs as CSV']")
    saved = Path(arriving.value.path()).read_text().splitlines()
    assert saved[0].startswith("experiment,factor,UF1") and len(saved) == 4
    # A column of one value is a line below the table; the file keeps it.
    reads(page, "#run-list", "Every run: seed 0.")
    assert "seed,clips" in saved[0] and page.locator("#runs-table th:has-text('seed')").count() == 0


def test_a_run_is_drawn_once_so_that_no_click_is_lost(window):
    page, asked = window.open(), []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("location.hash = '#runs'")
    page.wait_for_selector("#wrong a")
    page.wait_for_timeout(500)  # A second drawing would have begun by now.
    assert len([url for url in asked if url.endswith("/curves")]) == 1


def test_a_view_chosen_while_a_clip_opens_is_shown(window):
    """The browser reports the new address only after the clip has written its own."""
    page = window.open("#clips")
    page.wait_for_selector("#list button:nth-child(2)")
    page.evaluate(
        "() => { location.hash = 'runs'; document.querySelector('#list button:nth-child(2)').click(); }"
    )
    page.wait_for_selector("#wrong a")


def test_the_confusion_matrix_follows_its_part(window):
    page = window.open("#runs")
    page.wait_for_selector("#confusion td[data-count]")
    total = (
        "Array.from(document.querySelectorAll('#confusion td[data-count]'), (c) => +c.dataset.count)"
        ".reduce((a, b) => a + b)"
    )
    assert page.evaluate(total) == 18
    page.keyboard.press("v")
    assert page.evaluate(total) == 6


def test_check_reports_the_clips_of_a_dataset(window):
    page = window.open("#datasets")
    page.wait_for_selector("#findings")
    page.keyboard.press("n")
    page.wait_for_selector("#detail h2:text('casme2')")
    page.keyboard.press("k")
    page.wait_for_selector("#findings .good, #findings ul")
    assert "8 clips of 2 subjects" in page.inner_text("#findings")


def test_a_dead_server_is_reported_and_a_new_one_opens(browser, built, tmp_path):
    folder = copy(built, tmp_path / "killed")
    first = Studio(folder)
    watched = Watched(browser, first)
    page = watched.open(CLIP)
    ready(page)
    first.close(signal.SIGKILL)
    page.keyboard.press("Shift+R")
    page.wait_for_selector("text=the server does not answer")
    second = Studio(folder, "--port", str(first.port))
    page.reload()
    page.wait_for_selector("text=the token of an earlier start")
    page.goto("about:blank")
    page.goto(second.address)
    page.wait_for_selector("#nav a")
    page.keyboard.press("Shift+R")
    page.wait_for_selector("#wrong a")
    watched.context.close()
    assert second.close() in (0, -signal.SIGTERM)


def test_html_in_names_is_shown_as_text(browser, built, tmp_path):
    folder = copy(built, tmp_path / "names")
    path = folder / "results/catalogue/smic.json"
    evil = "<img src=x onerror=document.title='broken'>"
    path.write_text(
        path.read_text().replace('"s01_po_01"', f'"{evil}"').replace('"surprise"', f'"{evil}"')
    )
    with contextlib.chdir(folder):
        keep_records(again=True)
    running = Studio(folder)
    watched = Watched(browser, running)
    page = watched.open()
    page.wait_for_selector(f'#list button[title="smic/s01/{evil}"]')
    page.click(f'#list button[title="smic/s01/{evil}"]')
    page.wait_for_selector("#banner:not([hidden])")
    for view in ("Shift+D", "Shift+R", "Shift+C"):
        page.keyboard.press(view)
        page.wait_for_timeout(500)
    assert page.title().endswith("merflow studio")
    assert page.locator("img").count() == 0
    watched.context.close()
    running.close()


def test_a_root_is_chosen_by_folder_and_kept(browser, built, tmp_path):
    running = Studio(copy(built, tmp_path / "rooted"))
    (running.folder / "faces/smic").rename(running.folder / "faces/moved")
    watched = Watched(browser, running)
    page = watched.open("#datasets")
    page.wait_for_selector("text=no such folder")
    page.keyboard.press("o")
    page.click("#entries button:has-text('faces')")
    page.click("#entries button:has-text('moved')")
    page.wait_for_selector("#picker[data-at$='/faces/moved']")
    page.click("#use-folder")
    page.wait_for_selector("#picker", state="detached")
    assert page.locator("text=no such folder").count() == 0
    page.keyboard.press("k")
    page.wait_for_selector("#findings .good, #findings ul")
    local = yaml.safe_load((running.folder / "config/local.yaml").read_text())
    assert local == {"datasets": {"smic": {"root": "faces/moved"}}}
    watched.context.close()
    running.close()
    assert watched.complaints() == []


def test_a_dataset_the_config_lacks_can_be_added(browser, built, tmp_path):
    running = Studio(copy(built, tmp_path / "added"))
    watched = Watched(browser, running)
    page = watched.open("#datasets")
    page.select_option("[aria-label='Dataset to add']", "casme3")
    page.focus("#view")
    page.keyboard.press("a")
    page.click("#entries button:has-text('faces')")
    page.wait_for_selector("#picker[data-at$='/faces']")
    page.click("#use-folder")
    page.wait_for_selector("#detail h2:text('casme3')")
    reads(page, "#detail", "No experiment of the config uses this dataset")
    assert page.is_disabled("[data-start]")
    watched.context.close()
    running.close()
    assert watched.complaints() == []


def test_a_curve_grows_while_its_fold_trains(browser, built, tmp_path):
    running = Studio(copy(built, tmp_path / "training"))
    fold = running.folder / "results/runs/quick/x1/seed0/smic-s01"
    (fold / "history.csv").rename(fold / "live.csv")
    watched = Watched(browser, running)
    page = watched.open("#runs")
    reads(page, "#curves", "in training: smic-s01")
    page.wait_for_selector("#curves .chart[data-lines='7']")
    watched.context.close()
    running.close()
    assert watched.complaints() == []


def test_a_reload_keeps_the_view_and_the_theme(window):
    page = window.open("#runs/quick/x10/0")
    page.wait_for_selector("#wrong")
    page.keyboard.press("Shift+T")
    theme = page.get_attribute("html", "data-theme")
    page.reload()
    page.wait_for_selector("#wrong")
    assert page.get_attribute("html", "data-theme") == theme
    assert "quick x10" in page.inner_text("#run-head")
    page.keyboard.press("Shift+T")


def test_an_address_of_an_unknown_clip_is_reported(window):
    page = window.open("#clips/smic/s01/nothing")
    page.wait_for_selector("text=no such clip in the catalogue")
    assert page.is_visible("text=Copy report")
