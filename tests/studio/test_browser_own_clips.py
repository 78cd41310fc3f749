"""Scenarios in a browser: from a folder of recordings to a manifest, and clips cut from recordings."""

import csv
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from axe_checks import assert_accessible, assert_fits, assert_focus_is_seen, assert_keys, severe
from browser_window import launched, needs_chromium, reads, screenshot, sync_api, watched
from clip_makers import picture, video
from studio_project import Studio

from merflow.workflow.project_template import create_project

pytestmark = needs_chromium
expect = sync_api.expect
CELL = "[aria-label='{}, row {}']"
DROP = """([zone, name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name));
  const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data });
  document.querySelector(zone).dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("user") / "home"
    create_project(home / "project", "own")
    return home


@pytest.fixture(scope="module")
def studio(home):
    """A studio over a new project, shared by the scenarios: each has a folder of its own."""
    running = Studio(home / "project", "--browse", str(home))
    yield running
    running.close()


@pytest.fixture
def window(browser, studio):
    with watched(browser, studio, refusals=True) as window:
        yield window


@pytest.fixture
def folder(home, request):
    """A folder of five clips of two subjects and two classes, for this scenario only."""
    place = home / request.node.name.removeprefix("test_")[:40]
    for path in (
        "s01/joy/a.avi",
        "s01/joy/b.avi",
        "s01/fear/a.avi",
        "s02/joy/a.avi",
        "s02/fear/c.avi",
    ):
        video(place / path, frames=8)
    return place


def own(window, folder):
    """Open the table of a folder; wait until the server has checked it."""
    page = window.open(f"#own/{quote(str(folder), safe='')}")
    page.wait_for_selector(".clip-table tbody tr")
    page.wait_for_selector("#faults > *")
    return page


def type_in(page, column, row, text, end="Enter"):
    page.fill(CELL.format(column, row), text)
    page.keyboard.press(end)


def value(page, column, row):
    return page.input_value(CELL.format(column, row))


def save(page, name, question=""):
    page.fill("#dataset-name", name)
    page.click("#save-clips")
    if question:
        page.click(f"#save-dialog button:has-text('{question}')")
    if question != "Keep the file":
        reads(page, "#toasts", "Saved")


def rows(folder, name="manifest.csv"):
    return list(csv.DictReader((folder / name).read_text(encoding="utf-8").splitlines()))


def test_the_view_offers_a_folder_a_recording_and_an_upload(window, pictures):
    page = window.open("#own")
    page.wait_for_selector("#choose-folder")
    reads(page, "#view", "mine")
    assert_accessible(page)
    screenshot(page, pictures, "own_clips_start_dark")
    assert_keys(page)
    assert_fits(page)
    assert page.title() == "Own clips · Data – merflow studio"


def test_a_folder_becomes_a_table_a_manifest_and_a_dataset(window, studio, folder, home):
    for number in range(3):
        picture(folder / "s02/joy/take" / f"{number}.png")
    video(folder / "s02/hapy/d.avi", frames=8)
    page = window.open("#datasets")
    page.click("#add-own")
    page.click("#choose-folder")
    page.click(f"#entries button:has-text('{folder.name}')")
    page.wait_for_selector(f"#picker[data-at='{folder}']")
    page.click("#use-folder")
    page.wait_for_selector(".clip-table tbody tr")
    reads(page, "#view", "Read as subject/class/clip")
    reads(page, "#faults", "a folder of frames stores no frame rate")
    assert page.is_disabled("#save-clips")
    page.fill("#frame-rate", "200")
    page.click("#set-rate")
    reads(page, "#faults", "no scheme of merflow knows 'hapy' (did you mean 'happy'?)")
    reads(page, "#faults", "1 remark: the table can be saved")
    save(page, "whole-way")
    found = rows(folder)
    assert {(row["subject"], row["emotion"]) for row in found} == {
        ("s01", "joy"), ("s01", "fear"), ("s02", "joy"), ("s02", "fear"), ("s02", "hapy"),
    }  # fmt: skip
    assert [row["fps"] for row in found if row["path"].endswith("take")] == ["200"]
    config = yaml.safe_load((studio.folder / "config/config.yaml").read_text())
    assert config["datasets"]["whole-way"] == {"reader": "manifest", "root": str(folder)}
    page.click("#unsaved a:has-text('check the videos')")
    page.wait_for_selector("#detail h2:text-is('whole-way')")
    page.keyboard.press("k")
    reads(page, "#findings", "7 clips of 2 subjects")
    reads(page, "#findings", "1: emotion 'hapy' has no class in scheme 'three'")


def test_the_rate_of_the_config_counts_for_folders_of_frames(window, studio, home):
    folder = home / "rated"
    picture(folder / "s01/1.png")
    picture(folder / "s01/2.png")
    (folder / "manifest.csv").write_text("subject,clip,path,emotion\ns01,a,s01,joy\n")
    path = studio.folder / "config/config.yaml"
    line = f"  rated: {{reader: manifest, root: {folder}, fps: 200}}\n"
    path.write_text(path.read_text().replace("datasets:\n", f"datasets:\n{line}", 1))
    page = own(window, folder)
    reads(page, "#faults", "Every row can be read")
    assert page.is_enabled("#save-clips")


def test_the_table_is_accessible_in_both_themes_and_all_widths(window, folder, pictures):
    (folder / "manifest.csv").write_text(
        "subject,clip,path,age\ns01,a,s01/joy/a.avi,31\ns9,z,gone.avi,\n"
    )
    page = own(window, folder)
    type_in(page, "subject", 1, "")
    reads(page, "#faults", "the cell is empty")
    page.click("[aria-label='Select row 1']")
    assert_accessible(page)
    screenshot(page, pictures, "own_clips_dark")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    screenshot(page, pictures, "own_clips")
    assert_keys(page)
    assert_fits(page)
    assert_focus_is_seen(page, 40)


def test_cells_are_edited_by_keyboard_and_every_change_can_be_undone(window, folder):
    page = own(window, folder)
    page.focus(CELL.format("subject", 1))
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("anna")
    page.keyboard.press("Enter")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    assert [value(page, "subject", n) for n in (1, 2, 3)] == ["anna", "anna", "s01"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "emotion, row 2"
    page.focus("#view")
    page.keyboard.press("z")
    expect(page.locator(CELL.format("subject", 2))).to_have_value("s01")
    page.keyboard.press("z")
    expect(page.locator(CELL.format("subject", 1))).to_have_value("s01")
    page.keyboard.press("y")
    expect(page.locator(CELL.format("subject", 1))).to_have_value("anna")


def test_a_value_is_set_for_a_range_of_rows_at_once(window, folder):
    page = own(window, folder)
    page.click("[aria-label='Select row 2']")
    page.click("[aria-label='Select row 4']", modifiers=["Shift"])
    reads(page, "#selected", "3 rows selected")
    page.fill("#bulk-value", "surprise")
    page.keyboard.press("Enter")
    expect(page.locator(CELL.format("emotion", 4))).to_have_value("surprise")
    assert [value(page, "emotion", n) for n in (1, 2, 3, 5)] == [
        "fear",
        "surprise",
        "surprise",
        "joy",
    ]
    page.select_option("#bulk-column", "publishable")
    page.fill("#bulk-value", "yes")
    page.click("#bulk-set")
    expect(page.locator(CELL.format("publishable", 3))).to_have_value("yes")
    save(page, "consenting")
    assert [row["publishable"] for row in rows(folder)] == ["", "yes", "yes", "yes", ""]


def test_subject_and_class_are_swapped_where_the_guess_took_one_for_the_other(window, folder):
    page = own(window, folder)
    page.click("[aria-label='Select all rows shown']")
    page.click("#bulk-swap")
    expect(page.locator(CELL.format("subject", 1))).to_have_value("fear")
    assert value(page, "emotion", 1) == "s01"


def test_rows_are_filtered_sorted_and_removed(window, folder):
    page = own(window, folder)
    page.click("th button:has-text('clip')")
    page.click("th button:has-text('clip')")
    first = page.locator(".clip-table tbody tr").first.locator("[data-column]").nth(2)
    assert first.input_value() == "joy_a"
    page.fill("#filter-clips", "s02")
    reads(page, "#rows-shown", "2 of 5 clips")
    page.click("[aria-label='Select all rows shown']")
    page.click("#bulk-remove")
    page.fill("#filter-clips", "")
    reads(page, "#rows-shown", "3 clips")
    save(page, "removed")
    reads(page, "#view", "left out; Read again adds")
    assert {row["subject"] for row in rows(folder)} == {"s01"}


def test_a_fault_is_marked_in_its_cell_and_reached_by_its_line(window, folder):
    page = own(window, folder)
    type_in(page, "clip", 2, "../x")
    reads(page, "#faults", "cannot be part of a file name")
    cell = page.locator(CELL.format("clip", 2))
    expect(cell).to_have_attribute("aria-invalid", "true")
    assert page.is_disabled("#save-clips")
    page.focus("#view")
    page.click("#faults button")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "clip, row 2"
    type_in(page, "clip", 2, "x")
    reads(page, "#faults", "Every row can be read")
    assert not page.is_disabled("#save-clips")


def test_a_manifest_that_exists_is_replaced_only_after_its_differences_were_shown(window, folder):
    text = "subject,clip,path,emotion,age\ns01,a,s01/joy/a.avi,happiness,31\n"
    (folder / "manifest.csv").write_text(text)
    page = own(window, folder)
    reads(page, "#view", "4 clips not in the table yet")
    assert value(page, "emotion", 1) == "happiness" and value(page, "age", 1) == "31"
    type_in(page, "emotion", 1, "joy")
    save(page, "asked", "Keep the file")
    assert (folder / "manifest.csv").read_text() == text
    page.click("#save-clips")
    reads(page, "#save-summary", "4 rows added, 1 cell changed")
    assert severe(page) == []
    page.click("#replace")
    reads(page, "#toasts", "Saved: 5 clips")
    found = rows(folder)
    assert found[0]["age"] == "31" and found[0]["emotion"] == "joy" and len(found) == 5


def test_a_manifest_changed_by_another_program_meanwhile_is_kept(window, folder):
    page = own(window, folder)
    page.fill("#dataset-name", "raced")
    (folder / "manifest.csv").write_text("subject,clip,path\nx,y,s01/joy/a.avi\n")
    page.click("#save-clips")
    reads(page, "#save-summary", "4 rows added")
    (folder / "manifest.csv").write_text("subject,clip,path\nmore,z,s01/joy/a.avi\n")
    page.click("#replace")
    reads(page, "#banner", "changed since this page compared it")
    assert [row["subject"] for row in rows(folder)] == ["more"]


def test_videos_are_picked_in_the_browser_and_copied_into_the_project(window, studio, folder):
    page = window.open("#own")
    page.set_input_files("#upload-files", [folder / "s01/joy/a.avi", folder / "s02/fear/c.avi"])
    page.wait_for_selector(".clip-table tbody tr:nth-child(2)")
    stored = studio.folder / "data/uploads"
    assert (stored / "a.avi").read_bytes() == (folder / "s01/joy/a.avi").read_bytes()
    reads(page, "#faults", "the cell is empty")
    page.click("[aria-label='Select all rows shown']")
    page.select_option("#bulk-column", "subject")
    page.fill("#bulk-value", "s07")
    page.click("#bulk-set")
    save(page, "mine")
    config = yaml.safe_load((studio.folder / "config/config.yaml").read_text())
    assert config["datasets"]["mine"]["root"] == "data/uploads"


def test_a_folder_picked_in_the_browser_keeps_its_subjects_and_classes(window, studio, folder):
    page = window.open("#own")
    page.set_input_files("#upload-folder", folder)
    page.wait_for_selector(".clip-table tbody tr:nth-child(5)")
    stored = studio.folder / "data/uploads" / folder.name
    assert (
        sorted(path.relative_to(stored).as_posix() for path in stored.rglob("*.avi"))[0]
        == "s01/fear/a.avi"
    )
    assert "s01" in {page.input_value(f"{CELL.format('subject', n)}") for n in (1, 2, 3)}


def test_a_dropped_video_is_stored_and_a_dropped_text_is_not(window, studio, folder):
    page = window.open("#own")
    page.wait_for_selector(".drop")
    page.evaluate(DROP, [".drop", "notes.txt", [1, 2, 3]])
    reads(page, "#banner", "no video among 1 file")
    page.evaluate(DROP, [".drop", "fake.mp4", [1, 2, 3]])
    reads(page, "#banner", "cannot be opened as a video")
    data = list((folder / "s01/joy/a.avi").read_bytes())
    page.evaluate(DROP, [".drop", "dropped 1.avi", data])
    page.wait_for_selector("td.path-cell:has-text('dropped 1.avi')")
    assert [path.name for path in (studio.folder / "data/uploads").glob("*.mp4")] == []


def cut(window, folder, name="s01/joy/a.avi"):
    page = own(window, folder)
    page.click(f"[aria-label='Cut clips out of {name}']")
    page.wait_for_selector("#recording[data-frame='0']")
    return page


def go(page, frame):
    page.keyboard.press("Home")
    for _ in range(frame):
        page.keyboard.press("ArrowRight")
    reads(page, "#frame-number", f"frame {frame} ")


def mark(page, onset, apex, offset):
    go(page, onset)
    page.keyboard.press("n")
    go(page, apex)
    page.keyboard.press("a")
    go(page, offset)
    page.keyboard.press("f")


def test_segments_with_class_and_action_units_become_rows_of_the_manifest(window, folder, pictures):
    page = cut(window, folder)
    mark(page, 1, 2, 3)
    page.fill("#segment-emotion", "joy")
    page.fill("#segment-action_units", "AU6+AU12")
    page.keyboard.press("Tab")
    page.focus("#view")
    mark(page, 5, 6, 7)
    page.fill("#segment-emotion", "fear")
    page.keyboard.press("Tab")
    assert_accessible(page)
    screenshot(page, pictures, "own_clips_cut_dark")
    assert_keys(page)
    assert_fits(page)
    page.click("#done-cutting")
    page.wait_for_selector(CELL.format("onset", 2))
    save(page, "cuts")
    found = [row for row in rows(folder) if row["onset"]]
    assert [(row["onset"], row["apex"], row["offset"], row["emotion"]) for row in found] == [
        ("1", "2", "3", "joy"), ("5", "6", "7", "fear"),
    ]  # fmt: skip
    assert found[0]["action units"] == "AU6+AU12" and found[0]["subject"] == "s01"
    assert len(rows(folder)) == 6 and len({row["clip"] for row in found}) == 2


def test_a_segment_is_edited_deleted_and_brought_back(window, folder):
    page = cut(window, folder)
    mark(page, 1, 2, 3)
    page.fill("#segment-offset", "0")
    page.keyboard.press("Tab")
    reads(page, "#view", "offset before onset")
    page.click("#done-cutting")
    reads(page, "#banner", "correct it, then press Done")
    assert page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    page.focus("#view")
    page.keyboard.press("z")
    expect(page.locator("#segment-offset")).to_have_value("3")
    page.click("[aria-label^='Delete']")
    reads(page, "#view", "No segments yet")
    page.keyboard.press("z")
    expect(page.locator("#segment-offset")).to_have_value("3")
    page.focus("#view")
    page.keyboard.press("2")
    reads(page, "#frame-number", "frame 2 ")


@pytest.mark.parametrize(("kind", "entry"), [("eaf", "ELAN"), ("csv", "Table")])
def test_segments_are_exported_and_imported_again(window, folder, tmp_path, kind, entry):
    page = cut(window, folder)
    mark(page, 1, 2, 3)
    page.fill("#segment-emotion", "joy")
    page.keyboard.press("Tab")
    page.click("#export-segments")
    with page.expect_download() as saving:
        page.click(f"[popover] button:has-text('{entry}')")
    file = Path(saving.value.path()).rename(tmp_path / f"marks.{kind}")
    assert saving.value.suggested_filename == f"a.{kind}"
    page.click("[aria-label^='Delete']")
    page.set_input_files("#import-file", file)
    reads(page, "#toasts", f"1 segment from marks.{kind}")
    assert [page.input_value(f"#segment-{name}") for name in ("onset", "apex", "offset", "emotion")] == [
        "1", "2", "3", "joy",
    ]  # fmt: skip


def test_a_recording_is_cut_alone_without_the_rest_of_its_folder(window, home):
    video(home / "desk/interview.avi", frames=8)
    video(home / "desk/holiday.avi", frames=8)
    page = window.open("#own")
    page.click("#choose-recording")
    page.click("#entries button:has-text('desk')")
    page.click("#entries button:has-text('interview.avi')")
    page.wait_for_selector("#recording[data-frame='0']")
    mark(page, 1, 2, 5)
    page.fill("#segment-emotion", "joy")
    page.fill("#segment-subject", "s01")
    page.keyboard.press("Tab")
    page.click("#done-cutting")
    page.wait_for_selector(CELL.format("onset", 1))
    save(page, "interview")
    assert [(row["path"], row["onset"]) for row in rows(home / "desk")] == [("interview.avi", "1")]


@pytest.mark.parametrize(
    ("names", "words"), [([], "an empty folder"), (["a.docx", "b.docx"], "2 .docx")]
)
def test_a_folder_without_clips_says_what_it_holds_and_what_fits(window, home, names, words):
    place = home / f"none{len(names)}"
    place.mkdir()
    for name in names:
        (place / name).write_text("x")
    page = window.open(f"#own/{quote(str(place), safe='')}")
    reads(page, "#view", words)
    reads(page, "#view", "subject/class/clip")
    assert severe(page) == [] and page.is_visible("#choose-folder")


def test_thousands_of_clips_come_in_pages(window, home):
    for number in range(1000):
        path = home / "thousands" / f"s{number % 20:02d}/joy/clip {number}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    page = own(window, home / "thousands")
    assert page.locator(".clip-table tbody tr").count() == 200
    reads(page, "#view", "page 1 of 5")
    page.click("[aria-label='Next page']")
    reads(page, "#view", "page 2 of 5")
    page.click("[aria-label='Select all rows shown']")
    reads(page, "#selected", "1000 rows selected")
    page.fill("#bulk-value", "fear")
    page.click("#bulk-set")
    page.fill("#filter-clips", "clip 999")
    reads(page, "#rows-shown", "1 of 1000 clips")
    assert page.locator("[data-column]").nth(1).input_value() == "fear"


def test_odd_names_are_shown_as_they_are(window, home):
    evil = "<img src=x onerror=document.title='broken'>"
    for name in ("Björn Ö", "笑う 人", 'o\'Neill & "co"', evil.replace("/", "")):
        video(home / "odd" / name / "joy/clip 1.avi")
    page = own(window, home / "odd")
    listed = page.inner_text(".clip-table tbody")
    assert "笑う 人" in listed and "<img" in listed
    assert page.locator("img").count() == 0 and "broken" not in page.title()
    subjects = {page.input_value(CELL.format("subject", n)) for n in range(1, 5)}
    assert "Björn Ö" in subjects


def test_changes_survive_other_views_and_are_not_discarded_unasked(window, folder, home):
    page = own(window, folder)
    type_in(page, "subject", 1, "changed")
    page.keyboard.press("Tab")
    page.evaluate("location.hash = 'datasets'")
    page.wait_for_selector("#add-own")
    page.go_back()
    page.wait_for_selector(".clip-table tbody tr")
    assert value(page, "subject", 1) == "changed"
    video(home / "other place/s01/joy/x.avi")
    page.evaluate(
        "p => { location.hash = 'own/' + encodeURIComponent(p); }", str(home / "other place")
    )
    page.click("dialog button:has-text('Cancel')")
    page.wait_for_selector(".clip-table tbody tr")
    assert value(page, "subject", 1) == "changed"


def test_a_root_outside_the_project_is_chosen_in_the_data_view(window, studio, folder, home):
    page = window.open("#datasets")
    page.select_option("[aria-label='Dataset to add']", "smic")
    page.focus("#view")
    page.keyboard.press("a")
    page.wait_for_selector("#picker[data-at]")
    page.click("#picker button:has-text('Home')")
    page.click(f"#entries button:has-text('{folder.name}')")
    page.wait_for_selector(f"#picker[data-at='{folder}']")
    page.click("#use-folder")
    page.wait_for_selector("#detail h2:text-is('smic')")
    local = yaml.safe_load((studio.folder / "config/local.yaml").read_text())
    assert local["datasets"]["smic"]["root"] == str(folder)
