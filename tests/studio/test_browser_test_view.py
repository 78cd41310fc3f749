"""The Test view in a real browser: a dataset, a recording, the camera, reload, two tabs."""

import re

import pytest
from axe_checks import assert_accessible, assert_fits, assert_keys
from browser_window import Watched, needs_chromium, reads, screenshot, sync_api

pytestmark = needs_chromium
SVM = "results/runs/svm/x1/seed0"
PLAYED = "#player"


def test_view(window, source):
    page = window.open("#test")
    page.wait_for_selector("#begin")
    page.select_option("[aria-label='Run']", SVM)
    page.focus("#view")
    page.keyboard.press(source)
    return page


test_view.__test__ = False


def recording_page(window):
    """Return a page with a tested recording; the server tests it once for this module."""
    page = test_view(window, "2")
    last = window.studio.json("/api/test/state")
    if (last["kind"], last["state"]) != ("recording", "done"):
        page.keyboard.press("g")
    page.wait_for_selector(".screen[data-ready]")
    return page


def at(page):
    return int(re.search(r"index (\d+)", page.inner_text("#where"))[1])


def drawn(page, selector):
    """Return how many pixels of a canvas are not empty."""
    return page.evaluate(
        """(s) => { const c = document.querySelector(s);
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }""",
        selector,
    )


def test_a_recording_is_shown_with_its_predictions(window, pictures):
    page = recording_page(window)
    page.keyboard.press("Home")
    reads(page, "#label", "no expression")
    assert drawn(page, "#screen") > 1000 and drawn(page, ".screen .over") > 100
    # The expression lies at 33 to 52.
    page.evaluate(
        "const s = document.getElementById('seek'); s.value = 44; s.dispatchEvent(new Event('input'))"
    )
    sync_api.expect(page.locator("#label")).not_to_contain_text("no expression")
    assert re.match(r"(negative|positive|surprise) 0\.\d\d", page.inner_text("#label"))
    for plot in ("#trend .chart", "#tracks .chart"):
        assert int(page.get_attribute(plot, "data-lines")) >= 3, plot
    for plot in ("#share [role=listitem]", "#now [role=listitem]"):
        assert page.locator(plot).count() == 4, plot
    values = page.locator("#now .num").all_inner_texts()
    assert sum(float(v) for v in values[:3]) == pytest.approx(1, abs=0.02)
    page.wait_for_timeout(200)
    screenshot(page, pictures, "test")


def test_the_keys_of_the_player(window):
    page = recording_page(window)
    last = int(page.get_attribute("#seek", "max"))
    for key, place in (
        ("Home", 0), ("ArrowRight", 1), ("Shift+ArrowRight", 11), ("ArrowLeft", 10),
        ("End", last), ("ArrowRight", last), ("s", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert at(page) == place, key
        page.wait_for_selector(f".screen[data-shown='{place}']")


def test_playback_pauses_and_counts_dropped_frames(window):
    page = recording_page(window)
    page.select_option("[aria-label='Speed']", "0.5")
    page.focus("#view")
    page.keyboard.press("s")
    page.keyboard.press(" ")
    sync_api.expect(page.locator("#rate")).to_contain_text("25 frames/s wanted")
    sync_api.expect(page.locator("#where")).not_to_contain_text("index 0 ")
    page.keyboard.press(" ")
    held = at(page)
    page.wait_for_timeout(250)
    assert at(page) == held
    assert re.search(r"\d+ shown, \d+ dropped", page.inner_text("#rate"))
    page.keyboard.press("]")
    assert page.input_value("[aria-label='Speed']") == "1"


def test_window_and_stride_change_the_predictions_at_once(window):
    page = recording_page(window)
    before = page.locator("#share .num").all_inner_texts()
    page.fill("#stride", "2")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.evaluate("document.getElementById('view').focus()")
    page.keyboard.press("End")
    sync_api.expect(page.locator("#share .num").last).not_to_have_text(before[-1])
    page.fill("#stride", "")
    page.keyboard.press("Tab")


def test_landmarks_are_chosen_by_number_and_a_wrong_number_is_refused(window):
    page = recording_page(window)
    page.fill("#indices", "1, 3")
    page.keyboard.press("Tab")
    page.wait_for_selector("#tracks .chart[data-lines='2']")
    assert page.locator("#tracks .legend").inner_text().split() == ["1", "3"]
    page.select_option("[aria-label='What of the landmarks']", "y")
    page.wait_for_selector("#tracks [aria-label^='y (px)']")
    page.fill("#indices", "1, 68")
    page.keyboard.press("Tab")
    page.wait_for_selector("#banner:not([hidden])")
    assert "numbers 0 to 4" in page.inner_text("#banner")
    assert page.input_value("#indices") == "1,3"
    page.fill("#indices", "1, 2")
    page.keyboard.press("Tab")
    sync_api.expect(page.locator("#banner")).to_be_hidden()


def test_a_dataset_is_tested_and_an_error_leads_to_its_clip(window, pictures):
    page = test_view(window, "1")
    page.select_option("[aria-label='Dataset to test']", "casme2")
    page.focus("#view")
    page.keyboard.press("g")
    page.wait_for_selector("#results #wrong")
    assert "by the fold that tests their subject" in page.inner_text("#results")
    screenshot(page, pictures, "test_dataset")
    link = page.locator("#results #wrong a").first
    named = link.inner_text()
    link.click()
    reads(page, "#title", named)


def test_a_run_without_a_model_offers_to_train_one(window):
    page = window.open("#test")
    page.wait_for_selector("#begin")
    page.select_option("[aria-label='Run']", "results/runs/quick/x1/seed0")
    reads(page, "#run-card", "no final model yet")
    assert page.is_disabled("#begin") and page.is_enabled("[data-final]")
    why = page.get_attribute("#begin", "aria-describedby")
    assert page.inner_text(f"#{why}") == "This run has no final model yet: train it above."
    assert page.is_hidden("#end")


def test_nothing_of_a_recording_stays_when_another_is_chosen(window):
    page = recording_page(window)
    page.fill("#path", "")
    assert page.is_disabled("#begin")
    page.keyboard.type("faces/other.avi")
    assert page.is_enabled("#begin") and page.evaluate("document.activeElement.id") == "path"
    page.keyboard.press("Tab")
    reads(page, "#label", "Open a recording")
    assert drawn(page, "#screen") == drawn(page, ".screen .over") == 0
    assert page.locator("#player, #trend .chart, #tracks .chart").count() == 0
    assert page.get_attribute(".screen", "data-ready") is None
    assert set(page.locator("#share .num").all_inner_texts()) == {"0"}
    assert page.inner_text("#movement") == "movement –"
    assert page.inner_text("#test-status") == "" and page.locator("#subject").count() == 0


def test_a_recording_from_elsewhere_is_copied_and_chosen(window, studio, tmp_path):
    page = test_view(window, "2")
    source = tmp_path / "from elsewhere.avi"
    source.write_bytes((studio.folder / "faces/recordings/recording00.avi").read_bytes())
    page.set_input_files("#upload-files", source)
    sync_api.expect(page.locator("#path")).to_have_value(re.compile("^data/uploads/"))
    kept = studio.folder / page.input_value("#path")
    assert kept.read_bytes() == source.read_bytes()
    assert page.is_enabled("#begin")
    kept.unlink()


def saved(page, menu, entry):
    """Return name and bytes of what an entry of a Save menu writes."""
    page.click(menu)
    with page.expect_download() as found:
        page.locator("[popover]:popover-open button", has_text=entry).click()
    return found.value.suggested_filename, found.value.path().read_bytes()


def test_plots_predictions_and_video_are_saved(window):
    page = recording_page(window)
    stem = "recording00-svm-x1"
    name, table = saved(page, "#player button:has-text('Save')", "Predictions")
    assert name == f"{stem}-predictions.csv"
    lines = table.decode().splitlines()
    assert lines[0] == "first,last,frame,label,movement,negative,positive,surprise"
    assert len(lines) > 10 and any(line.split(",")[3] == "no expression" for line in lines[1:])
    name, film = saved(page, "#player button:has-text('Save')", "Video")
    assert name == f"{stem}-labels.mp4" and film[4:8] == b"ftyp"
    for card, kind in (("#trend", "probabilities"), ("#share", "counts")):
        name, drawing = saved(page, f"{card} button:has-text('Save')", "SVG")
        assert name == f"{stem}-{kind}.svg" and drawing.count(b"no expression") == 1
        name, picture = saved(page, f"{card} button:has-text('Save')", "PNG")
        assert name == f"{stem}-{kind}.png" and picture.startswith(b"\x89PNG")


def test_the_plots_grow_while_a_recording_is_tested(window):
    page = test_view(window, "2")
    page.keyboard.press("g")
    page.wait_for_selector("#tracks[data-points]")
    growing = page.evaluate(
        """async () => { const seen = new Set();
        while (!document.querySelector('.screen').dataset.ready) {
          seen.add(+(document.querySelector('#tracks').dataset.points || 0));
          await new Promise((done) => setTimeout(done, 50)); }
        return [...seen]; }"""
    )
    assert growing == sorted(growing) and len(growing) > 1 and growing[-1] == 200


@pytest.mark.parametrize("source", ["1", "2", "3"])
def test_the_view_is_accessible_and_fits(window, source):
    page = recording_page(window) if source == "2" else test_view(window, source)
    assert_accessible(page)
    assert_fits(page)
    assert_keys(page)


def test_a_missing_recording_is_reported(browser, studio):
    watched = Watched(browser, studio)
    page = test_view(watched, "2")
    page.fill("#path", "faces/nowhere.avi")
    page.keyboard.press("Tab")
    page.focus("#view")
    page.keyboard.press("g")
    page.wait_for_selector("#banner:not([hidden])")
    assert "nowhere.avi" in page.inner_text("#banner")
    watched.context.close()
    assert all("404" in fault for fault in watched.complaints())


def test_after_a_cancelled_test_another_starts(window):
    page = test_view(window, "2")
    page.wait_for_timeout(300)
    page.keyboard.press("g")
    page.wait_for_selector("#end:enabled")
    page.keyboard.press("x")
    reads(page, "#test-status", "stopped")
    page.keyboard.press("g")
    page.wait_for_selector(".screen[data-ready]")


def test_a_reload_during_a_test_shows_that_test(browser, studio):
    # Pictures of the film before may still be asked for when the next test begins.
    window = Watched(browser, studio)
    page = test_view(window, "2")
    page.keyboard.press("g")
    page.wait_for_selector("#end:enabled")
    page.reload()
    page.wait_for_selector(".screen[data-ready]")
    page.keyboard.press("End")
    assert at(page) == int(page.get_attribute("#seek", "max"))
    window.context.close()
    assert all("404" in fault for fault in window.complaints())


def test_a_second_tab_shows_the_same_test_and_cannot_start_another(browser, studio):
    watched = Watched(browser, studio)
    first = test_view(watched, "2")
    second = test_view(watched, "2")
    first.keyboard.press("g")
    first.wait_for_selector("#end:enabled")
    second.keyboard.press("g")
    second.wait_for_selector("text=is running")
    first.wait_for_selector(".screen[data-ready]")
    second.reload()
    second.wait_for_selector(".screen[data-ready]")
    watched.context.close()
    # 404: a picture of the recording before, which the second tab still showed.
    assert all("409" in fault or "404" in fault for fault in watched.complaints())


@pytest.fixture
def camera_window(browser, studio):
    watched = Watched(browser, studio, permissions=["camera"])
    yield watched
    watched.context.close()
    assert watched.complaints() == []
    assert watched.hosts <= {studio.host}


def test_the_camera_shows_predictions_and_stops(camera_window, pictures):
    page = test_view(camera_window, "3")
    page.fill("#window", "12")
    page.keyboard.press("Tab")
    page.fill("#stride", "3")
    page.keyboard.press("Tab")
    page.focus("#view")
    page.keyboard.press("g")
    page.wait_for_selector("#camera")
    reads(page, "#last-answer", "predicted in")
    page.wait_for_selector("#trend .chart[data-lines]")
    page.wait_for_selector("#tracks .chart[data-lines]")
    assert re.search(
        r"camera [\d.]+ frames/s, [\d.]+ analysed, \d+ dropped", page.inner_text("#rate")
    )
    assert drawn(page, ".screen .over") > 100
    screenshot(page, pictures, "test_camera")
    page.keyboard.press("x")
    page.wait_for_selector("#begin:enabled")
    assert page.locator("#camera").count() == 0


def test_leaving_the_view_stops_the_camera(camera_window, studio):
    page = test_view(camera_window, "3")
    page.keyboard.press("g")
    page.wait_for_selector("#camera")
    page.wait_for_timeout(300)
    page.keyboard.press("Shift+C")
    page.wait_for_selector("#list")
    page.wait_for_function(
        """async () => { const t = sessionStorage.getItem('merflow-token');
        const a = await fetch('/api/test/state', {headers: {'x-merflow-token': t}});
        return (await a.json()).state === 'stopped'; }"""
    )


def test_without_a_camera_the_banner_lists_what_to_do(browser, studio):
    watched = Watched(browser, studio)
    page = test_view(watched, "3")
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError')); }"
    )
    page.keyboard.press("g")
    page.wait_for_selector("text=allow it for this page")
    assert page.is_enabled("#begin")
    watched.context.close()
