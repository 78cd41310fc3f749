import pytest
from studio_project import Studio, build, copy


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A project that nothing writes to; take a copy."""
    folder = tmp_path_factory.mktemp("studio") / "built"
    folder.mkdir()
    build(folder)
    return folder


@pytest.fixture(scope="module")
def studio(built, tmp_path_factory):
    """A studio over a project of the module's own."""
    running = Studio(copy(built, tmp_path_factory.mktemp("project") / "project"))
    yield running
    running.close()
