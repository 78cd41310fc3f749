"""Speed of the studio in headless Chromium: steps, playback and camera.

    python benchmarks/studio.py

Needs the test extra and chromium. A step is timed from the slider's event to the end of the
drawing, pixels read back; the page counts shown and dropped frames of playback and camera.
"""

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))

from merflow.io import video
from merflow.studio.test_view.recording import jpeg_of

from browser_window import CHROMIUM, CLIP, QUIET, Watched, ready, sync_api
from studio_project import Studio, build, draw_recording, long_clip

STEPS = """() => { const s = document.getElementById('frame'), t = [];
  const c = document.getElementById('picture'), x = c.getContext('2d');
  for (let i = 0; i <= +s.max; i++) { const a = performance.now();
    s.value = i; s.dispatchEvent(new Event('input')); x.getImageData(0, 0, 1, 1);
    t.push(performance.now() - a); }
  return t; }"""
SVM = "results/runs/svm/x1/seed0"


def main() -> None:
    """Build a project of generated faces, open it, print figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        folder.mkdir()
        build(folder)
        film = video.read(draw_recording(folder / "faces/recordings"))
        camera = Path(scratch) / "camera.mjpeg"
        camera.write_bytes(b"".join(map(jpeg_of, film.frames)))
        long_clip(folder, side=256)
        words = [
            *QUIET, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ]  # fmt: skip
        running = Studio(folder)
        with sync_api.sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=words)
            measure(Watched(browser, running, permissions=["camera"]))
            browser.close()
        running.close()


def measure(window: Watched) -> None:
    """Print what a step costs, and what playing and the camera show and drop."""
    page = window.open(CLIP)
    ready(page)
    steps = sorted(page.evaluate(STEPS))
    tail = steps[int(len(steps) * 0.95)]
    print(
        f"scrubbing {len(steps)} frames of 256 x 256: median {statistics.median(steps):.1f} ms, "
        f"95% under {tail:.1f} ms, slowest {steps[-1]:.1f} ms"
    )
    page = window.open("#test")
    page.wait_for_selector("#begin")
    page.select_option("[aria-label='Run']", SVM)
    page.focus("#view")
    page.keyboard.press("2")
    page.keyboard.press("g")
    page.wait_for_selector(".screen[data-ready]")
    for speed in ("0.5", "1"):
        page.select_option("[aria-label='Speed']", speed)
        page.focus("#view")
        page.keyboard.press("Home")
        page.keyboard.press(" ")
        page.wait_for_selector("button[aria-pressed='false']:has-text('Play')")
        print(f"recording of 50 frames/s at {speed} x: {page.inner_text('#rate')}")
    page.keyboard.press("3")
    page.keyboard.press("g")
    page.wait_for_selector("#camera")
    page.wait_for_timeout(12_000)
    print(f"camera of 30 frames/s: {page.inner_text('#rate')}; {page.inner_text('#last-answer')}")
    page.keyboard.press("x")
    window.context.close()


if __name__ == "__main__":
    main()
