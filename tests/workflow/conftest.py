"""One whole run of a small project, made once and copied by the tests that change it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import full_size
import pytest
from project import Project


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; other workers wait."""
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """Return a folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def drawn(shared) -> Project:
    """Return a project with its datasets, nothing run yet; the first worker draws it."""
    project = Project(shared / "drawn/a project")
    with locked(shared):
        if not (shared / "drawn.done").exists():
            project.folder.mkdir(parents=True)
            project.draw()
            (shared / "drawn.done").touch()
    return project


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
