"""A page open on another machine: hosts that are allowed, images that are not."""

import pytest
from studio_project import asked, copy

from merflow.errors import MerflowError
from merflow.studio.access_control import AccessControl
from merflow.studio.context import Studio
from merflow.studio.project import Project
from merflow.studio.routes.clips import CLIP, clip_frame
from merflow.studio.server import allowed_hosts, is_loopback


def test_a_generated_face_is_shown_and_a_recorded_one_is_not(built, tmp_path):
    folder = copy(built, tmp_path / "remote")
    studio = Studio(Project(folder, folder / "config/config.yaml"), remote=True)
    request = asked(CLIP, dataset="smic", subject="s01", clip="s01_ne_01", index="0")
    assert clip_frame(studio, request).body.startswith(b"\x89PNG")
    (folder / "faces/smic/demo.json").unlink()
    with pytest.raises(MerflowError, match="recorded person"):
        clip_frame(studio, request)
    studio.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_loopback_is_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "evil.example", "localhost.evil"])
def test_other_addresses_are_not_loopback(host):
    assert not is_loopback(host)


def test_a_remote_server_allows_ip_addresses_but_no_domain_name():
    remote = AccessControl(None, "t", allowed_hosts("0.0.0.0", 8000), any_address=True)
    assert remote.allows_host("192.168.1.4:8000")
    assert not remote.allows_host("evil.example:8000")
    local = AccessControl(None, "t", allowed_hosts("127.0.0.1", 8000))
    assert not local.allows_host("192.168.1.4:8000")
