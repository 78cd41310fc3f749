"""Scenarios in a browser: the start without a project, new and recent projects, the folder picker."""

import os
import time

import pytest
from axe_checks import assert_accessible, assert_fits, assert_focus_is_seen, assert_keys, severe
from browser_window import launched, needs_chromium, reads, screenshot, sync_api, watched
from clip_makers import picture, video
from studio_project import Studio

from merflow.workflow.project_template import create_project

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folders of a user: two projects, videos, a hidden folder, a link that leads out."""
    home = tmp_path_factory.mktemp("user") / "home"
    for name in ("first", "second"):
        create_project(home / "studies" / name, "own")
    video(home / "videos/s01/joy/a.avi")
    picture(home / "frames/1.png")
    (home / ".hidden").mkdir()
    os.symlink(home.parent, home / "out")
    return home


@pytest.fixture(scope="module")
def studio(home):
    """A studio that starts without a project; scenarios open projects in it."""
    (home.parent / "empty").mkdir()
    running = Studio(home.parent / "empty", "--browse", str(home))
    yield running
    running.close()


@pytest.fixture(scope="module")
def unopened(home):
    """A studio in which no scenario opens a project."""
    (home.parent / "nothing").mkdir()
    running = Studio(home.parent / "nothing", "--browse", str(home))
    yield running
    running.close()


@pytest.fixture
def window(browser, studio):
    with watched(browser, studio, refusals=True) as window:
        yield window


@pytest.fixture
def closed(browser, unopened):
    """A window of the studio without a project."""
    with watched(browser, unopened, refusals=True) as window:
        yield window


def switch(studio, folder):
    """Open a project as another window does; a job that was stopped may still be ending."""
    for _ in range(100):
        answer = studio.ask("/api/projects/open", "POST", {"folder": str(folder)})
        if answer.status == 200:
            return
        time.sleep(0.2)
    pytest.fail(answer.content.decode())


def start(window):
    page = window.open("#projects")
    page.wait_for_selector("#new-demo")
    return page


def opened(page, name):
    """Wait until the page shows the project of that name."""
    page.wait_for_selector("#to-datasets")
    page.evaluate("location.hash = 'projects'")
    page.wait_for_selector(f"section[aria-label='Open project'] h2:text-is('{name}')")


def test_the_start_offers_the_demo_a_new_project_and_a_folder(closed, pictures):
    page = start(closed)
    assert page.locator("#nav a").count() == 1 and page.title() == "Project – merflow studio"
    for text in ("Create the demo", "New project", "Open a folder"):
        assert page.get_by_role("button", name=text).is_visible()
    assert_accessible(page)
    screenshot(page, pictures, "projects_start_dark")
    assert_keys(page)
    assert_fits(page)
    assert_focus_is_seen(page, 12)


def test_a_project_is_created_by_keyboard_alone(window, home):
    page = start(window)
    page.keyboard.press("n")
    page.wait_for_selector("#picker[data-at]")
    assert severe(page) == []
    page.keyboard.type("pilot study")
    reads(page, "#project-place", f"{home}/pilot study")
    page.keyboard.press("Enter")
    page.wait_for_selector("#choose-folder")
    assert (home / "pilot study/config/config.yaml").is_file()
    assert page.locator("#nav a").count() > 4 and "#own" in page.url
    opened(page, "pilot study")


def test_a_name_that_cannot_be_used_is_said_at_the_field(closed):
    page = start(closed)
    page.click("#new-project")
    page.wait_for_selector("#picker[data-at]")
    for name, words in (
        ("", "Type a name"),
        ("a/b", "cannot be part"),
        ("..", "a name"),
        ("x" * 300, "at most"),
    ):
        page.fill("#project-name", name)
        page.click("#create-project")
        reads(page, "#project-name-error", words)
    assert page.get_attribute("#project-name", "aria-invalid") == "true"


def test_a_project_is_opened_by_its_folder_and_another_folder_is_not(window, pictures):
    page = start(window)
    page.keyboard.press("o")
    page.click("#entries button:has-text('videos')")
    reads(page, "#picker [role=status]", "Not a project")
    assert page.is_disabled("#use-folder")
    page.click("#picker .crumbs button:text-is('home')")
    page.click("#entries button:has-text('studies')")
    reads(page, "#entries", "a merflow project")
    screenshot(page, pictures, "folder_picker")
    page.click("#entries button:has-text('first')")
    page.click("#use-folder")
    page.wait_for_selector("#detail h2")
    opened(page, "first")


def test_the_picker_is_used_by_keyboard_and_shows_nothing_outside(closed):
    page = start(closed)
    page.keyboard.press("o")
    page.wait_for_selector("#entries button")
    listed = page.inner_text("#entries")
    assert "out" not in listed.split() and ".hidden" not in listed
    assert "1 image" in listed and severe(page) == []
    page.keyboard.type("studi")
    sync_api.expect(page.locator("#entries li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#entries button:has-text('second')")
    page.keyboard.press("Backspace")
    page.wait_for_selector("#entries button:has-text('videos')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#picker", state="detached")


def test_projects_opened_last_are_switched_to_and_missing_ones_removed(window, studio, home):
    create_project(home / "gone", "own")
    for folder in ("studies/first", "gone", "studies/second"):
        switch(studio, home / folder)
    (home / "gone/config/config.yaml").unlink()
    page = window.open("#projects")
    reads(page, "#recent", "missing")
    assert_accessible(page)
    assert page.get_by_role("button", name="Open gone").count() == 0
    page.click("[aria-label^='Remove gone from the list']")
    sync_api.expect(page.locator("#recent")).not_to_contain_text("/gone")
    page.click("[aria-label='Open first']")
    page.wait_for_selector("#detail h2")
    opened(page, "first")


def test_a_page_of_a_project_that_was_left_says_so(window, studio, home):
    switch(studio, home / "studies/first")
    page = window.open("#datasets")
    page.wait_for_selector("#detail h2")
    switch(studio, home / "studies/second")
    page.keyboard.press("k")
    reads(page, "#banner", "another window has opened another project")
    page.reload()
    opened(page, "second")


def test_a_project_with_a_running_job_stays_open(window, studio, home):
    for name in ("first", "second"):
        switch(studio, home / "studies" / name)
    page = window.open("#projects")
    page.wait_for_selector("[aria-label='Open first']")
    job = studio.json("/api/workflow/unlock", "POST", {})
    page.click("[aria-label='Open first']")
    reads(page, "#banner", "is running in the open project")
    studio.ask("/api/workflow/stop", "POST", {"id": job["id"]})


def test_the_demo_is_drawn_with_progress_and_opened(window, home):
    page = start(window)
    page.click("#new-demo")
    page.wait_for_selector("#picker[data-at]")
    page.fill("#project-name", "demo")
    page.click("#create-project")
    reads(page, "#creation", "Drawing generated faces")
    assert severe(page, "#creation") == []
    page.wait_for_selector("#detail h2", timeout=300_000)
    reads(page, "#view", "casme2")
    assert page.locator("text=no such folder").count() == 0
    assert (home / "demo/data/demo/smic/demo.json").is_file()
    opened(page, "demo")


def test_the_demo_can_be_stopped_and_its_folder_stays(window, home):
    page = start(window)
    page.click("#new-demo")
    page.wait_for_selector("#picker[data-at]")
    page.fill("#project-name", "stopped")
    page.click("#create-project")
    page.click("#creation button:has-text('Stop')")
    reads(page, "#creation", "was not finished (stopped)")
    assert (home / "stopped/config/config.yaml").is_file()
