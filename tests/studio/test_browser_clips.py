"""The Clips view in a real browser: exact frames, keys, wipe, zoom, export, marks, two tabs."""

import base64

import av
import cv2
import numpy as np
from axe_checks import severe
from browser_window import (
    CLIP,
    Watched,
    alone,
    frames_of,
    index,
    lines,
    needs_chromium,
    opened,
    pixels,
    reads,
    ready,
    saved_from,
    screenshot,
    sync_api,
    wait_saved,
)
from defusedxml.ElementTree import fromstring
from studio_project import SIDE, Studio, copy, long_clip

pytestmark = needs_chromium
NAMES = """() => [...document.querySelectorAll('#view button, #view input, #view select')]
  .filter((e) => e.getClientRects().length && e.type !== 'radio' && !e.closest('#list, .strip, [popover]'))
  .map((e) => e.ariaLabel || [...(e.labels || [])].map((l) => l.textContent).join(' ') || e.textContent.trim())"""
SCRUB = """() => { const s = document.getElementById('frame'), found = [];
  const c = document.getElementById('picture'), x = c.getContext('2d');
  // Back and forth, so that a step that lags behind shows the wrong neighbour.
  const order = [...Array(+s.max + 1).keys()].sort((a, b) => (a * 61) % 150 - (b * 61) % 150);
  for (const i of order) { s.value = i; s.dispatchEvent(new Event('input'));
    const d = x.getImageData(0, 0, c.width, c.height).data; let t = '';
    for (let k = 0; k < d.length; k += 4) t += String.fromCharCode(d[k]);
    const n = +/index (\\d+)/.exec(document.getElementById('where').textContent)[1];
    found[i] = [n, btoa(t)]; }
  return found; }"""


def test_every_position_shows_its_own_frame_pixel_for_pixel(window, studio):
    page = alone(opened(window))
    clip = frames_of(studio)
    for position, frame in enumerate(clip.frames):
        assert index(page) == position
        assert f"dataset frame {clip.numbers[position]} " in page.inner_text("#where")
        assert np.array_equal(pixels(page), frame[..., 0].ravel()), position
        page.keyboard.press("ArrowRight")
    assert index(page) == len(clip.frames) - 1


def test_the_keys_step_and_stop_at_the_ends(window, studio):
    page = opened(window)
    last = len(frames_of(studio).frames) - 1
    for key, place in (
        ("ArrowLeft", 0),
        ("Shift+ArrowRight", 10),
        ("End", last),
        ("ArrowRight", last),
        ("Shift+ArrowLeft", last - 10),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert index(page) == place, key


def test_the_slider_steps_once_for_a_key(window):
    page = opened(window)
    page.focus("#frame")
    page.keyboard.press("ArrowRight")
    assert index(page) == 1


def test_each_of_150_positions_shows_its_own_frame(browser, built, tmp_path):
    running = Studio(long_clip(copy(built, tmp_path / "long")))
    watched = Watched(browser, running)
    page = alone(opened(watched))
    clip = frames_of(running)
    assert int(page.get_attribute("#frame", "max")) == len(clip.frames) - 1 == 149
    shown = page.evaluate(SCRUB)
    for position, frame in enumerate(clip.frames):
        assert shown[position][0] == position
        assert base64.b64decode(shown[position][1]) == frame[..., 0].tobytes(), position
    watched.context.close()
    running.close()
    assert watched.complaints() == []


def test_play_runs_and_pauses(window):
    page = opened(window)
    page.keyboard.press(" ")
    sync_api.expect(page.locator("#where")).not_to_contain_text("index 0 ")
    page.keyboard.press(" ")
    held = index(page)
    page.wait_for_timeout(300)
    assert index(page) == held


def test_the_wipe_starts_as_x1_and_x10_and_moves(window, studio, pictures):
    page = opened(window)
    assert page.locator(".stage .tag").all_inner_texts() == ["x1", "x10"]
    page.keyboard.press("ArrowRight")
    both = pixels(page).reshape(SIDE, SIDE)
    still = frames_of(studio).frames[1, ..., 0]
    assert np.array_equal(both[:, : SIDE // 2], still[:, : SIDE // 2])
    assert not np.array_equal(both[:, SIDE // 2 :], still[:, SIDE // 2 :])
    screenshot(page, pictures, "clips_compared")
    for _ in range(10):
        page.keyboard.press(".")
    assert np.array_equal(pixels(page).reshape(SIDE, SIDE), still)
    for _ in range(10):
        page.keyboard.press(",")
    # Its line on the picture is dragged as well.
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40)
    page.mouse.up()
    assert page.input_value("#wipe") == "25"
    page.keyboard.press("Shift+M")
    ready(page, beside="x25")
    alone(page)
    assert page.locator(".stage .tag:visible").all_inner_texts() == ["x1"]


def test_every_control_has_a_name_of_its_own(window):
    page = opened(window)
    reads(page, "#selected", " of ")
    names = page.evaluate(NAMES)
    assert len(names) == len(set(names)) and all(names), sorted(names)
    for name in (
        "Next factor on the left",
        "Next factor on the right",
        "Set apex to the frame shown",
    ):
        assert name in names


def test_the_picture_is_enlarged_and_moved(window):
    page = opened(window)
    zoom = "document.querySelector('.stage').dataset.zoom"
    place = "document.querySelector('.layers').style.transform"
    for _ in range(2):
        page.keyboard.press("+")
    assert page.evaluate(zoom) == "2.25"
    before = page.evaluate(place)
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 80)
    page.mouse.up()
    moved = page.evaluate(place)
    assert moved != before
    page.focus(".stage")
    page.keyboard.press("Alt+ArrowLeft")
    assert page.evaluate(place) != moved
    page.mouse.wheel(0, -100)
    assert float(page.evaluate(zoom)) > 2.25
    page.keyboard.press("0")
    assert page.evaluate(zoom) == "1.00"


def test_frame_movement_and_film_are_saved(window, studio, tmp_path):
    page = opened(window)
    page.keyboard.press("t")
    opener = "[aria-label='Save frame or clip']"
    frame = cv2.imdecode(np.frombuffer(saved_from(page, opener, "Frame as PNG"), np.uint8), 0)
    assert np.array_equal(frame.ravel(), pixels(page))
    drawing = fromstring(saved_from(page, opener, "Frame with points as SVG"))
    assert len(drawing.findall("{*}rect")) == 4 and drawing.find("{*}image") is not None
    film = tmp_path / "clip.mp4"
    film.write_bytes(saved_from(page, opener, "Clip as MP4, both side by side"))
    with av.open(film) as opened_film:
        shown = [f.to_ndarray(format="gray") for f in opened_film.decode(video=0)]
    assert len(shown) == len(frames_of(studio).frames)
    assert shown[0].shape[1] == 2 * shown[0].shape[0] >= 2 * SIDE
    opener = "[aria-label^='Save chart']"
    table = saved_from(page, opener, "CSV table").decode().splitlines()
    assert table[0].startswith("dataset frame,left brow") and len(table) == len(shown) + 1
    chart = fromstring(saved_from(page, opener, "SVG picture"))
    assert len(chart.findall("{*}path")) == 4
    assert cv2.imdecode(np.frombuffer(saved_from(page, opener, "PNG picture"), np.uint8), 1).size


def test_marks_are_set_undone_and_redone_and_saved_as_errata(window, studio):
    page = opened(window)
    numbers = frames_of(studio).numbers
    page.fill("#source", "seen by A. B.")
    page.keyboard.press("Tab")
    page.focus("#view")
    for key in ("ArrowRight", "ArrowRight", "o"):
        page.keyboard.press(key)
    wait_saved(page)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("a")
    reads(page, "#mark-apex", f"{numbers[-2]}")
    assert lines(studio) == [
        {"subject": "s01", "clip": "s01_ne_01", "field": "onset", "was": str(numbers[0]),
         "is": str(numbers[2]), "source": "seen by A. B."},
        {"subject": "s01", "clip": "s01_ne_01", "field": "apex", "was": "",
         "is": str(numbers[-2]), "source": "seen by A. B."},
    ]  # fmt: skip
    for key, apex in (("z", "none"), ("y", str(numbers[-2])), ("z", "none")):
        page.keyboard.press(key)
        reads(page, "#mark-apex", f"{apex}")
    page.reload()
    ready(page)
    assert page.inner_text("#mark-onset") == str(numbers[2])
    page.keyboard.press("b")
    wait_saved(page)
    assert lines(studio) == []


def test_an_onset_after_the_offset_is_refused_with_a_report_to_copy(window, studio):
    page = opened(window)
    for key in ("ArrowRight", "f"):
        page.keyboard.press(key)
    wait_saved(page)
    for key in ("ArrowRight", "o"):
        page.keyboard.press(key)
    page.wait_for_selector("#banner:not([hidden])")
    assert "onset <= apex <= offset" in page.inner_text("#banner")
    assert page.is_visible("text=Copy report")
    page.keyboard.press("Escape")
    assert page.is_hidden("#banner")
    page.keyboard.press("z")
    reads(page, "#mark-offset", str(frames_of(studio).numbers[-1]))
    assert lines(studio) == []


def test_the_second_of_two_tabs_chooses_between_both_versions(browser, studio, pictures):
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
    numbers = [str(n) for n in frames_of(studio).numbers]
    versions = second.locator("#banner tbody td").all_inner_texts()
    assert versions[3:6] == ["apex", numbers[10], numbers[11]]
    screenshot(second, pictures, "versions")
    assert [line["is"] for line in lines(studio)] == [numbers[10]]
    second.keyboard.press("Shift+F")
    reads(second, "#mark-apex", numbers[10])
    assert second.is_hidden("#banner")

    for key in ("ArrowLeft", "ArrowLeft", "o"):
        second.keyboard.press(key)
    wait_saved(second)
    first.keyboard.press("ArrowLeft")
    first.keyboard.press("a")
    first.wait_for_selector("text=changed elsewhere")
    first.keyboard.press("Shift+S")
    reads(first, "#mark-apex", numbers[9])
    reads(first, "#mark-onset", numbers[0])
    assert [line["is"] for line in lines(studio)] == [numbers[9]]
    first.keyboard.press("z")
    reads(first, "#mark-onset", numbers[9])
    first.keyboard.press("b")
    reads(first, "#mark-apex", "none")
    watched.context.close()
    assert [fault for fault in watched.complaints() if "409" not in fault] == []


def test_the_filters_select_by_dataset_and_name(window):
    page = opened(window)
    page.select_option("[aria-label='Dataset']", "samm")
    assert page.inner_text("#count").startswith("7 of 21")
    page.fill("[aria-label='Filter by name']", "nobody")
    assert page.inner_text("#count").startswith("0 of 21")
    page.fill("[aria-label='Filter by name']", "")
    page.select_option("[aria-label='Dataset']", "")
    page.keyboard.press("Tab")
    page.focus("#view")
    page.keyboard.press("n")
    sync_api.expect(page.locator("#title")).not_to_contain_text("s01_ne_01")


def test_a_skipped_clip_shows_its_reason(browser, studio):
    watched = Watched(browser, studio)
    page = watched.open("#clips/smic/s03/s03_sur_01")
    page.wait_for_selector("text=no face was found")
    watched.context.close()


def test_the_frame_selection_shows_the_frames_kept(window):
    page = opened(window)
    page.select_option("[aria-label='Frames kept']", "apex-nine")
    reads(page, "#selected", "9 of")
    assert page.locator(".strip button").count() == 9
    page.locator(".strip button").last.click()
    assert index(page) == int(page.get_attribute("#frame", "max"))


def test_a_late_response_does_not_replace_a_newer_one(window):
    page, held = opened(window), []
    reads(page, "#selected", " of ")
    page.route("**/selection?*apex-nine*", lambda route: held.append(route))
    page.select_option("[aria-label='Frames kept']", "apex-nine")
    page.select_option("[aria-label='Frames kept']", "all")
    reads(page, "#selected", "14 of 14")
    with page.expect_response("**/selection?*apex-nine*"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.inner_text("#selected").startswith("14 of 14")


def test_the_chart_reads_out_hides_and_enlarges(window):
    page = opened(window)
    page.wait_for_selector("#trace .chart[data-lines='4']")
    page.focus("#trace .plot")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    reads(page, "#trace .readout", f"dataset frame {61208 + 2}")
    assert float(page.inner_text("#trace .value >> nth=0")) > 0
    assert "left brow" in page.get_attribute("#trace .plot", "aria-valuetext")
    page.click("#trace .legend button >> nth=0")
    page.wait_for_selector("#trace .chart[data-lines='3']")
    page.click("#trace .legend button >> nth=0")
    page.click("#trace [aria-label^='Save chart']")
    page.click("text='Show the values'")
    assert page.locator("#values tbody tr").count() == 14
    page.keyboard.press("Escape")
    page.wait_for_selector("#values", state="detached")


def test_a_clip_of_one_frame_is_refused(window, studio):
    page = opened(window)
    page.keyboard.press("End")
    page.keyboard.press("o")
    reads(page, "#banner", "a clip of one frame has no movement")
    page.keyboard.press("Escape")
    assert lines(studio) == []


def test_marks_are_applied_after_what_runs_again_was_shown_and_taken_back(window, studio, pictures):
    page = opened(window)
    numbers = frames_of(studio).numbers
    for key in ("ArrowRight", "ArrowRight", "o"):
        page.keyboard.press(key)
    wait_saved(page)
    reads(page, "#open-apply", "Apply 1…")
    page.keyboard.press("Shift+A")
    reads(page, "#apply", "config/errata/generated/smic.csv")
    assert severe(page) == []
    screenshot(page, pictures, "apply_marks")
    errata = studio.folder / "config/errata/generated/smic.csv"
    assert not errata.exists()
    page.click("#apply-now")
    reads(page, "#toasts", "1 mark applied")
    assert f"onset,{numbers[0]},{numbers[2]}" in errata.read_text()
    assert lines(studio) == []
    reads(page, "#saved", "onset: changed since the last run, used by the next one")
    page.click("#take-back")
    reads(page, "#toasts", "Taken back")
    assert not errata.exists()
    reads(page, "#open-apply", "Apply 1…")
    ready(page)
    page.keyboard.press("b")
    reads(page, "#mark-onset", str(numbers[0]))
    assert lines(studio) == []
