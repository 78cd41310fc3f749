"""The report in a browser: no errors, no requests, sortable, complete on a phone and on paper."""

import contextlib
import io
import itertools
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from report_tree import Tree, few, write_tree

from merflow.io.clip_store import Skipped
from merflow.reporting.html_report import Face, build_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
)
HEADINGS = {
    "Datasets": "clips in its sheets",
    "Scores": "UF1 and UAR, composite",
    "Each run": "training acc",
    "Each stage": "jobs",
    "Data card": "Datasets",
}
"""Headings of the page, and what must stand on the same sheet of paper."""
FULL = "[aria-label='scores, Full'] table"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    keys, labels = few()
    experiments = {
        "demo": {"factors": [1, 10, 25, 50]},
        "frozen": {"factors": [10], "control": "frozen"},
        "svm": {"factors": [1], "method": "lbptop_svm"},
    }
    skill = {("demo", "x10"): 0.9, ("demo", "x25"): 0.5, "frozen": 0.1}
    lost = (Skipped("smic", "s01", "<script>document.title='broken'</script>", "align", "no face"),)
    folder = tmp_path_factory.mktemp("browser")
    with contextlib.chdir(folder):
        plan = write_tree(Tree(experiments, keys, labels, skill, lost))
        grey = cv2.imencode(".jpg", np.full((64, 160, 3), 128, np.uint8))[1].tobytes()
        face = Face("casme2/s00/c00", "rows x1, x10; frames at 0, 20 ms", grey, 160, 64)
        text = build_report(plan, [face])[0]
        Path("report.html").write_text(text, encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        # Background traffic of the browser itself is off: the page is what is tested.
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        options += ["--disable-background-networking", "--disable-component-update"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, report):
    """Return the opened page; the test must leave no console message and no request."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    yield page
    assert messages == []
    assert requests == [report.as_uri()]
    context.close()


def column(page, table, place):
    return page.eval_on_selector_all(
        f"{table} tbody tr", f"rows => rows.map(row => row.cells[{place}].textContent)"
    )


def head(page, table, name):
    return page.locator(f"{table} thead th").filter(has_text=name).first


def test_the_page_opens_without_errors_and_runs_no_name(page):
    assert page.title() == "merflow: demo, frozen, svm"
    assert page.locator("#scores").is_visible()


def test_numbers_sort_down_then_up_and_the_baselines_stay_below(page):
    th = head(page, FULL, "UF1 [95%]")
    for way, reverse in (("descending", True), ("ascending", False)):
        th.locator("button").click()
        assert th.get_attribute("aria-sort") == way
        scores = [float(cell.split()[0]) for cell in column(page, FULL, 2)]
        assert len(scores) == 6 and scores == sorted(scores, reverse=reverse)
    assert page.locator(f"{FULL} tfoot th").all_inner_texts() == [
        "largest class",
        "guessing by shares",
    ]


def test_text_sorts_by_letter_and_factors_by_size(page):
    head(page, FULL, "experiment").locator("button").click()
    assert [cell.split()[0] for cell in column(page, FULL, 0)] == ["demo"] * 4 + ["frozen", "svm"]
    button = head(page, FULL, "factor").locator("button")
    button.click()
    assert column(page, FULL, 1) == ["x1", "x1", "x10", "x10", "x25", "x50"]
    # One column at a time is marked as sorted.
    assert page.locator(f"{FULL} th[aria-sort=ascending]").count() == 1


def test_a_row_without_a_number_is_last_both_ways(page):
    table = "[aria-label='cost of each run'] table"
    for _ in range(2):
        head(page, table, "parameters").locator("button").click()
        place = page.locator(f"{table} thead th").all_inner_texts().index("parameters")
        assert column(page, table, place)[-1] == "–"


def test_sorting_works_from_the_keyboard(page):
    head(page, FULL, "UAR").locator("button").focus()
    page.keyboard.press("Enter")
    assert head(page, FULL, "UAR").get_attribute("aria-sort") == "descending"


def test_all_runs_open_and_close_together(page):
    runs = "#runs > details"
    for word, count in (("Open all", 6), ("Close all", 0)):
        page.get_by_role("button", name=word).click()
        assert page.locator(f"{runs}[open]").count() == count


def test_printing_opens_every_part_and_puts_them_back(page):
    before = page.locator("details[open]").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == before
    pages = [found.extract_text() for found in pypdf.PdfReader(io.BytesIO(page.pdf())).pages]
    for heading, first in HEADINGS.items():
        on = [number for number, text in enumerate(pages) if re.search(rf"^{heading}$", text, re.M)]
        assert on and all(first in pages[number] for number in on), heading


def test_the_page_has_no_finding_of_axe_and_one_first_heading(page):
    page.get_by_role("button", name="Open all").click()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(e => +e.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_picture_of_a_face_is_part_of_the_page(page):
    face = page.locator("#data img")
    assert face.get_attribute("alt") == "casme2/s00/c00: rows x1, x10; frames at 0, 20 ms"
    assert face.evaluate("image => image.complete && image.naturalWidth") == 160


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_the_page_is_not_wider_than_the_screen(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.get_by_role("button", name="Open all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("button", name="Open all").click()
    faint = page.evaluate(CONTRAST)
    assert faint["seen"] > 500
    assert faint["worst"] >= 4.5, faint["where"]


CONTRAST = """() => {
  // Contrast (WCAG) of every piece of text with the grounds that lie under it.
  const parse = (c) => {
    const n = c.match(/[\\d.]+/g).map(Number);
    return c.startsWith("color(srgb") ? [n[0]*255, n[1]*255, n[2]*255, n[3] ?? 1]
                                      : [n[0], n[1], n[2], n[3] ?? 1];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (e) => {
    const under = e.parentElement ? ground(e.parentElement) : [255, 255, 255];
    return over(parse(getComputedStyle(e).backgroundColor), under);
  };
  const opacity = (e) => e ? Number(getComputedStyle(e).opacity) * opacity(e.parentElement) : 1;
  let worst = 99, where = "", seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
    if (e.closest("script, title")) continue;
    const style = getComputedStyle(e);
    const [r, g, b, a] = parse(e.closest("svg") ? style.fill : style.color);
    const under = ground(e.closest("svg") ? e.closest("svg").parentElement : e);
    const ink = over([r, g, b, a * opacity(e)], under);
    const [hi, lo] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (hi + .05) / (lo + .05);
    seen += 1;
    if (ratio < worst) { worst = ratio; where = e.outerHTML.slice(0, 120); }
  }
  return {worst, where, seen};
}"""


def test_without_scripts_every_table_and_drawing_is_there(browser, report):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(f"{FULL} tbody tr").count() == 6
    assert page.locator("#magnification svg").count() == 4
    context.close()
