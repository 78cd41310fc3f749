"""New projects: every template loads, says what comes next, and overwrites nothing."""

from pathlib import Path

import pytest

from merflow.config.flatten import settings_digest
from merflow.config.loading import load
from merflow.datasets import errata
from merflow.errors import MerflowError
from merflow.shipped import shipped
from merflow.workflow.preflight import check_experiment, check_names
from merflow.workflow.project_template import CONFIG, TEMPLATES, create_project, next_steps

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_config_of_a_template_is_valid_and_commented(tmp_path, template):
    written = create_project(tmp_path, template)
    assert all(path.is_file() for path in written)
    local = tmp_path / "config/local.yaml"
    settings = load(tmp_path / CONFIG, *([local] if local.exists() else []))
    check_names(settings)
    for name in settings.experiments:
        check_experiment(settings, name)
    text = (tmp_path / CONFIG).read_text()
    assert text.count("#") > 10 and max(map(len, text.splitlines())) <= 110
    assert "snakemake" not in text


@pytest.mark.parametrize(("template", "name"), [("demo", "config"), ("megc2019", "megc2019")])
def test_a_template_runs_what_the_config_of_the_source_tree_runs(tmp_path, template, name):
    create_project(tmp_path, template)
    wanted = load(ROOT / f"config/{name}.yaml")
    assert load(tmp_path / CONFIG) == wanted
    assert settings_digest(load(tmp_path / CONFIG)) == settings_digest(wanted)


def test_the_known_errata_hold_in_a_project(tmp_path, monkeypatch):
    create_project(tmp_path / "new", "megc2019")
    monkeypatch.chdir(tmp_path / "new")
    assert errata.load("samm").corrections[("028", "028_4_1")][0].now == "1113"
    Path("config/errata/samm.csv").write_text("subject,clip,field,was,is,source\n")
    assert errata.load("samm") == errata.Errata()
    # A dataset without a file here has the corrections that merflow comes with.
    assert not Path("config/errata/casme3.csv").exists()
    assert errata.load("casme3").corrections
    assert errata.file_of("casme3") == shipped("config/errata/casme3.csv")


def test_the_errata_of_a_project_leave_those_of_other_datasets_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config/errata").mkdir(parents=True)
    Path("config/errata/mine.csv").write_text(
        "subject,clip,field,was,is,source\ns1,c1,apex,3,4,seen\n"
    )
    assert errata.load("mine").corrections and errata.load("casme2").corrections


@pytest.mark.parametrize("inside", [True, False])
def test_the_folder_of_the_clips_stands_in_the_config(tmp_path, inside):
    project = tmp_path / "study"
    clips = (project if inside else tmp_path) / "my clips: 'all' #1"
    clips.mkdir(parents=True)
    create_project(project, "own", clips)
    root = load(project / CONFIG).datasets["mine"].root
    assert (project / root).resolve() == clips and Path(root).is_absolute() != inside


def test_a_project_is_never_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    create_project(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    (tmp_path / CONFIG).write_text("datasets: {}\n")
    with pytest.raises(MerflowError, match="a project already"):
        create_project(tmp_path, "own")
    assert (tmp_path / CONFIG).read_text() == "datasets: {}\n"
    with pytest.raises(MerflowError, match="a file"):
        create_project(tmp_path / "README.md")


@pytest.mark.parametrize(
    ("template", "clips", "says"),
    [
        ("demoo", None, "did you mean 'demo'"),
        ("demo", ".", "takes no folder"),
        ("own", "no", "no such"),
    ],
)
def test_what_makes_no_project_is_refused_and_writes_nothing(tmp_path, template, clips, says):
    with pytest.raises(MerflowError, match=says):
        create_project(tmp_path / "new", template, clips and Path(clips))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_next_steps_are_in_the_readme_too(tmp_path, template):
    create_project(tmp_path, template)
    text = (tmp_path / "README.md").read_text()
    assert all(command in text for command, _ in next_steps(template))
