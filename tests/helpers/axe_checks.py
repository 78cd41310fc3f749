"""Checks of any page of the studio: axe-core in both themes, widths, titles, keys, focus."""

from axe_playwright_python.sync_playwright import Axe

SEVERE = ("serious", "critical")
THEME = "t => { document.documentElement.dataset.theme = t; }"

FOCUS = """() => { const e = document.activeElement, s = getComputedStyle(e.closest('label') || e);
  const own = getComputedStyle(e);
  const seen = (c) => parseFloat(c.outlineWidth) >= 2 && c.outlineStyle !== 'none';
  return [e.tagName, e.matches('body, #view') || seen(own) || seen(s), e.outerHTML.slice(0, 99)]; }"""


def severe(page, context=None):
    """Return what axe-core finds serious or critical: (rule, element, why)."""
    found = Axe().run(page, context).response["violations"]
    return [
        (rule["id"], node["html"][:160], " ".join((node.get("failureSummary") or "").split())[:200])
        for rule in found
        if rule["impact"] in SEVERE
        for node in rule["nodes"]
    ]


def assert_accessible(page, themes=("light", "dark")):
    """Fail on a serious or critical finding in any theme, and where the page scrolls sideways."""
    for theme in themes:
        page.evaluate(THEME, theme)
        page.wait_for_timeout(200)  # Colours change over 0.12 s.
        assert severe(page) == [], theme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def assert_keys(page):
    """Fail on a shortcut that two controls have, or one that no control shows."""
    keys = page.evaluate("[...document.querySelectorAll('[data-key]')].map((e) => e.dataset.key)")
    assert len(keys) == len(set(keys)), sorted(keys)


def assert_focus_is_seen(page, steps=25):
    """Fail where Tab reaches a control without a visible focus; it must reach a button."""
    reached = set()
    for _ in range(steps):
        page.keyboard.press("Tab")
        tag, seen, html = page.evaluate(FOCUS)
        assert seen, html
        reached.add(tag)
    assert "BUTTON" in reached


def assert_fits(page, widths=(420, 1280, 1920), height=900):
    """Fail where the page is wider than the window; also check that it has one h1 and a title."""
    before = page.viewport_size
    for width in widths:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(150)
        wide = page.evaluate(
            "[document.documentElement, document.getElementById('view')]"
            ".map((e) => e.scrollWidth - e.clientWidth)"
        )
        assert wide == [0, 0], width
    page.set_viewport_size(before)
    assert page.locator("h1").count() == 1
    assert page.title().endswith(" – merflow studio")
