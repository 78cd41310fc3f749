"""An error ends the run with one message and an exit code, and loses no file."""

import shutil
import subprocess

import cv2
import numpy as np
import openpyxl
import pytest


def fails(project, *says, words=()):
    """Run the workflow; it must fail with these words and no traceback."""
    done = project.snakemake(*words)
    assert done.returncode != 0, done.stdout
    for text in says:
        assert text in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def kept(project) -> dict[str, bytes]:
    paths = project.path("results").rglob("*.h5")
    return {str(p): p.read_bytes() for p in paths}


def test_a_missing_dataset_root_is_named(fresh):
    shutil.rmtree(fresh.path("faces/samm"))
    fails(fresh, "faces/samm", "samm")


def test_a_wrong_key_ends_in_one_message(fresh):
    fresh.config["experiments"]["quick"]["epocs"] = 3
    out = fails(fresh, "experiments.quick.epocs", "unknown key")
    assert len(out) < 2000


def test_an_unknown_network_offers_the_nearest(fresh):
    fresh.config["experiments"]["quick"]["network"] = "cnn3"
    fails(fresh, "unknown network 'cnn3'", "did you mean 'cnn3d'?")


def test_an_unknown_factor_is_named(fresh):
    fresh.config["experiments"]["quick"]["factors"] = ["ten"]
    fails(fresh, "'ten'", "10 or x10")


def test_a_sheet_without_a_column_names_sheet_and_column(fresh):
    path = next(fresh.path("faces/casme2").glob("*.xlsx"))
    book = openpyxl.load_workbook(path)
    cell = next(c for c in book.active[1] if c.value == "OnsetFrame")
    cell.value = "Begin"
    book.save(path)
    fails(fresh, path.name, "OnsetFrame")


PREPARED = "results/skipped.csv"
"""The last file before training; these tests need no more."""


def a_clip(project, dataset="smic", pattern="s1_*"):
    return sorted(p for p in project.path(f"faces/{dataset}").rglob(pattern) if p.is_dir())[0]


def test_a_frame_that_cannot_be_decoded_skips_its_clip_and_the_run_goes_on(project):
    frame = sorted(a_clip(project).iterdir())[1]
    frame.write_bytes(b"not a picture")
    project.config["max_skipped"] = 0.1
    project.run(PREPARED)
    assert frame.name in project.text("results/skipped.csv")
    assert a_clip(project).name.split("_", 1)[1] in project.text("results/skipped.csv")


def test_a_clip_without_a_folder_is_named_and_too_many_stop_the_run(project):
    before = kept(project)
    clip = a_clip(project, "casme2", "EP*")
    shutil.rmtree(clip)
    project.config["max_skipped"] = 0.01
    fails(project, "1 of", "skipped", "max_skipped", clip.name, words=[PREPARED])
    lost = [p for p in before if "/samm/" in p and "/aligned/" in p]
    assert all(kept(project)[p] == before[p] for p in lost)


def test_a_video_with_no_face_is_skipped_with_the_reason(project):
    for path in sorted(a_clip(project).iterdir()):
        cv2.imwrite(str(path), np.full((240, 320, 3), 90, np.uint8))
    project.config["max_skipped"] = 0.1
    project.run(PREPARED)
    assert "no face" in project.text("results/skipped.csv")


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_leaves_no_half_file(finished, small_disk):
    source = next(finished.path("results/aligned").rglob("*.h5"))
    words = ("--catalogue", f"results/catalogue/{source.parent.name}.json")
    done = finished.merflow("crop", source, small_disk / "out.h5", *words)
    assert done.returncode == 3, done.stderr
    assert "could not be written" in done.stderr and "Traceback" not in done.stderr
    assert list(small_disk.iterdir()) == []
