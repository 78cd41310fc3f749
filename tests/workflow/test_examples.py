"""The worked examples of config/ have a DAG over datasets of their published size."""

import subprocess
import sys
from pathlib import Path

import loaded_snakemake
import pytest
import yaml
from project import ROOT, job_counts

from merflow.config.loading import load
from merflow.models.layers.resnet3d import CONFIGURATIONS

HERE = Path(__file__).parent
SYSTEM_A = {
    "NewBaseline_NoSpatialAttention_NoChanAttn_NoSpatialMasks": "baseline",
    "Dropout0.2_SpatialAttention_SpatialMasks": "drop0.2+SA+mask",
    "Dropout0.3_SpatialAttention_SpatialMasks": "drop0.3+SA+mask",
    "Dropout0.3_NoSpatialAttention_ChanAttn_SpatialMasks": "drop0.3+CA+mask",
    "Dropout0.2_SpatialAttention_ChanAttn_SpatialMasks": "drop0.2+SA+CA+mask",
    "Dropout0.3_SpatialAttention_ChanAttn_SpatialMasks": "drop0.3+SA+CA+mask",
}
"""The names in system A's released code after `R3D_` and `R2Plus1D_`: its configurations."""


@pytest.fixture
def dry_run(full_size_datasets, tmp_path):
    """Return a function that dry-runs a shipped config on the full-size look-alikes."""

    def run(name, *command, local=None):
        known = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())["datasets"]
        roots = {"datasets": {d: {"root": str(full_size_datasets / d)} for d in known}}
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config/local.yaml").write_text(yaml.safe_dump(local or roots))
        words = ["--dry-run", "--quiet", "rules", "--snakefile", str(ROOT / "Snakefile")]
        words += ["--configfile", str(ROOT / f"config/{name}.yaml")]
        if not command:
            done = loaded_snakemake.dry_run(words, tmp_path)
            return done.returncode, done.stdout
        done = subprocess.run(
            [sys.executable, *map(str, command), *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    return run


def test_the_composite_refuses_clips_that_are_not_the_official_ones(dry_run):
    code, text = dry_run("megc2019")
    assert code != 0
    assert "scheme megc2019: these 442 clips are not the official composite" in text
    assert "casme2/sub01: the ids or classes of its 3 clips differ" in text
    assert "smic/" not in text.split("expected:")[0], "SMIC's ids follow a rule: all are official"


def test_the_composite_is_68_folds_of_442_clips(dry_run, full_size_datasets):
    code, text = dry_run("megc2019", HERE / "as_official.py", full_size_datasets)
    assert code == 0, text
    found = job_counts(text)
    # lbptop x1, flow x1 x10, video x1 x10 x25 x50, permuted x10.
    assert found["train"] == 68 * (1 + 2 + 4 + 1)
    assert found["split"] == 4 and found["align"] == 16 + 26 + 29
    assert found["magnify"] == 2 * found["align"], "x10 x25 x50 together; x10 of the flow"
    assert found["crop"] == found["align"], "the frames are read once for all preparations"


def test_one_dataset_predicts_the_other(dry_run):
    code, text = dry_run("cross")
    assert code == 0, text
    found = job_counts(text)
    assert found["align"] == 26 + 29 and found["split"] == 2
    assert found["train"] == 2 * 2 * 3, "directions x factors x seeds"


def test_four_datasets_are_pooled(dry_run):
    code, text = dry_run("four_sets")
    assert code == 0, text
    found = job_counts(text)
    assert found["align"] == 26 + 29 + 14 + 94 and found["score"] == 4
    # 28 + 24 + 12 + 94 subjects have a clip that counts: 158 folds.
    assert found["train"] == 4 * 158


def test_system_a_has_its_twelve_configurations_by_name(dry_run):
    settings = load(ROOT / "config/system_a.yaml")
    expected = {
        f"{front}_{name}": (network, CONFIGURATIONS[configuration])
        for front, network in (("R3D", "r3d18"), ("R2Plus1D", "r2plus1d18"))
        for name, configuration in SYSTEM_A.items()
    }
    found = {n: (e.network, e.network_settings) for n, e in settings.experiments.items()}
    assert found == expected
    for entry in settings.experiments.values():
        masked = settings.preparations[entry.preparation].crop.hull_mask
        assert masked == entry.network_settings.get("outline_mask", False)
        assert entry.training.class_weights == (0.7, 1.3, 1.1)
    code, text = dry_run("system_a")
    assert code == 0, text
    found = job_counts(text)
    # 26 + 29 subjects; 24 and 28 of them have a clip that counts: 52 folds.
    assert found["align"] == 26 + 29 and found["score"] == 12 and found["train"] == 52 * 12
    assert found["pack"] == 2, "with the outline mask and without"
