"""One whole run of a small project, made once and copied by the tests that change it."""

from pathlib import Path

import full_size
import pytest
from project import Project


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Project:
    """Return a project with its datasets, nothing run yet."""
    project = Project(tmp_path_factory.mktemp("a project"))
    project.draw()
    return project


@pytest.fixture(scope="session")
def finished(drawn, tmp_path_factory) -> Project:
    """Return a project that has run whole."""
    project = drawn.copy(tmp_path_factory.mktemp("done") / "a project")
    project.output = project.run()
    return project


@pytest.fixture(scope="session")
def full_size_datasets(tmp_path_factory) -> Path:
    """Return a folder of the five micro-expression datasets at full size, frames empty."""
    folder = tmp_path_factory.mktemp("full size")
    for name in ("smic", "casme2", "samm", "casme_sq", "casme3"):
        full_size.write(folder / name, full_size.plan(name))
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """Return a copy of the finished project that a test may change."""
    return finished.copy(tmp_path / "a project")


@pytest.fixture
def fresh(drawn, tmp_path) -> Project:
    """Return a copy of the drawn project that a test may change."""
    return drawn.copy(tmp_path / "a project")
