"""The page in a real browser: runs, datasets, themes, keys, a dead server, hostile names."""

import signal

from browser_window import CLIP, Watched, needs_chromium, opened, reads, ready
from studio_project import Studio, copy

pytestmark = needs_chromium


def test_a_wrong_answer_leads_to_its_clip(window):
    page = window.open("#runs")
    page.wait_for_selector("#wrong a")
    assert page.locator("#wrong tbody tr").count() == 6
    assert page.locator("#curves path").count() == 6
    assert page.locator("#subjects tbody tr").count() == 6
    named = page.inner_text("#wrong a >> nth=0")
    page.click("#wrong a >> nth=0")
    reads(page, "#title", named)


def test_the_confusion_matrix_follows_its_part(window):
    page = window.open("#runs")
    page.wait_for_selector("#confusion td")
    total = (
        "Array.from(document.querySelectorAll('#confusion td'), (c) => +c.textContent)"
        ".reduce((a, b) => a + b)"
    )
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
    assert "8 clips of 2 subjects" in page.inner_text("#findings")


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
            "Array.from(document.querySelectorAll('button'),"
            " (b) => (b.ariaLabel || b.textContent).trim())"
        )
        assert all(names)
        keys = page.evaluate(
            "Array.from(document.querySelectorAll('[data-key]'), (b) => b.dataset.key)"
            ".filter((k) => k)"
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
        path.read_text().replace('"s01_po_01"', f'"{evil}"').replace('"surprise"', f'"{evil}"')
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
