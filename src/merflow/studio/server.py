"""The server: its socket, its token, the address it prints."""

import ipaddress
import secrets
import socket
import sys
from pathlib import Path

import uvicorn

from merflow.errors import MerflowError
from merflow.studio.app import create
from merflow.studio.project import Project


def serve(root: Path, config: Path, host: str, port: int) -> None:
    """Serve a project until Ctrl-C; `root` and `config` are resolved, `root` is the working folder.

    A config that cannot be read ends it before it listens.
    """
    project = Project(root, config)
    project.settings()
    token = secrets.token_urlsafe(32)
    remote = not is_loopback(host)
    with listen(host, port) as ear:
        taken = ear.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        if remote:
            print(
                f"warning: listening on {host}: other machines can reach this page. It asks for "
                "the token, but is not encrypted. Pictures of recorded people are not shown.",
                file=sys.stderr,
            )
        address = f"http://{shown}:{taken}/#token={token}"
        print(f"merflow studio: {address}\nCtrl-C ends it.", flush=True)
        settings = uvicorn.Config(
            create(project, token, names(host, taken), remote),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            proxy_headers=False,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
            limit_concurrency=200,
        )
        uvicorn.Server(settings).run(sockets=[ear])


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names(host: str, port: int) -> frozenset[str]:
    """Return the Host headers that are answered."""
    known = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    if not is_loopback(host):
        known.add(socket.gethostname().lower())
    return frozenset(f"{name}:{port}" for name in known)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, so that the port is known before the address is printed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ear = socket.socket(family, socket.SOCK_STREAM)
    try:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.bind((host, port))
        ear.listen(128)
    except OSError as error:
        ear.close()
        raise MerflowError(
            f"{host}:{port}", f"cannot listen there ({error.strerror or error})", "a free port",
            "leave --port out: a free one is taken",
        ) from None  # fmt: skip
    return ear
