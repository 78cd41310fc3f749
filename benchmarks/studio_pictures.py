"""Draw the pictures of the studio in README.md: `make pictures`. All faces are generated.

`python benchmarks/studio_pictures.py [PROJECT]`: PROJECT is a small project of the tests
(tests/helpers/studio_project.py); without one it is built.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/helpers"))

import merflow  # noqa: E402, F401, I001 - first: it fixes the arithmetic level before NumPy loads
from browser_window import CHROMIUM, QUIET, sync_api  # noqa: E402
from studio_project import Studio, build, copy, draw_recording  # noqa: E402

OUT = ROOT / "docs/pictures"
SIZE = {"width": 1280, "height": 760}
SHOW_HOME = """(folder) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(folder, "~");
}"""
"""Script that shows the temporary folder of the project as the home folder."""
WAIT = 240_000
"""Longest wait for a state of the page (ms)."""


def project(folder: Path) -> Path:
    """Return a project of generated faces with scored runs, a recording, and videos of its own."""
    if len(sys.argv) > 1:
        made = copy(Path(sys.argv[1]), folder / "study")
    else:
        made = folder / "study"
        made.mkdir()
        build(made)
        draw_recording(made / "faces/recordings")
    command = [sys.executable, "-m", "merflow", "demo", "recordings", "--videos", "--small"]
    subprocess.run([*command, "--subjects", "4", "--clips", "3"], cwd=made, check=True)
    return made


@contextlib.contextmanager
def page_of(studio: Studio) -> Iterator["sync_api.Page"]:
    """Open the page of a studio in a window of the pictures' size."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
        page.set_default_timeout(WAIT)
        page.goto(studio.address)
        page.wait_for_selector("#nav a")
        yield page
        browser.close()


def draw(
    page: "sync_api.Page", home: Path, name: str, address: str, shown: str, frame: int = -1
) -> None:
    """Write a picture of an address after an element is there. frame: position in the clip."""
    page.evaluate("(address) => { location.hash = address; }", address)
    page.wait_for_selector(shown)
    if frame >= 0:
        page.locator("#frame, #seek").fill(str(frame))
    page.evaluate("document.getElementById('view').scrollTop = 0")
    page.wait_for_timeout(1500)  # Charts and thumbnails follow.
    page.evaluate(SHOW_HOME, str(home))
    page.screenshot(path=OUT / f"studio_{name}.png")


def main() -> None:
    """Draw the four pictures."""
    with tempfile.TemporaryDirectory() as folder:
        made, home = project(Path(folder)), Path(folder)
        studio = Studio(made, "--browse", str(made))
        try:
            with page_of(studio) as page:
                own = f"own/{quote(str(made / 'recordings'), safe='')}"
                draw(page, home, "own_clips", own, ".clip-table tbody tr")
                clip = "clips/smic/s01/s01_ne_01"
                draw(page, home, "clips", clip, "#stage[data-ready$='x1 x10'] #trace canvas", 11)
                draw(page, home, "runs", "runs/quick/x10/0", "#curves canvas")
                page.evaluate("location.hash = 'test'")
                page.click("#begin")
                page.wait_for_selector(".screen[data-ready]")
                draw(page, home, "test", "test", "#trend canvas", 44)
        finally:
            studio.close()


if __name__ == "__main__":
    main()
