"""A browser window that records its errors and requests, and waits for texts."""

import base64
import contextlib
import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from merflow.io.clip_store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CLIP = "#clips/smic/s01/s01_ne_01"
PIXELS = """() => { const c = document.getElementById('picture');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let t = ''; for (let i = 0; i < d.length; i += 4) t += String.fromCharCode(d[i]);
  return btoa(t); }"""


def pixels(page):
    """Return the pixels of the image, (H * W,) uint8: the red channel of a grey frame."""
    return np.frombuffer(base64.b64decode(page.evaluate(PIXELS)), np.uint8)


class Watched:
    """A window with a separate session; records console errors and requested hosts."""

    def __init__(self, browser, studio, **options):
        # Without motion, so that no colour is measured while it fades.
        size = {"width": 1280, "height": 720}
        self.context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        self.studio, self.faults, self.hosts = studio, [], set()

    def open(self, place=""):
        page = self.context.new_page()
        page.set_default_timeout(180_000)
        page.on("console", lambda m: m.type in ("error", "warning") and self.faults.append(m.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda asked: self.hosts.add(re.search(r"//([^/]+)", asked.url)[1]))
        page.goto(self.studio.address)
        page.wait_for_selector("#nav a")
        if place:
            page.evaluate("place => { location.hash = place; }", place)
        return page

    def refusals_apart(self):
        """Return what it complained of, apart from requests that were refused with 4xx."""
        return [fault for fault in self.faults if "with a status of 4" not in fault]

    def complaints(self):
        """Return what it complained of, and of a failed request what the terminal says of it."""
        failed = any("status of 5" in fault for fault in self.faults)
        return [*self.faults, self.studio.terminal_output()] if failed else self.faults


@contextlib.contextmanager
def launched(*flags):
    """Yield a browser without windows."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags])
        yield browser
        browser.close()


@contextlib.contextmanager
def watched(browser, studio, refusals=False):
    """Yield a window that ends without errors in its console and requests to other hosts.

    refusals: requests that the server refuses belong to the scenario.
    """
    window = Watched(browser, studio)
    yield window
    window.context.close()
    assert (window.refusals_apart() if refusals else window.complaints()) == []
    assert window.hosts <= {studio.host}


def ready(page, clip="smic/s01/s01_ne_01", shown="x1", beside="x10"):
    page.wait_for_selector(f"#stage[data-ready='{clip} {shown} {beside}']")


def opened(window):
    page = window.open(CLIP)
    ready(page)
    return page


def alone(page):
    """Show one factor only."""
    page.keyboard.press("w")
    ready(page, beside="")
    return page


def saved_from(page, opener, entry):
    """Return the bytes of the file that an entry of a Save menu makes."""
    page.click(opener)
    with page.expect_download() as arriving:
        page.click(f"[popover]:popover-open >> text='{entry}'")
    return Path(arriving.value.path()).read_bytes()


def frames_of(studio, clip="s01_ne_01"):
    with Store(studio.folder / "results/grey32/cropped/smic/s01.h5") as store:
        return next(arrays for arrays in store if arrays.key.clip == clip)


def index(page):
    return int(re.search(r"index (\d+)", page.inner_text("#where"))[1])


def lines(studio):
    path = studio.folder / "config/corrections/smic.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def wait_saved(page):
    reads(page, "#saved", "saved in")


def reads(page, place, text):
    """Wait until the text of an element holds `text`."""
    sync_api.expect(page.locator(place)).to_contain_text(text, timeout=180_000)


def screenshot(page, folder, name):
    """Save a screenshot of the window; it shows generated faces only."""
    page.screenshot(path=folder / f"{name}.png")
