"""Datasets with labels in file names: a wrong name is reported, others are read."""

import pytest

from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import read_dataset

SMIC = "SMIC_all_raw/HS"
SOUND = {
    "jaffe": ("jaffe/KL.HA1.158.tiff", "jaffe/KA.AN1.39.tiff"),
    "ktfe": ("RGB/R_Happy_7_KTFE.jpg", "RGB/R_Angry_1_KTFE.jpg"),
    "smic": (
        f"{SMIC}/s1/micro/positive/s1_po_01/image000001.bmp",
        f"{SMIC}/s3/micro/negative/s3_ne_01/image061206.bmp",
    ),
}
"""dataset -> a file that stays, and the sound neighbour of every bad name."""

BAD = {
    "jaffe": [
        "XX.AN1.39.tiff",
        "KA.ZZ1.39.tiff",
        "KA.AN.39.tiff",
        "KA.AN1.tiff",
        "KA-AN1-39.tiff",
        "KAAN1.39.tiff",
        "AN1.KA.39.tiff",
        "KA.AN1.1234.tiff",
        "KA.AN1.x.tiff",
        "ＫＡ.AN1.39.tiff",
        "KA.AN１.39.tiff",
        "face.tiff",
    ],
    "ktfe": [
        "R_Hungry_1_KTFE.jpg",
        "R_Angry_x_KTFE.jpg",
        "R_Angry_KTFE.jpg",
        "X_Angry_1_KTFE.jpg",
        "R_Angry_１_KTFE.jpg",
        "face.jpg",
    ],
    "smic": [
        "s3/micro/negative/s4_ne_01",
        "s3/micro/negative/s3_po_01",
        "s3/micro/surprise/s3_ne_01",
        "s3/micro/negative/s3_xx_01",
        "s3/micro/negative/s3_ne_1234",
        "s3/micro/negative/s3-ne-01",
        "s3/micro/negative/ne_01",
        "s3/micro/negative/ｓ3_ne_01",
        "s3/micro/negative/s3_ne_01 (copy)",
        "s3/micro/negative/s3_ne_",
    ],
}
CASES = [(dataset, bad) for dataset, names in BAD.items() for bad in names]


def lay(root, *files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def bad_file(dataset, bad):
    if dataset == "smic":
        return f"{SMIC}/{bad}/image061206.bmp"
    return f"{SOUND[dataset][1].rsplit('/', 1)[0]}/{bad}"


@pytest.mark.parametrize(("dataset", "bad"), CASES)
def test_a_wrong_name_is_reported_and_the_right_one_is_read(tmp_path, dataset, bad):
    entry = DatasetEntry(root=str(tmp_path))
    stays, neighbour = SOUND[dataset]
    lay(tmp_path, stays, bad_file(dataset, bad))
    reading = read_dataset(dataset, entry)
    (problem,) = reading.problems
    assert bad.rsplit("/", 1)[-1] in problem.where and problem.found
    assert problem.fix or problem.severity == "warning"
    assert len(reading.clips) == 1
    lay(tmp_path.joinpath("sound"), stays, neighbour)
    reading = read_dataset(dataset, DatasetEntry(root=str(tmp_path / "sound")))
    assert not reading.problems and len(reading.clips) == 2


@pytest.mark.parametrize("dataset", SOUND)
def test_names_that_differ_by_padding_or_case_are_one_clip_twice(tmp_path, dataset):
    duplicates = {
        "jaffe": "jaffe/ka.an1.039.tiff",
        "ktfe": "RGB/r_angry_1_ktfe.jpg",
        "smic": f"{SMIC}/s3/micro/negative/s03_ne_1/image061206.bmp",
    }
    lay(tmp_path, *SOUND[dataset], duplicates[dataset])
    reading = read_dataset(dataset, DatasetEntry(root=str(tmp_path)))
    (problem,) = reading.errors
    assert "appears twice" in problem.found and problem.fix and len(reading.clips) == 2
