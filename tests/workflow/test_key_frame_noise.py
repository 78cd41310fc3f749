"""Moved key frames as a property of an experiment: only predictions run again, 0 is the main row."""

import csv
from pathlib import Path

FACTORS = ("x1", "x10")
TABLES = {"table": 1, "report": 1, "manifest": 1}
NOISE = {"test": [0, 8], "apex": "unknown", "training": [4]}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def test_asking_for_noise_trains_no_fold_again(project):
    project.config["experiments"]["quick"]["key_frame_noise"] = [0, 1, 2]
    assert project.jobs() == {"jitter": len(FACTORS)} | TABLES
    project.config["experiments"]["quick"]["key_frame_noise"] = NOISE
    assert project.jobs() == {"jitter": 2 * len(FACTORS)} | TABLES


def test_unmoved_clips_give_the_main_row_byte_for_byte_and_others_stand_beside_it(project):
    entry = project.config["experiments"]["quick"]
    entry |= {"key_frame_noise": NOISE, "factors": [10]}
    project.run()
    run = project.folder / "results/runs/quick/x10/seed0"
    jitter = project.folder / "results/jitter/quick/x10/seed0"
    assert (jitter / "training0/pooled_0.csv").read_bytes() == (run / "pooled.csv").read_bytes()
    moved = (jitter / "training0/pooled_8.csv").read_bytes()
    assert moved != (run / "pooled.csv").read_bytes()
    noisy = (jitter / "training4/pooled_0.csv").read_bytes()
    assert noisy != (run / "pooled.csv").read_bytes()
    found = rows(project.folder / "results/tables/key_frame_noise.csv")
    full = [row for row in found if row["part"] == "full"]
    variants = [(r["training_noise"], r["key_frame_noise"], r["apex"]) for r in full]
    assert variants == [
        (training, *variant)
        for training in "04"
        for variant in (("0", "annotated"), ("8", "annotated"), ("0", "unknown"))
    ]
    main = {row["part"]: row for row in rows(run / "scores.csv")}
    for row in found:
        if (row["training_noise"], row["key_frame_noise"], row["apex"]) == ("0", "0", "annotated"):
            same = main[row["part"]]
            assert {name: row[name] for name in same if name in row} == {
                name: cell for name, cell in same.items() if name in row
            }
            assert (row["moved"], row["no_earlier"], row["apex_clipped"]) == ("0", "0", "0")
    eight = next(row for row in full if row["key_frame_noise"] == "8")
    assert 0 < float(eight["moved"]) <= 8 and int(eight["no_earlier"]) > 0
    assert "Moved key frames" in project.text("results/tables/scores.txt")
    assert "Moved key frames" in project.text("results/report.html")
    assert project.jobs() == {}


def test_other_distances_make_the_noise_again_and_nothing_else(project):
    entry = project.config["experiments"]["quick"]
    entry |= {"key_frame_noise": [2], "factors": [1]}
    project.run()
    entry["key_frame_noise"] = [2, 3]
    assert project.jobs() == {"jitter": 1} | TABLES
