"""The settings that a plan writes for its jobs say what the config says, to the byte."""

import json
from pathlib import Path

import pytest

from merflow import paths
from merflow.config.fingerprints import of_stage
from merflow.config.loading import load, validate
from merflow.config.planned_settings import (
    Planned,
    Section,
    preparation_settings,
    stage_settings,
    stages_text,
)
from merflow.config.settings import Settings
from merflow.errors import MerflowError
from merflow.io import records, scheduled_plan
from merflow.io.files import write_text
from merflow.stage_table import WITH_FILES
from merflow.stages.key_frames import used_by

CONFIGS = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))
BANDS = """
preparations:
  slow: {magnify: {method: linear, band_hz: [0, 8]}, interpolate: {length: 20}}
  wu: {magnify: {method: linear, band_hz: [0.5, 8], lambda_c: 9.5}, difference: onset}
  flow: {kind: flow, select: {frames: windows}}
align: {strategy: first, min_frames: 4}
max_skipped: 0.25
"""


@pytest.fixture
def bands(tmp_path) -> Path:
    path = tmp_path / "bands.yaml"
    path.write_text(BANDS)
    return path


@pytest.mark.parametrize("name", [*(path.name for path in CONFIGS), "bands"])
def test_the_recipes_are_the_same_to_the_byte(name, bands):
    settings = load(bands if name == "bands" else CONFIGS[0].parent / name)
    planned = Planned(json.loads(stages_text(settings)))
    assert [*planned.preparations] == [*settings.preparations] != []
    for preparation in settings.preparations:
        chosen = planned.preparations[preparation]
        for stage in (one.name for one in WITH_FILES):
            for factor in ("x1", "x10"):
                asked = (stage, preparation, factor)
                found, wanted = of_stage(planned, *asked), of_stage(settings, *asked)
                assert json.dumps(found) == json.dumps(wanted)
            assert used_by(stage, chosen) == used_by(stage, settings.preparations[preparation])


def differing(found: object, wanted: object) -> list[str]:
    """Return the settings that differ, in value or in type."""
    wrong = []
    for key in type(wanted).model_fields:
        one, other = getattr(found, key), getattr(wanted, key)
        if isinstance(one, Section):
            wrong += [f"{key}.{inner}" for inner in differing(one, other)]
        elif one != other or type(one) is not type(other):
            wrong.append(key)
    return wrong


def test_every_value_is_the_same_and_cannot_be_set(bands):
    settings = validate(load(bands).model_dump(mode="json"))  # as results/config.yaml holds them
    planned = Planned(json.loads(stages_text(settings)))
    assert planned.max_skipped == 0.25
    assert differing(planned.align, settings.align) == []
    for name, wanted in settings.preparations.items():
        assert differing(planned.preparations[name], wanted) == []
    with pytest.raises(AttributeError, match="frozen"):
        planned.align.points = 68


@pytest.fixture
def scheduled(bands, tmp_path, monkeypatch):
    """Return the settings of a plan in results/, seen from a job of its run."""
    monkeypatch.chdir(tmp_path)
    settings = load(bands)
    with records.job("plan", paths.CONFIG) as job:
        write_text(paths.CONFIG, BANDS)
        write_text(paths.STAGES, stages_text(settings))
        job.done({"plan": "1"}, [paths.CONFIG, paths.STAGES])
    monkeypatch.setenv(scheduled_plan.VARIABLE, "1")
    return settings


CONFIG = Path(paths.CONFIG)


def test_a_job_of_a_run_reads_what_its_plan_wrote(scheduled):
    found, name = preparation_settings(CONFIG, "wu", "magnify", method=None)
    assert (type(found), name) == (Planned, "wu")
    assert type(stage_settings(CONFIG.absolute())) is Planned


def test_everything_else_reads_the_config(scheduled, bands, monkeypatch):
    assert type(stage_settings(bands)) is type(stage_settings(None)) is Settings
    found, name = preparation_settings(CONFIG, "flow", "magnify", method="linear")
    assert type(found) is Settings and found.preparations[name].magnify.method == "linear"
    with pytest.raises(MerflowError, match="did you mean 'slow'"):
        preparation_settings(CONFIG, "slwo")
    monkeypatch.delenv(scheduled_plan.VARIABLE)
    assert type(stage_settings(CONFIG)) is Settings


@pytest.mark.parametrize("path", [paths.CONFIG, paths.STAGES])
def test_a_plan_that_was_changed_is_refused(scheduled, path):
    assert scheduled_plan.current() == "1"
    Path(path).write_text(Path(path).read_text() + "\n")
    with pytest.raises(MerflowError, match="changed since `merflow plan` wrote it"):
        stage_settings(CONFIG)
    assert scheduled_plan.current() == ""
