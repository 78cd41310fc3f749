"""One whole run of a small project, made once and copied by the tests that change it."""

from pathlib import Path

import full_size
import pytest
from project import Project, locked


@pytest.fixture(scope="session")
def finished(drawn, shared) -> Project:
    """Return a project that has run whole; the first worker runs it."""
    project, output = Project(shared / "done/a project"), shared / "output"
    with locked(shared):
        if not output.exists():
            text = drawn.copy(project.folder).run()
            output.write_text(text)
    project.output = output.read_text()
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
