"""Accessibility and layout of every view: axe, keys, focus, widths, themes, help, about."""

import pytest
from axe_checks import assert_accessible, assert_fits, assert_focus_is_seen, assert_keys, severe
from browser_window import CLIP, needs_chromium, opened, screenshot

pytestmark = needs_chromium
VIEWS = {"clips": "#trace canvas", "runs": "#wrong", "datasets": "#findings", "test": "#begin"}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_accessible_and_fits_every_window(window, view, pictures):
    page = window.open(f"#{view}" if view != "clips" else CLIP)
    page.wait_for_selector(VIEWS[view])
    assert_accessible(page)
    if view != "test":
        screenshot(page, pictures, f"{view}_dark")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert_keys(page)
    assert_fits(page)
    if view != "test":
        screenshot(page, pictures, view)
    assert_focus_is_seen(page)


def test_the_overlay_lists_the_keys_and_escape_closes_it(window):
    page = opened(window)
    assert page.locator("button kbd").count() == 0
    page.keyboard.press("?")
    listed = page.inner_text("#keys")
    for text in ("Everywhere", "Set onset", "Runs", "Keyboard shortcuts"):
        assert text in listed, text
    assert severe(page) == []
    # A key of the page does nothing behind the dialog.
    page.keyboard.press("Shift+R")
    assert page.is_visible("#keys") and "#clips" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="detached")


def test_about_names_the_version_and_opens_the_documentation(window):
    from merflow import __version__

    page = opened(window)
    page.click("#show-about")
    page.wait_for_selector("#about")
    assert __version__ in page.inner_text("#about") and severe(page) == []
    with window.context.expect_page() as opening:
        page.click("#about a >> text=The studio")
    assert "# The studio" in opening.value.inner_text("body")


def test_skip_leads_to_the_view_and_the_title_names_it(window):
    page = window.open("#runs")
    page.wait_for_selector("#wrong")
    assert page.title() == "quick x1 · Runs – merflow studio"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "view" and "#runs" in page.url
