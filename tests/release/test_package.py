"""The built package, installed where nothing of the source tree is, does what the README says.

Its dependencies are those of this environment; `make wheel-check` installs them from the index.
"""

import sysconfig
import tarfile
from pathlib import Path
from zipfile import ZipFile

import package_check
import pytest
import yaml

from merflow import __version__

CONFIG = {
    "datasets": {"casme2": {"root": "data/casme2"}},
    "collections": {"one": ["casme2"]},
    "preparations": {"grey32": {"interpolate": {"length": 6, "size": 32}}},
    "experiments": {
        "svm": {
            "method": "lbptop_svm",
            "preparation": "grey32",
            "collection": "one",
            "factors": [1],
            "training": {"svm": {"blocks": 2, "radii": [1, 1, 2]}},
        }
    },
    "bootstrap": 100,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    if not (package_check.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return package_check.copy_sources(tmp_path_factory.mktemp("source tree"))


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    """Return the wheel, made from the source archive, and the archive."""
    options = ("--no-build-isolation", "--offline")
    return package_check.build(source, tmp_path_factory.mktemp("dist"), *options)


@pytest.fixture(scope="module")
def python(built, tmp_path_factory):
    """Return the Python of a clean environment with the wheel."""
    packages = Path(sysconfig.get_path("purelib"))
    python = package_check.environment(tmp_path_factory.mktemp("clean") / "env", packages)
    words = ["-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    package_check.run([package_check.sys.executable, *words, built[0]], built[0].parent)
    return python


def test_wheel_and_archive_carry_the_version_of_the_package(built):
    wheel, archive = built
    assert wheel.name == f"merflow-{__version__}-py3-none-any.whl"
    assert archive.name == f"merflow-{__version__}.tar.gz"
    with ZipFile(wheel) as files:
        text = files.read(f"merflow-{__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {__version__}\n" in text and "\nLicense-Expression: MIT\n" in text


def test_the_wheel_has_every_file_of_the_package_and_the_workflow(built, source):
    """Files that only a source tree needs, such as tests and documents, stay out."""
    found = package_check.names(built[0])
    kinds = {".py", ".json", ".csv", ".html", ".css", ".js", ".svg", ".woff2", ".bib", ".yaml"}
    code = {
        path.relative_to(source / "src").as_posix()
        for path in (source / "src").rglob("*")
        if path.suffix in kinds | {".jinja", ".txt"} and "egg-info" not in str(path)
    }
    assert code - {*found} == set()
    for folder in ("workflow", "profiles", "config", "envs"):
        for path in (source / folder).rglob("*"):
            name = f"merflow/shipped/{path.relative_to(source).as_posix()}"
            assert not path.is_file() or name in found
    assert {"merflow/shipped/Snakefile", "merflow/shipped/requirements.lock"} <= {*found}
    tops = {name.partition("/")[0] for name in found}
    assert tops == {
        "merflow",
        "snakemake_logger_plugin_merflow",
        f"merflow-{__version__}.dist-info",
    }


def test_the_wheel_of_the_archive_is_that_of_the_tree(built, source, tmp_path):
    options = ("--wheel", "--no-build-isolation", "--offline")
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path / "archive", filter="data")
    straight = package_check.build_wheel(source, tmp_path / "dist", *options)
    assert package_check.names(straight) == package_check.names(built[0])


def test_no_file_of_a_users_project_gets_into_the_package(source, tmp_path):
    for name in (
        "config/local.yaml",
        "config/manifests/own.csv",
        "config/errata/generated/smic.csv",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("a user's own\n")
    wheel, archive = package_check.build(source, tmp_path, "--no-build-isolation", "--offline")
    with tarfile.open(archive) as files:
        names = [*package_check.names(wheel), *files.getnames()]
    assert not [n for n in names if "local.yaml" in n or "manifests" in n or "generated/" in n]


def test_the_installed_package_runs_a_project_outside_the_source_tree(python, tmp_path):
    merflow, folder = python.with_name("merflow"), tmp_path / "a project"
    folder.mkdir()
    where = package_check.run([python, "-c", "import merflow; print(merflow.__file__)"], folder)
    assert where.startswith(str(python.parents[1]))
    assert package_check.shipped(python, folder).is_relative_to(python.parents[1])
    assert package_check.run([merflow, "--version"], folder).split()[-1] == __version__
    words = ["demo", "data", "--small", "--dataset", "casme2", "--subjects", "3", "--clips", "3"]
    package_check.run([merflow, *words], folder)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    run = [merflow, "run", "--config", "config.yaml"]
    assert "align" in package_check.run([*run, "--dry-run"], folder)
    assert "svm" in package_check.run(run, folder)
    table = (folder / "results/tables/scores.csv").read_text().splitlines()
    assert len(table) > 1 and table[1].startswith("svm,")
    assert (folder / "results/report.html").stat().st_size > 50_000
    assert "Nothing to be done" in package_check.run(run, folder)
