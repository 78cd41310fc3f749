"""What holds when the page may be on another machine than the pictures."""

import pytest
from studio_project import copy

from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.studio.access_control import Gate
from merflow.studio.clips import _may_leave
from merflow.studio.project import Project
from merflow.studio.server import is_loopback, names

KEY = ClipKey("smic", "s01", "s01_ne_01")


def test_a_generated_face_may_leave_and_a_recorded_one_may_not(built, tmp_path):
    folder = copy(built, tmp_path / "remote")
    project = Project(folder, folder / "config/config.yaml")
    _may_leave(project, KEY)
    (folder / "faces/smic/demo.json").unlink()
    with pytest.raises(MerflowError, match="stay on this machine"):
        _may_leave(project, KEY)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_loopback_is_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "evil.example", "localhost.evil"])
def test_all_else_is_not_loopback(host):
    assert not is_loopback(host)


def test_a_server_for_others_answers_to_addresses_but_to_no_name_of_the_internet():
    gate = Gate(None, "t", names("0.0.0.0", 8000), any_address=True)
    assert gate._known("192.168.1.4:8000")
    assert not gate._known("evil.example:8000")
    assert not Gate(None, "t", names("127.0.0.1", 8000))._known("192.168.1.4:8000")
