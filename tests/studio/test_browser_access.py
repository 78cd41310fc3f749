"""Accessibility of every view: names of controls, visible focus, contrast, both themes."""

import pytest
from browser_window import CLIP, needs_chromium, screenshot

pytestmark = needs_chromium
VIEWS = {"clips": "#trace svg", "runs": "#wrong", "datasets": "#findings", "test": "#begin"}
NAMELESS = """() => [...document.querySelectorAll('button, input, select, [role=img], progress')]
  .filter((e) => e.offsetParent !== null)
  .filter((e) => !(e.ariaLabel || e.getAttribute('aria-label') || e.textContent.trim()
    && e.matches('button') || e.labels?.length && [...e.labels].some((l) => l.textContent.trim())))
  .map((e) => e.outerHTML.slice(0, 80))"""
CONTRAST = """() => { const of = (c) => { const m = c.match(/[\\d.]+/g).map(Number);
    return m.length < 4 || m[3] > 0.95 ? m.slice(0, 3) : null; };
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = of(getComputedStyle(e).backgroundColor);
    if (c) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll('button, p, td, th, h2, label, span, a, strong, input, select')) {
    if (e.offsetParent === null || e.disabled || !e.textContent.trim() || e.closest('.stage, .screen, kbd')) continue;
    const [a, b] = [light(of(getComputedStyle(e).color) || [0, 0, 0]), light(back(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push([ratio.toFixed(2), e.textContent.trim().slice(0, 40)]);
  }
  return bad; }"""
FOCUS = """() => { const e = document.activeElement; const s = getComputedStyle(e);
  return [e.tagName, e.matches('body, #view') || parseFloat(s.outlineWidth) >= 2 && s.outlineStyle !== 'none']; }"""


def opened(window, view):
    page = window.open(f"#{view}" if view != "clips" else CLIP)
    page.wait_for_selector(VIEWS[view])
    return page


@pytest.mark.parametrize("view", VIEWS)
def test_every_control_has_a_name_and_every_key_one_control(window, view):
    page = opened(window, view)
    assert page.evaluate(NAMELESS) == []
    keys = page.evaluate(
        "[...document.querySelectorAll('[data-key]')].map((b) => b.dataset.key).filter((k) => k)"
    )
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("view", VIEWS)
def test_text_has_contrast_in_both_themes_and_fits_the_window(window, view, pictures):
    page = opened(window, view)
    for theme in ("light", "dark"):
        page.evaluate("t => { document.documentElement.dataset.theme = t; }", theme)
        assert page.evaluate(CONTRAST) == [], theme
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if view != "test":
            page.wait_for_timeout(300)
            screenshot(page, pictures, view if theme == "light" else f"{view}_dark")


@pytest.mark.parametrize("view", VIEWS)
def test_focus_is_visible_on_every_control(window, view):
    page = opened(window, view)
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        tag, seen = page.evaluate(FOCUS)
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 99)")
        reached.add(tag)
    assert {"BUTTON"} <= reached
