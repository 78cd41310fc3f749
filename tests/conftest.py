"""How many examples the property tests look at: 200, or as many as MERFLOW_EXAMPLES says.

Also the order of the files, and the drawn faces that several folders share.
"""

import os
from pathlib import Path

import merflow  # noqa: F401 - first: it fixes the arithmetic level before NumPy loads

# isort: split
import pytest
from hypothesis import settings
from project import Project, locked

HERE = Path(__file__).parent

settings.register_profile(
    "merflow",
    max_examples=int(os.environ.get("MERFLOW_EXAMPLES", "200")),
    deadline=None,
    derandomize="MERFLOW_EXAMPLES" not in os.environ,
)
settings.load_profile("merflow")

SLOW = ("workflow", "faults", "guides", "test_browser", "test_every_network", "test_fit", "hostile")
"""Parts of the paths of files that take a minute or more."""


def pytest_collection_modifyitems(items):
    """Start slow files first, so that no worker ends long after the others."""
    items.sort(key=lambda item: not any(part in str(item.path.relative_to(HERE)) for part in SLOW))


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
