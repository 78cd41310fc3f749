"""What is redone after a change, read from the job lists of dry runs: that, and nothing else."""

import shutil

import openpyxl

TABLES = {"table": 1, "report": 1, "manifest": 1}
FACTORS = 2
SUBJECTS = 6


def after_pack(folds: int) -> dict[str, int]:
    """Return the jobs from the packs on; folds: of one factor."""
    return {"pack": FACTORS, "split": 1, "train": FACTORS * folds, "score": FACTORS, "skipped": 1}


def test_adding_a_subject_runs_its_own_stages_then_packs_folds_and_tables(project):
    project.draw(subjects=3)
    new = 3  # one subject in each dataset
    expected = {"align": new, "crop": new, "magnify": new, "interpolate": new * FACTORS}
    assert project.jobs() == expected | after_pack(SUBJECTS + new) | TABLES


def test_removing_a_subject_runs_no_stage(project):
    project.draw(subjects=1)
    assert project.jobs() == after_pack(SUBJECTS // 2) | TABLES
    stale = project.merflow("clean", "--stale", "--config", "config.yaml")
    assert "results/aligned/smic/s03.h5" in stale.stdout, stale.stdout + stale.stderr
    project.config["experiments"]["quick"]["factors"] = [1]
    project.run("results/report.html")
    assert "s03" not in project.text("results/runs/quick/x1/seed0/pooled.csv")
    assert "clips of 3 subjects" in project.text("results/methods.md")


def test_changing_a_training_setting_trains_again_and_nothing_before(project):
    project.config["experiments"]["quick"]["training"]["epochs"] = 5
    assert project.jobs() == {"train": FACTORS * SUBJECTS, "score": FACTORS} | TABLES


def test_another_number_of_folds_per_job_plans_nothing(project):
    for size in (1, 4, 100):
        project.config["folds_per_job"] = size
        assert project.jobs() == {}


def test_changing_the_working_size_runs_from_crop(project):
    project.config["preparations"]["grey32"]["crop"]["working_size"] = 64
    expected = {"crop": SUBJECTS, "magnify": SUBJECTS, "interpolate": SUBJECTS * FACTORS}
    found = project.jobs()
    assert "align" not in found and "split" not in found
    assert {k: found[k] for k in expected} == expected


def test_adding_a_factor_runs_that_factor_only(project):
    project.config["experiments"]["quick"]["factors"].append(25)
    one = {"magnify": SUBJECTS, "interpolate": SUBJECTS, "pack": 1, "score": 1}
    assert project.jobs() == one | {"skipped": 1, "train": SUBJECTS} | TABLES


def test_adding_an_experiment_runs_that_experiment_only(project):
    quick = project.config["experiments"]["quick"]
    project.config["experiments"]["other"] = {**quick, "training": {"epochs": 2}}
    one = {"split": 1, "train": FACTORS * SUBJECTS, "score": FACTORS}
    assert project.jobs() == one | TABLES


def relabel(project, emotion="disgust", to="surprise"):
    path = next(project.path("faces/casme2").glob("*.xlsx"))
    book = openpyxl.load_workbook(path)
    cells = [c for row in book.active.iter_rows() for c in row if c.value == emotion]
    cells[0].value = to
    book.save(path)


def test_relabelling_splits_trains_and_scores_and_touches_no_frame(project):
    """The fold that tests the clip's subject does not see its label, and is kept."""
    relabel(project)
    trained = FACTORS * (SUBJECTS - 1)
    assert project.jobs() == {"split": 1, "train": trained, "score": FACTORS} | TABLES


def test_a_new_frame_redoes_its_subject_only(project):
    clip = next(p for p in project.path("faces/smic").rglob("micro/*/s1_*") if p.is_dir())
    frames = sorted(clip.iterdir())
    (clip / frames[-1].name).unlink()
    found = project.jobs()
    assert found["align"] == 1 and found["crop"] == 1 and found["interpolate"] == FACTORS, found


def test_a_touched_sheet_reruns_nothing(project):
    next(project.path("faces/casme2").glob("*.xlsx")).touch()
    assert project.jobs() == {}


def test_a_raised_stage_version_runs_that_stage_and_what_follows(project, monkeypatch):
    from merflow.config import fingerprints
    from merflow.config.loading import load

    settings = load(project.write_config())
    before = fingerprints.of_stage(settings, "interpolate", "grey32", "x10")
    monkeypatch.setitem(fingerprints.STAGE_VERSION, "magnify", 99)
    after = fingerprints.of_stage(settings, "interpolate", "grey32", "x10")
    assert before["crop"] == after["crop"] and before["magnify"] != after["magnify"]


def test_a_missing_file_in_the_middle_does_not_hide_a_changed_setting(project):
    """The job of a changed setting failed once and took its old output with it."""
    project.config["preparations"]["grey32"]["crop"]["margin"] = 0.2
    for path in project.path("results/grey32/cropped").rglob("*.h5"):
        path.unlink()
    assert project.jobs()["crop"] == SUBJECTS


def test_a_run_that_was_deleted_is_made_again_whole(project):
    """Tables are there, so a workflow would call the run's own files done with."""
    shutil.rmtree(project.path("results/runs/quick/x10"))
    assert project.jobs() == {"train": SUBJECTS, "score": 1} | TABLES
