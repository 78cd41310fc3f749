"""merflow used from elsewhere: as a module, from another folder, from a source nobody can write."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from package_check import copy_sources
from project import ROOT, job_counts

from merflow.commands.demo import demo

CHAIN = "results/grey32/interpolated/x10/smic/s01.h5"
OUTER = """
configfile: "config.yaml"

module merflow:
    snakefile: {snakefile!r}
    config: config["mer"]
    {more}

use rule * from merflow as mer_*

rule first_line:
    default_target: True
    input: rules.mer_table.output[0]
    output: "first line.txt"
    shell: "head -1 {{input:q}} > {{output:q}}"
"""


def snakemake(*words, where, **more):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *map(str, words)],
        cwd=where,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )
    return done


@pytest.fixture
def outer(fresh):
    """Return a project whose own workflow takes merflow as a module, with a config of its own."""

    def write(more=""):
        snakefile = str(ROOT / "workflow/Snakefile")
        fresh.path("Snakefile").write_text(OUTER.format(snakefile=snakefile, more=more))
        mine = {"mer": fresh.config, "experiments": "a key of the outer workflow"}
        fresh.path("config.yaml").write_text(yaml.safe_dump(mine))
        return fresh.folder

    return write


def test_another_workflow_takes_merflow_as_a_module(outer):
    folder = outer()
    found = job_counts(snakemake("-n", "--quiet", "rules", where=folder).stdout)
    assert found["mer_align"] == 6 and found["mer_magnify"] == 6 and found["mer_interpolate"] == 12
    assert found["mer_train"] == 12 and found["mer_table"] == 1 and found["first_line"] == 1
    done = snakemake(CHAIN, where=folder)
    assert done.returncode == 0, done.stdout
    assert (folder / CHAIN).stat().st_size > 10_000
    again = snakemake(CHAIN, where=folder)
    assert "Nothing to be done" in again.stdout


def test_a_prefix_that_could_not_hold_is_refused(outer):
    done = snakemake("-n", where=outer("prefix: 'mer'"))
    assert done.returncode != 0 and "`prefix:` cannot move them" in done.stdout


@pytest.fixture
def source(tmp_path):
    """Return a copy of the source tree that cannot be written to, in a path with a space."""
    names = ("Snakefile", "workflow", "profiles", "config", "envs", "src")
    copy, mounted = tmp_path / "to be mounted", tmp_path / "read only"
    for name in names:
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy.mkdir(exist_ok=True)
        take(ROOT / name, copy / name)
    mounted.mkdir()
    mount = ["mount", "--bind", "-o", "ro", copy, mounted]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting read-only needs root")
    subprocess.run(["mount", "-o", "remount,ro,bind", mounted], check=True)
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def test_a_read_only_source_another_folder_and_a_config_elsewhere(fresh, source, tmp_path):
    with pytest.raises(OSError):
        (source / "new").write_text("")
    config = tmp_path / "a config elsewhere.yaml"
    config.write_text(yaml.safe_dump(fresh.config))
    words = ["--snakefile", source / "Snakefile", "--configfile", config.name]
    words += ["--directory", fresh.folder, CHAIN]
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    done = snakemake(*words, where=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout
    assert fresh.path(CHAIN).exists()
    assert not (tmp_path / "results").exists() and not (tmp_path / ".snakemake").exists()


def test_the_catalogue_of_workflows_finds_what_it_looks_for():
    """What its standardized usage asks of a repository."""
    card = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert {*card} == {"usage"} and card["usage"]["report"] is True
    assert card["usage"]["software-stack-deployment"]["conda"] is True
    assert {*card["usage"]["mandatory-flags"]} == {"desc", "flags"}
    for name in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "LICENSE"):
        assert (ROOT / name).stat().st_size > 0
    assert {path.suffix for path in (ROOT / "workflow/rules").iterdir()} == {".smk"}
    assert {"snakemake", "workflow"} <= {
        *re.findall(r"\w+", (ROOT / "README.md").read_text().lower())
    }


def test_a_clone_passes_the_catalogues_lint_and_format(tmp_path):
    """As the catalogue calls both: in a clone, without any option. The plan needs datasets."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    clone = copy_sources(tmp_path / "clone")
    demo(clone / "data/demo", annotations_only=True)
    environment = {**os.environ, "PYTHONPATH": str(clone / "src")}
    call = {"cwd": clone, "env": environment, "capture_output": True, "text": True}
    lint = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], **call)
    assert lint.returncode == 0 and "good condition" in lint.stdout + lint.stderr, lint.stderr
    files = [clone / "workflow/Snakefile", *(clone / "workflow/rules").glob("*.smk")]
    planned = [sys.executable, "-m", "snakemake", "-n", "-q", "rules", "-s", str(files[0])]
    assert job_counts(subprocess.run(planned, **call).stdout)["report"] == 1
    done = subprocess.run([sys.executable, "-m", "snakefmt", "--check", *files], **call)
    assert done.returncode == 0, done.stderr


def test_the_slurm_profile_is_found_from_any_folder_and_caps_no_gpu(drawn):
    """What the cluster then does with it is tried on a real one: tests/slurm."""
    words = ["no such file", "--workflow-profile", "slurm", "--snakefile", ROOT / "Snakefile"]
    words += ["--configfile", drawn.write_config()]
    said = snakemake(*words, where=drawn.folder).stdout
    assert f"profile {ROOT}/profiles/slurm" in said and "No rule to produce no such file" in said
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    assert profile["executor"] == "slurm" and profile["retries"] >= 1
    assert "resources" not in profile and profile["latency-wait"] >= 30
