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


@pytest.fixture(scope="module")
def browser():
    from browser_window import CHROMIUM, QUIET, sync_api

    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def window(browser, studio):
    """A window that must have nothing to complain of, and have asked no one but the studio."""
    from browser_window import Watched

    watched = Watched(browser, studio)
    yield watched
    watched.context.close()
    assert watched.faults == []
    assert watched.hosts <= {studio.host}
