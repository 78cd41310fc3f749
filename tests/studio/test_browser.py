"""The page in a real browser: exact frames, keys, marks, two tabs, no stranger asked."""

import csv
import re
import shutil
import signal

import numpy as np
import pytest
from studio_project import Studio, copy

from merflow.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CLIP = "#clips/smic/s01/s01_ne_01"
PIXELS = """() => { const c = document.getElementById('picture');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  return Array.from({length: d.length / 4}, (_, i) => d[i * 4]); }"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class Watched:
    """A window of its own (no token but its own), and everything it complains of or asks for."""

    def __init__(self, browser, studio, **options):
        self.context = browser.new_context(viewport={"width": 1280, "height": 720}, **options)
        self.studio, self.faults, self.hosts = studio, [], set()

    def open(self, place=""):
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda m: m.type in ("error", "warning") and self.faults.append(m.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda asked: self.hosts.add(re.search(r"//([^/]+)", asked.url)[1]))
        page.goto(self.studio.address)
        page.wait_for_selector("#nav button")
        if place:
            page.evaluate("place => { location.hash = place; }", place)
        return page


@pytest.fixture
def window(browser, studio):
    watched = Watched(browser, studio)
    yield watched
    watched.context.close()
    assert watched.faults == []
    assert watched.hosts <= {studio.host}


def ready(page, clip="smic/s01/s01_ne_01", shown="x1", beside=""):
    page.wait_for_selector(f"#stage[data-ready='{clip} {shown} {beside}']")


def opened(window):
    page = window.open(CLIP)
    ready(page)
    return page


def frames_of(studio, clip="s01_ne_01"):
    with Store(studio.folder / "results/grey32/cropped/smic/s01.h5") as store:
        return next(arrays for arrays in store if arrays.key.clip == clip)


def index(page):
    return int(re.search(r"index (\d+)", page.inner_text("#where"))[1])


def lines(studio):
    path = studio.folder / "config/corrections/smic.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def wait_saved(page):
    page.wait_for_function("document.getElementById('saved').textContent.startsWith('saved in')")


def test_every_position_shows_its_own_frame_pixel_for_pixel(window, studio):
    page = opened(window)
    clip = frames_of(studio)
    for position, frame in enumerate(clip.frames):
        assert index(page) == position
        assert f"dataset frame {clip.numbers[position]} " in page.inner_text("#where")
        assert np.array_equal(np.array(page.evaluate(PIXELS)), frame[..., 0].ravel()), position
        page.keyboard.press("ArrowRight")
    assert index(page) == len(clip.frames) - 1


def test_the_keys_of_the_player_step_and_stop_at_the_ends(window, studio):
    page = opened(window)
    last = len(frames_of(studio).frames) - 1
    for key, place in (("ArrowLeft", 0), ("Shift+ArrowRight", 10), ("End", last),
                       ("ArrowRight", last), ("Shift+ArrowLeft", last - 10), ("Home", 0)):  # fmt: skip
        page.keyboard.press(key)
        assert index(page) == place, key


def test_the_slider_steps_once_for_a_key(window):
    page = opened(window)
    page.focus("#frame")
    page.keyboard.press("ArrowRight")
    assert index(page) == 1


def test_a_step_takes_less_than_fifty_milliseconds_once_loaded(window):
    page = opened(window)
    worst = page.evaluate("""() => { const s = document.getElementById('frame'); const t = [];
      for (let i = 0; i <= +s.max; i++) { const a = performance.now(); s.value = i;
        s.dispatchEvent(new Event('input')); t.push(performance.now() - a); }
      t.sort((a, b) => a - b); return t[Math.floor(t.length * 0.9)]; }""")
    assert worst < 50


def test_play_runs_and_pauses(window):
    page = opened(window)
    page.keyboard.press(" ")
    page.wait_for_function("!document.getElementById('where').textContent.includes('index 0 ')")
    page.keyboard.press(" ")
    held = index(page)
    page.wait_for_timeout(300)
    assert index(page) == held


def test_the_wipe_shows_one_factor_on_either_side(window, studio):
    page = opened(window)
    page.keyboard.press("ArrowRight")
    still = np.array(page.evaluate(PIXELS)).reshape(64, 64)
    for factor in ("x1", "x10", "x25"):
        page.keyboard.press("w")
        ready(page, beside=factor)
    both = np.array(page.evaluate(PIXELS)).reshape(64, 64)
    assert np.array_equal(both[:, :32], still[:, :32])
    assert not np.array_equal(both[:, 32:], still[:, 32:])
    for _ in range(20):
        page.keyboard.press(".")
    assert np.array_equal(np.array(page.evaluate(PIXELS)).reshape(64, 64), still)
    page.keyboard.press("m")
    ready(page, shown="x10", beside="x25")
    page.evaluate("document.querySelector('[aria-label=\"Shown\"]').selectedIndex")


def test_marks_are_set_undone_and_redone_and_saved_as_errata(window, studio):
    page = opened(window)
    numbers = frames_of(studio).numbers
    page.fill("[aria-label^='Source']", "seen by A. B.")
    page.keyboard.press("Tab")
    page.focus("#view")
    for key in ("ArrowRight", "ArrowRight", "o"):
        page.keyboard.press(key)
    wait_saved(page)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("a")
    page.wait_for_function(f"document.getElementById('mark-apex').textContent == '{numbers[-2]}'")
    assert lines(studio) == [
        {"subject": "s01", "clip": "s01_ne_01", "field": "onset", "was": str(numbers[0]),
         "is": str(numbers[2]), "source": "seen by A. B."},
        {"subject": "s01", "clip": "s01_ne_01", "field": "apex", "was": "",
         "is": str(numbers[-2]), "source": "seen by A. B."},
    ]  # fmt: skip
    for key, apex in (("z", "none"), ("y", str(numbers[-2])), ("z", "none")):
        page.keyboard.press(key)
        page.wait_for_function(f"document.getElementById('mark-apex').textContent == '{apex}'")
    page.reload()
    ready(page)
    assert page.inner_text("#mark-onset") == str(numbers[2])
    page.keyboard.press("b")
    wait_saved(page)
    assert lines(studio) == []


def test_an_onset_after_the_offset_is_refused_with_a_report_to_copy(window, studio):
    page = opened(window)
    page.keyboard.press("f")
    wait_saved(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("o")
    page.wait_for_selector("#banner:not([hidden])")
    assert "onset <= apex <= offset" in page.inner_text("#banner")
    assert page.is_visible("text=Copy report")
    page.keyboard.press("Escape")
    assert page.is_hidden("#banner")
    page.keyboard.press("z")
    page.wait_for_function("document.getElementById('saved').textContent.startsWith('saved')")
    page.wait_for_timeout(300)
    assert lines(studio) == []


def test_the_second_of_two_tabs_does_not_overwrite_the_first(browser, studio):
    watched = Watched(browser, studio)
    first, second = watched.open(CLIP), watched.open(CLIP)
    for page in (first, second):
        ready(page)
        page.keyboard.press("Shift+ArrowRight")
    first.keyboard.press("a")
    wait_saved(first)
    second.keyboard.press("ArrowRight")
    second.keyboard.press("a")
    second.wait_for_selector("text=changed elsewhere")
    assert len(lines(studio)) == 1
    first.keyboard.press("b")
    first.wait_for_function("document.getElementById('mark-apex').textContent == 'none'")
    watched.context.close()
    assert all("409" in fault for fault in watched.faults)


def test_the_filters_keep_what_they_say(window):
    page = opened(window)
    page.select_option("[aria-label='Dataset']", "samm")
    assert page.inner_text("#count").startswith("6 of 18")
    page.fill("[aria-label='Filter by name']", "nobody")
    assert page.inner_text("#count").startswith("0 of 18")
    page.fill("[aria-label='Filter by name']", "")
    page.select_option("[aria-label='Dataset']", "")
    page.keyboard.press("Tab")
    page.focus("#view")
    page.keyboard.press("n")
    page.wait_for_function("!document.getElementById('title').textContent.includes('s01_ne_01')")


def test_a_skipped_clip_says_why(browser, studio):
    watched = Watched(browser, studio)
    page = watched.open("#clips/smic/s03/s03_sur_01")
    page.wait_for_selector("text=no face was found")
    watched.context.close()


def test_the_selection_shows_the_frames_that_go_on(window):
    page = opened(window)
    page.select_option("[aria-label='Frames kept']", "apex-nine")
    page.wait_for_function("document.getElementById('selected').textContent.startsWith('9 of')")
    assert page.locator(".strip button").count() == 9
    page.locator(".strip button").last.click()
    assert index(page) == int(page.get_attribute("#frame", "max"))


def test_points_can_be_left_out_of_the_trace(window):
    page = opened(window)
    page.wait_for_selector("#trace svg")
    assert page.locator("#trace path").count() == 4
    page.locator(".legend input").first.click()
    page.wait_for_function("document.querySelectorAll('#trace path').length == 3")
    page.locator(".legend input").first.click()


def test_a_wrong_answer_leads_to_its_clip(window):
    page = window.open("#runs")
    page.wait_for_selector("#wrong a")
    assert page.locator("#wrong tbody tr").count() == 6
    assert page.locator("#curves path").count() == 6
    assert page.locator("#subjects tbody tr").count() == 6
    page.locator("#wrong a").first.focus()
    named = page.inner_text("#wrong a >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.getElementById('title')?.textContent == '{named}'")


def test_the_confusion_matrix_follows_its_part(window):
    page = window.open("#runs")
    page.wait_for_selector("#confusion td")
    total = "Array.from(document.querySelectorAll('#confusion td'), (c) => +c.textContent).reduce((a, b) => a + b)"
    assert page.evaluate(total) == 18
    page.keyboard.press("v")
    assert page.evaluate(total) == 6


def test_check_finds_the_datasets_whole(window):
    page = window.open("#datasets")
    page.wait_for_selector("#findings")
    page.keyboard.press("n")
    page.wait_for_selector("#detail h2:text('casme2')")
    page.keyboard.press("k")
    page.wait_for_selector("#findings .good, #findings ul")
    assert "6 clips of 2 subjects" in page.inner_text("#findings")


def test_both_themes_and_the_smallest_window_need_no_sideways_scrolling(window):
    page = opened(window)
    colours = set()
    for _ in range(2):
        page.keyboard.press("Shift+T")
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for view in ("Shift+D", "Shift+R", "Shift+C"):
            page.keyboard.press(view)
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(colours) == 2


def test_every_button_has_words_and_no_key_has_two_meanings(window):
    for view in ("#clips", "#runs", "#datasets"):
        page = window.open(view)
        page.wait_for_selector(
            {"#clips": "#trace svg", "#runs": "#wrong", "#datasets": "#findings"}[view]
        )
        names = page.evaluate(
            "Array.from(document.querySelectorAll('button'), (b) => (b.ariaLabel || b.textContent).trim())"
        )
        assert all(names)
        keys = page.evaluate(
            "Array.from(document.querySelectorAll('[data-key]'), (b) => b.dataset.key).filter((k) => k)"
        )
        assert len(keys) == len(set(keys)), view


def test_a_dead_server_is_said_and_a_new_one_opens_again(browser, built, tmp_path):
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
    page.wait_for_selector("text=a token of an earlier start")
    page.goto("about:blank")
    page.goto(second.address)
    page.wait_for_selector("#nav button")
    page.keyboard.press("Shift+R")
    page.wait_for_selector("#wrong a")
    watched.context.close()
    assert second.close() in (0, -signal.SIGTERM)


def test_script_in_names_is_only_text(browser, built, tmp_path):
    folder = copy(built, tmp_path / "names")
    path = folder / "results/catalogue/smic.json"
    evil = "<img src=x onerror=document.title='broken'>"
    path.write_text(
        path.read_text().replace('"s01_ne_02"', f'"{evil}"').replace('"surprise"', f'"{evil}"')
    )
    running = Studio(folder)
    watched = Watched(browser, running)
    page = watched.open()
    page.wait_for_selector(f'#list button[title="smic/s01/{evil}"]')
    page.click(f'#list button[title="smic/s01/{evil}"]')
    page.wait_for_selector("#banner:not([hidden])")
    for view in ("Shift+D", "Shift+R", "Shift+C"):
        page.keyboard.press(view)
        page.wait_for_timeout(500)
    assert page.title() == "merflow studio"
    assert page.locator("img").count() == 0
    watched.context.close()
    running.close()
