"""Connections that send nothing, or too slowly: they end, and others are answered meanwhile."""

import contextlib
import shutil
import socket
import time

import pytest
from studio_project import ROOT, Studio

HALF = b"GET /api/clips HTTP/1.1\r\nHos"
MANY = 200


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connections") / "project"
    (folder / "config").mkdir(parents=True)
    shutil.copy(ROOT / "config/quick.yaml", folder / "config/config.yaml")
    running = Studio(folder)
    yield running
    running.close()


@contextlib.contextmanager
def connections(studio, count, sent):
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            line = stack.enter_context(
                socket.create_connection(("127.0.0.1", studio.port), timeout=60)
            )
            line.sendall(sent)
            made.append(line)
        yield made


def ended(line):
    """Wait until the server closes a connection."""
    with contextlib.suppress(ConnectionResetError):
        while line.recv(4096):
            pass
    return True


def head(studio, path, *lines):
    token = f"X-Merflow-Token: {studio.token}"
    return "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {studio.host}", token, *lines, "", ""])


@pytest.mark.parametrize("sent", [b"", HALF])
def test_half_open_connections_do_not_keep_others_from_being_answered(studio, sent):
    with connections(studio, MANY, sent):
        for _ in range(5):
            assert studio.ask("/api/clips").status == 200


@pytest.mark.parametrize("length", ["500", "20000000"])
def test_bodies_that_do_not_arrive_do_not_keep_others_from_being_answered(studio, length):
    lines = "Content-Type: application/json", f"Content-Length: {length}"
    sent = head(studio, "/api/workflow/start", *lines).encode() + b"{"
    with connections(studio, MANY, sent):
        for _ in range(5):
            assert studio.ask("/api/clips").status == 200


def test_a_request_whose_headers_do_not_arrive_is_ended(studio):
    with connections(studio, 2, HALF) as lines:
        assert all(map(ended, lines))


def test_headers_that_arrive_byte_by_byte_do_not_prolong_the_wait(studio):
    closed = contextlib.suppress(ConnectionResetError, BrokenPipeError)
    with connections(studio, 1, HALF) as (line,), closed:
        for _ in range(300):
            line.sendall(b"x")
            time.sleep(0.1)
        pytest.fail("still open")


def test_half_a_second_request_on_an_open_connection_is_ended(studio):
    whole = head(studio, "/api/nothing", "Content-Length: 0").encode()
    with connections(studio, 1, whole + HALF) as (line,):
        assert b" 404 " in line.recv(4096)
        assert ended(line)
