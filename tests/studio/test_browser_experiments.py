"""The Experiments view in a real browser: forms, faults, the file, and the way from form to test."""

import re

import pytest
import yaml
from axe_checks import assert_accessible, assert_fits, assert_keys, severe
from browser_window import Watched, needs_chromium, reads, screenshot, sync_api

pytestmark = needs_chromium
COMMENT = "# chosen before any run\n"


@pytest.fixture(scope="module")
def studio(built, tmp_path_factory):
    """A studio over a project with a commented config, shared by this module."""
    from studio_project import Studio, copy

    folder = copy(built, tmp_path_factory.mktemp("project") / "project")
    config = folder / "config/config.yaml"
    text = config.read_text().replace(
        "    factors:\n    - 1\n    - 10\n", f"    factors: [1, 10] {COMMENT}"
    )
    assert COMMENT in text
    config.write_text(text)
    running = Studio(folder)
    yield running
    running.close()


def config(studio):
    return (studio.folder / "config/config.yaml").read_text()


def entries(studio, section="experiments"):
    return yaml.safe_load(config(studio))[section]


def opened(window, section="experiments", name="quick"):
    page = window.open(f"#experiments/{section}/{name}")
    page.wait_for_selector("#yaml span")
    return page


def field(path):
    return f"#field-{path.replace('.', '-')}"


def fault(page, path, text):
    reads(page, f"{field(path)}-error", text)
    assert page.get_attribute(field(path), "aria-invalid") == "true"


def save(page):
    page.wait_for_selector("#save-entry:enabled")
    page.click("#save-entry")
    page.wait_for_selector("text=Saved to config/config.yaml")
    page.wait_for_selector("#yaml-state.good")


def changed(page, mark):
    found = page.locator(f"#yaml .{mark}").all_text_contents()
    return [" ".join(text[1:].split()) for text in found]


def test_an_experiment_is_shown_with_its_lines_and_what_will_run(window, pictures):
    page = opened(window)
    page.wait_for_selector(".plan")
    assert page.input_value(field("training.epochs")) == "4"
    assert (
        page.input_value(field("seeds")) == ""
        and page.get_attribute(field("seeds"), "placeholder") == "0"
    )
    assert "training:" in page.inner_text("#yaml") and page.inner_text("#yaml-state") == "as saved"
    assert re.search(r"2 runs on 18 clips\. About \d+", page.inner_text("#plan"))
    rows = {
        row[0]: row[1:]
        for row in [r.split("\t") for r in page.locator(".plan tbody tr").all_inner_texts()]
    }
    assert rows["Align faces"] == ["6", "0", "6"] and rows["Train folds"] == ["12", "0", "12"]
    screenshot(page, pictures, "experiments")


@pytest.mark.parametrize(
    "section", ["experiments/quick", "preparations/grey32", "collections/composite"]
)
def test_the_view_is_accessible_and_fits(window, section):
    page = opened(window, *section.split("/"))
    for group in page.locator("#form details:not([hidden]) summary").all():
        group.click()
    assert_accessible(page)
    assert_fits(page)
    assert_keys(page)


def test_a_changed_value_is_marked_in_the_lines_before_it_is_saved(window, studio):
    page, before = opened(window), config(studio)
    page.fill(field("training.epochs"), "6")
    sync_api.expect(page.locator("#yaml .new")).to_have_count(1)
    assert changed(page, "new") == ["added: epochs: 6"] and changed(page, "gone") == [
        "removed: epochs: 4"
    ]
    assert page.inner_text("#yaml-state") == "not saved yet" and config(studio) == before
    page.click("#undo-entry")
    page.wait_for_selector("#yaml-state.good")
    assert page.input_value(field("training.epochs")) == "4"


@pytest.mark.parametrize(
    ("path", "typed", "text"),
    [
        ("training.epochs", "0", "greater than or equal to 1"),
        ("training.batch_size", "many", "valid integer"),
        ("training.learning_rate", "-1", "greater than 0"),
        ("factors", "1, x", "a number above 0"),
        ("factors", "1, 1", "listed twice"),
        ("seeds", "0.5", "valid integer"),
        ("network", "cnn3", "did you mean 'cnn3d'?"),
        ("label", "x" * 61, "at most 60 characters"),
    ],
)
def test_an_invalid_value_is_named_at_its_field_and_not_saved(window, studio, path, typed, text):
    page, before = opened(window), config(studio)
    page.fill(field(path), typed)
    fault(page, path, text)
    reads(page, "#faults", "1 field to correct")
    assert page.is_disabled("#save-entry")
    reason = page.get_attribute("#save-entry", "aria-describedby")
    assert page.inner_text(f"#{reason}") == "1 field to correct first."
    page.click("text=Go to the first")
    assert page.evaluate("document.activeElement.id") == field(path)[1:]
    page.click("#undo-entry")
    assert config(studio) == before


def test_a_fault_in_a_folded_field_opens_its_group(window):
    page = opened(window)
    page.click("summary:has-text('Training')")
    page.fill(field("training.weight_decay"), "-1")
    page.click("summary:has-text('Training')")
    fault(page, "training.weight_decay", "greater than or equal to 0")
    assert page.is_visible(field("training.weight_decay"))
    page.click("#undo-entry")


def test_every_kind_of_field_is_saved_with_comments_kept(window, studio):
    page = opened(window)
    page.wait_for_selector(".plan")
    page.click("#duplicate-entry")
    page.wait_for_selector("h2:has-text('New experiment')")
    page.fill("#entry-name", "all")
    page.fill(field("label"), "All: kinds # of 'fields'")
    page.fill(field("factors"), "1, x1+x10")
    page.select_option(field("protocol"), "kfold")
    page.fill(field("folds"), "3")
    page.click("summary:has-text('General')")
    page.fill("#network-dropout", "0.25")
    page.check(field("nested"))
    page.uncheck(field("nested"))
    page.click("text=Add a setting to the grid")
    page.fill("[aria-label='Setting 1 of the grid']", "training.loss")
    page.fill("[aria-label='Values of setting 1']", "cross_entropy, focal")
    page.click("summary:has-text('Training')")
    page.check(field("training.balanced_sampling"))
    page.fill(field("training.class_weights"), "none")
    page.select_option(field("training.schedule"), "step")
    page.fill(field("training.step_epochs"), "2")
    save(page)
    assert entries(studio)["all"] == {
        "network": "cnn3d", "preparation": "grey32", "factors": [1, "x1+x10"],
        "collection": "composite", "label": "All: kinds # of 'fields'", "protocol": "kfold",
        "folds": 3, "network_settings": {"dropout": 0.25},
        "grid": {"training.loss": ["cross_entropy", "focal"]},
        "training": {"epochs": 4, "balanced_sampling": True, "class_weights": "none",
                     "schedule": "step", "step_epochs": 2},
    }  # fmt: skip
    assert COMMENT in config(studio)
    reads(page, "#runs-of", "x1+x10")
    assert page.locator("#runs-of tbody tr").count() == 4


def test_fields_without_an_effect_are_not_shown_unless_they_are_set(window):
    page = opened(window, name="svm")
    for path in ("command", "folds", "network", "training.epochs"):
        assert page.is_hidden(field(path)), path
    assert page.is_visible(field("training.svm.kernel"))
    page = opened(window)
    page.select_option(field("method"), "lbptop_svm")
    fault(page, "training.epochs", "no effect on method lbptop_svm")
    page.click("#undo-entry")


def test_a_network_is_found_by_a_part_of_its_name_and_brings_its_settings(window):
    page = opened(window)
    known = page.locator(f"{field('network')} + datalist option")
    assert known.count() >= 15 and "dual_branch_gru" in page.evaluate(
        f"[...document.querySelector('{field('network')}').list.options].map((one) => one.value)"
    )
    page.click("summary:has-text('General')")
    page.fill(field("network"), "dual_branch_gru")
    assert page.locator("#network-attention option").all_inner_texts()[-1] == "difference (default)"
    page.click("#undo-entry")


def test_a_name_is_checked(window):
    page = opened(window)
    for name, text in (("a/b", "letters, digits"), ("", "empty"), ("svm", "exists already")):
        page.fill("#entry-name", name)
        reads(page, "#entry-name-error", text)
        assert page.is_disabled("#save-entry")
    page.click("#undo-entry")


def test_an_experiment_is_renamed_in_its_place(window, studio):
    page = opened(window, name="all")
    page.fill("#entry-name", "every")
    save(page)
    assert list(entries(studio)) == ["quick", "svm", "every"]
    assert page.inner_text("#title") == "every"


def test_an_experiment_is_deleted_after_a_question(window, studio):
    page = opened(window, name="every")
    page.click("#delete-entry")
    page.click("dialog button:has-text('Cancel')")
    assert "every" in entries(studio)
    page.click("#delete-entry")
    page.click("dialog button.danger")
    page.wait_for_selector("text=every was deleted")
    assert list(entries(studio)) == ["quick", "svm"]
    page.wait_for_selector("h1:has-text('quick')")


def test_a_preparation_is_edited_and_those_that_use_it_are_named(window, studio):
    page = opened(window, "preparations", "grey32")
    page.fill(field("crop.working_size"), "128")
    page.fill(field("crop.region"), "brows, eyes")
    page.fill(field("magnify.band_hz"), "3, 1")
    fault(page, "magnify.band_hz", "the lower first")
    page.fill(field("magnify.band_hz"), "0, 12")
    page.fill("#entry-name", "part")
    reads(page, "#yaml-others", "experiment quick, experiment svm")
    save(page)
    found = entries(studio, "preparations")["part"]
    assert found["crop"] == {"working_size": 128, "region": ["brows", "eyes"]}
    assert found["magnify"] == {"band_hz": [0, 12]}
    assert entries(studio)["quick"]["preparation"] == "part"


def test_what_is_used_is_not_deleted(browser, studio):
    watched = Watched(browser, studio)
    page = opened(watched, "collections", "composite")
    page.click("#delete-entry")
    page.click("dialog button.danger")
    reads(page, "#banner", "is used by experiment quick, experiment svm")
    watched.context.close()
    assert "composite" in entries(studio, "collections")


def test_changes_stay_while_another_view_is_open(window):
    page = opened(window)
    page.fill(field("training.epochs"), "9")
    page.wait_for_selector("#entry-list .badge:has-text('not saved')")
    page.keyboard.press("Escape")
    page.click("#to-runs")
    page.wait_for_selector("[data-view=runs]")
    page.click("#to-experiments")
    page.wait_for_selector("#undo-entry:visible")
    assert page.input_value(field("training.epochs")) == "9"
    page.click("#undo-entry")


def away_and_back(page):
    """Open another view and return; the view reads the file again, and the form is as it was."""
    page.click("#to-runs")
    page.wait_for_selector("[data-view=runs]")
    page.click("#to-experiments")


def test_a_file_that_another_program_changed_is_not_overwritten(browser, studio):
    watched = Watched(browser, studio)
    page = opened(watched)
    path = studio.folder / "config/config.yaml"
    text = path.read_text()
    page.fill(field("training.epochs"), "5")
    page.wait_for_selector("#save-entry:enabled")
    path.write_text(text.replace("bootstrap: 500", "bootstrap: 400"))
    away_and_back(page)
    save(page)  # The entry is as the form found it, so nothing is lost.
    assert "epochs: 5" in config(studio) and "bootstrap: 400" in config(studio)
    page.fill(field("training.epochs"), "7")
    page.wait_for_selector("#save-entry:enabled")
    path.write_text(config(studio).replace("epochs: 5", "epochs: 6"))
    away_and_back(page)
    page.click("#save-entry")
    page.wait_for_selector("#keep-mine")
    assert "epochs: 6" in config(studio)
    page.click("#keep-mine")
    page.wait_for_selector("#keep-mine", state="detached")
    save(page)
    assert "epochs: 7" in config(studio) and "bootstrap: 400" in config(studio)
    path.write_text(text)
    watched.context.close()
    assert all("409" in line for line in watched.complaints())


def test_from_a_form_to_a_tested_recording(window, studio, pictures):
    """New collection, new experiment, run, stop, run, table, final model, test; no file is touched."""
    page = opened(window)
    page.click("[data-new=collections]")
    page.fill("#entry-name", "one")
    page.check("[aria-label=Datasets] input[value=smic]")
    save(page)
    page.keyboard.press("n")
    page.wait_for_selector("h2:has-text('New experiment')")
    page.fill("#entry-name", "mine")
    page.select_option(field("collection"), "one")
    page.select_option(field("method"), "lbptop_svm")
    page.fill(field("factors"), "1")
    save(page)
    page.wait_for_selector(".plan")
    page.click("#run-experiment")
    reads(page, "#progress", "of")
    reads(page, "#job", "Experiment mine")
    assert page.is_disabled("#run-experiment")
    page.click("#stop-run")
    reads(page, "#job", "stopped after")
    assert page.is_enabled("#run-experiment")
    page.click("#run-experiment")
    reads(page, "#progress", "jobs")
    screenshot(page, pictures, "experiment_running")
    reads(page, "#job", "done after")
    reads(page, "#runs-of", "scored")
    reads(page, "#plan", "nothing has to run")
    page.click("#job a")
    page.wait_for_selector("#confusion")
    sync_api.expect(page.locator("#job")).to_have_text("")
    page.go_back()
    page.click("[data-final]:visible")
    reads(page, "#runs-of", "Test it")
    page.click("#runs-of a:has-text('Test it')")
    page.wait_for_selector("#begin:enabled")
    assert "mine x1 seed 0" in page.locator("[aria-label=Run] option:checked").inner_text()
    page.click("#begin")
    page.wait_for_selector(".screen[data-ready]")
    reads(page, "#subject", "tested with mine x1 seed 0")


def test_a_result_is_dismissed(window, studio):
    page = opened(window)
    studio.json("/api/workflow/unlock", "POST", {})
    reads(page, "#job", "unlock")  # Not the job of an earlier scenario.
    reads(page, "#job", "done after")
    page.click("#job [aria-label=Dismiss]")
    sync_api.expect(page.locator("#job")).to_have_text("")
    page.reload()
    page.wait_for_selector("#yaml span")
    page.wait_for_timeout(500)
    assert page.inner_text("#job") == ""


def test_a_failed_run_shows_its_cause_until_it_is_dismissed(window):
    lines = ["FAILED: packing", "  | merflow: x1.h5: 2 of 28 clips were skipped", "  log: x1.log"]
    state = {
        "id": 7, "state": "failed", "title": "Experiment quick", "address": [], "code": 1,
        "done": 1, "total": 2, "seconds": 3.0, "lines": lines, "next": len(lines), "now": "",
    }  # fmt: skip
    page = opened(window)
    page.route("**/api/workflow?*", lambda route: route.fulfill(json=state))
    reads(page, "#progress", "2 of 28 clips were skipped")
    assert "log: x1.log" not in page.inner_text("#progress")
    assert severe(page) == []
    page.evaluate("location.hash = 'runs'")
    page.wait_for_selector("#run-list")
    reads(page, "#job", "failed after 3 s")
    page.click("#job [aria-label=Dismiss]")
    sync_api.expect(page.locator("#job")).to_have_text("")
