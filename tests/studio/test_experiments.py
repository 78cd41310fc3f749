"""Handlers of the Experiments view: lists, previews, saves, faults by field, the plan of a run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from studio_project import asked, copy

from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routes import experiments
from merflow.studio.routing import Conflict, Missing

ENTRY = {"network": "cnn3d", "preparation": "grey32", "collection": "composite", "factors": [1]}
COMMENT = "# which factors: x10 was chosen before any run\n"


@pytest.fixture
def studio(built, tmp_path):
    folder = copy(built, tmp_path / "project")
    config = folder / "config/config.yaml"
    text = config.read_text().replace("experiments:\n", f"{COMMENT}experiments: # two\n")
    config.write_text(text)
    opened = Studio(Project(folder, config))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def opened(built):
    return Studio(Project(built, built / "config/config.yaml"))


def body(name, values, was=None, section="experiments", **more):
    return {"section": section, "name": name, "was": was, "values": values, **more}


def preview(studio, *words, **more):
    return experiments.preview_entry(studio, asked("/"), body(*words, **more))


def save(studio, *words, **more):
    before = experiments.list_entries(studio, asked("/"))["version"]
    return experiments.save_entry(studio, asked("/"), body(*words, **{"before": before, **more}))


def faults(studio, name="mine", values=ENTRY, **more):
    found = preview(studio, name, values, **more)["faults"]
    return {one["path"]: one["text"] for one in found}


def config(studio):
    return studio.project.config.read_text()


def test_entries_are_listed_with_their_runs(opened):
    found = experiments.list_entries(opened, asked("/"))
    assert list(found["experiments"]) == ["quick", "svm"]
    (run,) = found["runs"]["svm"]
    assert run["scored"] and run["final"] and run["folds"] == 6
    assert found["names"]["preparations"] == ["grey32"] and "three" in found["names"]["schemes"]


@pytest.mark.parametrize("section", ["experiments", "preparations"])
def test_a_form_has_every_setting_once_with_description_and_default(opened, section):
    request = asked("/", section=section)
    found = experiments.list_fields(opened, request)["fields"]
    names = [field["path"] for field in found]
    assert len(names) == len(set(names)) and all(field["about"] for field in found)
    kinds = {field["path"]: field for field in found}
    if section == "experiments":
        assert kinds["training.epochs"] | {"about": ""} == {
            "path": "training.epochs", "title": "Epochs", "about": "", "unit": "", "default": 20,
            "required": False, "basic": True, "when": {"method": ["keras"]}, "group": "Training",
            "kind": "integer", "empty": False, "min": 1, "max": None,
        }  # fmt: skip
        assert kinds["preparation"]["required"] and kinds["control"]["options"][1] == "frozen"
    else:
        assert kinds["crop.working_size"]["unit"] == "px"
        assert kinds["flow.size"]["when"] == {"kind": ["flow"]}


def test_networks_have_their_settings(opened):
    found = experiments.list_fields(opened, asked("/", section="experiments"))["networks"]
    settings = {one["name"]: one for one in found}["dual_branch_gru"]["settings"]
    assert settings[0]["options"] == ["none", "cbam", "difference"]
    assert settings[0]["default"] == "difference"


def test_a_preview_shows_the_lines_of_the_file_and_writes_nothing(studio):
    text = config(studio)
    found = preview(studio, "quick", {**ENTRY, "factors": [1, 25]}, "quick")
    marks = [(row["mark"], row["text"].strip()) for row in found["lines"] if row["mark"]]
    assert ("new", "- 25") in marks and ("gone", "- 10") in marks and ("gap", "") in marks
    assert found["faults"] == [] and found["changed"] and config(studio) == text


def test_an_entry_is_saved_and_comments_stay(studio):
    save(studio, "mine", {**ENTRY, "label": "My: run", "training": {"epochs": 2}})
    assert COMMENT in config(studio) and "experiments: # two" in config(studio)
    entry = studio.project.settings().experiments["mine"]
    assert (entry.label, entry.training.epochs, entry.factors) == ("My: run", 2, ("x1",))


def test_a_renamed_preparation_keeps_those_that_use_it(studio):
    values = experiments.list_entries(studio, asked("/"))["preparations"]["grey32"]
    found = preview(studio, "small", values, "grey32", section="preparations")
    assert found["others"] == ["experiment quick", "experiment svm"]
    save(studio, "small", values, "grey32", section="preparations")
    settings = load(studio.project.config)
    assert list(settings.preparations) == ["small"]
    assert {entry.preparation for entry in settings.experiments.values()} == {"small"}


def test_what_is_used_is_not_removed(studio):
    for section, name in (("preparations", "grey32"), ("collections", "composite")):
        with pytest.raises(MerflowError, match="is used by experiment quick, experiment svm"):
            save(studio, None, None, name, section=section)
    save(studio, None, None, "svm")
    assert list(studio.project.settings().experiments) == ["quick"]
    assert (studio.project.root / "results/runs/svm").is_dir()


def test_a_page_that_is_out_of_date_saves_nothing(studio):
    before = experiments.list_entries(studio, asked("/"))["version"]
    save(studio, "mine", ENTRY)
    text = config(studio)
    with pytest.raises(Conflict, match="changed elsewhere"):
        save(studio, "other", ENTRY, before=before)
    assert config(studio) == text


def test_one_of_several_simultaneous_saves_succeeds(studio):
    before = experiments.list_entries(studio, asked("/"))["version"]
    together = threading.Barrier(4)

    def one(number):
        together.wait()
        try:
            save(studio, f"mine{number}", ENTRY, before=before)
        except Conflict:
            return None
        return f"mine{number}"

    with ThreadPoolExecutor(4) as pool:
        made = [name for name in pool.map(one, range(4)) if name]
    assert len(made) == 1
    assert list(studio.project.settings().experiments) == ["quick", "svm", *made]


def test_another_machine_sets_no_program_and_no_file_outside_of_the_project(built, tmp_path):
    folder = copy(built, tmp_path / "project")
    remote = Studio(Project(folder, folder / "config/config.yaml"), remote=True)
    program = ENTRY | {"method": "command", "command": "python3 -c 1", "sandbox": "off"}
    text = config(remote)
    for change in (program, ENTRY | {"grid": {"method": ["command"], "command": ["sh"]}}):
        with pytest.raises(MerflowError, match="another machine|cannot be part"):
            save(remote, "mine", change)
    for place in ("/etc/passwd", "../folds.csv", "config/../../folds.csv"):
        with pytest.raises(MerflowError, match="folds_file"):
            save(remote, "mine", ENTRY | {"protocol": "file", "folds_file": place})
    assert config(remote) == text
    save(remote, "given", ENTRY | {"protocol": "file", "folds_file": "config/folds.csv"})
    save(remote, "mine", ENTRY)
    assert config(remote) != text and "mine" in config(remote)
    remote.close()


@pytest.mark.parametrize(
    ("change", "path", "text"),
    [
        ({"training": {"epochs": 0}}, "training.epochs", "greater than or equal to 1"),
        ({"training": {"epochs": "many"}}, "training.epochs", "valid integer"),
        ({"preparation": "grey3"}, "preparation", "did you mean 'grey32'?"),
        ({"collection": "composit"}, "collection", "did you mean 'composite'?"),
        ({"network": "cnn3"}, "network", "did you mean 'cnn3d'?"),
        ({"scheme": "tree"}, "scheme", "did you mean 'three'?"),
        ({"factors": []}, "factors", "1 or more"),
        ({"factors": ["x"]}, "factors", "a number above 0"),
        ({"factors": [1, 1]}, "factors", "listed twice"),
        ({"netwrok": "x"}, "netwrok", "did you mean 'network'?"),
        ({"network_settings": {"dropuot": 1}}, "network_settings", "did you mean 'dropout'?"),
        ({"folds": 7}, "folds", "no effect under protocol composite"),
        ({"method": "lbptop_svm", "training": {"loss": "focal"}}, "training.loss", "no effect"),
        ({"protocol": "file"}, "folds_file", "neither alone"),
        ({"method": "command"}, "command", "program"),
        ({"label": "x" * 61}, "label", "60"),
    ],
)
def test_a_fault_names_its_field(opened, change, path, text):
    found = faults(opened, values=ENTRY | change)
    ((where, fault),) = found.items()
    assert where.removesuffix(".0") == f"experiments.mine.{path}" and text in fault, found


@pytest.mark.parametrize(("name", "text"), [("", "empty"), ("svm", "exists already")])
def test_a_preview_names_what_is_wrong_with_a_name(opened, name, text):
    assert text in faults(opened, name)["name"]


@pytest.mark.parametrize("name", ["my exp", "smile!"])
def test_a_name_that_cannot_be_used_is_explained_at_the_name(opened, name):
    assert faults(opened, name) == {
        f"experiments.{name}": f"found {name!r}; letters, digits and _ . + - = only, "
        "a letter or digit first"
    }


def test_a_fault_of_a_section_names_its_field(opened):
    values = {"magnify": {"band_hz": [3, 1]}, "crop": {"region": "brow"}}
    found = faults(opened, "new", values, section="preparations")
    assert "the lower first" in found["preparations.new.magnify.band_hz"]
    assert "did you mean 'brows'?" in found["preparations.new.crop.region"]


def test_an_invalid_entry_is_not_saved(studio):
    text = config(studio)
    for change in ({"training": {"epochs": 0}}, {"network": "cnn3"}):
        with pytest.raises(MerflowError, match="experiments.mine"):
            save(studio, "mine", ENTRY | change)
    assert config(studio) == text


def test_an_old_fault_elsewhere_does_not_stop_a_save(studio):
    path = studio.project.config
    path.write_text(config(studio).replace("network: cnn3d", "network: gone"))
    save(studio, "mine", ENTRY)
    assert "unknown network 'gone'" in experiments.list_entries(studio, asked("/"))["error"]
    with pytest.raises(MerflowError, match="cnn3"):
        save(studio, "other", ENTRY | {"network": "cnn3"})
    save(studio, "quick", ENTRY, "quick")
    assert experiments.list_entries(studio, asked("/"))["error"] == ""


def test_faults_of_the_schema_elsewhere_do_not_stop_a_save(studio):
    bad = "".join(
        f"  {name}: {{network: cnn3d, preparation: grey32, collection: composite, factors: [1],\n"
        "    training: {epochs: -1}}\n"
        for name in ("bad", "worse")
    )
    path = studio.project.config
    path.write_text(config(studio).replace("experiments: # two\n", f"experiments: # two\n{bad}"))
    save(studio, "mine", ENTRY)
    with pytest.raises(MerflowError, match=r"experiments\.other\.training\.epochs"):
        save(studio, "other", ENTRY | {"training": {"epochs": 0}})
    with pytest.raises(MerflowError, match="cnn3"):
        save(studio, "other", ENTRY | {"network": "cnn3"})
    for name in ("bad", "worse"):
        assert f"{name}.training.epochs" in experiments.list_entries(studio, asked("/"))["error"]
        save(studio, name, ENTRY, name)
    assert experiments.list_entries(studio, asked("/"))["error"] == ""


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "a: {b: 1}", "x\ny: 1", "", " ", "quick", "CON", 3, ["a"]]
)
def test_a_name_that_is_no_name_is_refused(studio, name):
    text = config(studio)
    with pytest.raises(MerflowError):
        save(studio, name, ENTRY)
    assert config(studio) == text


def test_a_value_that_the_local_config_replaces_is_refused(studio):
    local = studio.project.root / "config/local.yaml"
    local.write_text("experiments: {quick: {factors: [5]}}\n")
    with pytest.raises(MerflowError, match=r"config/local\.yaml"):
        save(studio, "quick", {**ENTRY, "factors": [1, 25]}, "quick")


def test_a_collection_of_unknown_datasets_is_refused(opened):
    found = faults(opened, "two", ["smic", "cas"], section="collections")
    assert "unknown dataset 'cas'" in found["collections.two"]


def test_a_plan_counts_what_is_ready_and_what_is_new(built, opened, monkeypatch):
    monkeypatch.chdir(built)
    found = experiments.plan_experiment(opened, asked("/", name="quick"))
    steps = {row["step"]: (row["total"], row["new"]) for row in found["steps"]}
    assert steps["align"] == (6, 6) and steps["train"] == (12, 12) and found["runs"] == 2
    assert 0 < found["seconds"][0] < found["seconds"][1] < 600
    with pytest.raises(Missing):
        experiments.plan_experiment(opened, asked("/", name="nobody"))
