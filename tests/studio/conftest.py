import os
import shutil
from pathlib import Path

import pytest
from project import locked
from studio_project import Studio, build, copy, draw_recording

from merflow.io import video
from merflow.studio.test_view.recording import jpeg_of


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory):
    """A list of recent projects that is not the user's, also for the servers that tests start."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="session")
def built(drawn, shared):
    """A project that no test changes; copy it to write. The first worker makes it."""
    folder, done = shared / "studio/built", shared / "studio.done"
    with locked(shared):
        if not done.exists():
            shutil.copytree(drawn.path("faces"), folder / "faces")
            build(folder)
            draw_recording(folder / "faces/recordings")
            done.touch()
    return folder


@pytest.fixture(scope="session")
def camera_film(built, tmp_path_factory):
    """The recording as a stream of JPEGs: the input of the browser's camera."""
    film = video.read(built / "faces/recordings/recording00.avi")
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    path.write_bytes(b"".join(jpeg_of(frame) for frame in film.frames))
    return path


@pytest.fixture(scope="session")
def pictures():
    """Folder for a screenshot of every view."""
    folder = Path(__file__).parents[2] / "results/studio"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def studio(built, tmp_path_factory):
    """A studio over a copy of the project, shared by a module."""
    running = Studio(copy(built, tmp_path_factory.mktemp("project") / "project"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser(camera_film):
    from browser_window import launched

    camera = [
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera_film}",
    ]  # fmt: skip
    with launched(*camera) as browser:
        yield browser


@pytest.fixture
def window(browser, studio):
    """A window that must end without console errors and without requests to other hosts."""
    from browser_window import watched

    with watched(browser, studio) as window:
        yield window
