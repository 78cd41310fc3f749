"""The Clips view in a real browser: exact frames, keys, marks, two tabs."""

import base64

import numpy as np
from browser_window import (
    CLIP,
    Watched,
    frames_of,
    index,
    lines,
    needs_chromium,
    opened,
    pixels,
    reads,
    ready,
    screenshot,
    sync_api,
    wait_saved,
)
from studio_project import SIDE, Studio, copy, long_clip

pytestmark = needs_chromium
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
    page = opened(window)
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
    page = opened(watched)
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


def test_the_wipe_shows_one_factor_on_either_side(window, studio, pictures):
    page = opened(window)
    page.keyboard.press("ArrowRight")
    still = pixels(page).reshape(SIDE, SIDE)
    for factor in ("x1", "x10", "x25"):
        page.keyboard.press("w")
        ready(page, beside=factor)
    both = pixels(page).reshape(SIDE, SIDE)
    assert np.array_equal(both[:, : SIDE // 2], still[:, : SIDE // 2])
    assert not np.array_equal(both[:, SIDE // 2 :], still[:, SIDE // 2 :])
    screenshot(page, pictures, "clips_compared")
    for _ in range(20):
        page.keyboard.press(".")
    assert np.array_equal(pixels(page).reshape(SIDE, SIDE), still)
    page.keyboard.press("m")
    ready(page, shown="x10", beside="x25")


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
    versions = second.locator("#banner td").all_inner_texts()
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


def test_points_can_be_hidden_in_the_trace(window):
    page = opened(window)
    page.wait_for_selector("#trace svg")
    assert page.locator("#trace path").count() == 4
    page.locator(".legend input").first.click()
    sync_api.expect(page.locator("#trace path")).to_have_count(3)
    page.locator(".legend input").first.click()
