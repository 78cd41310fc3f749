"""The HTTP server: its socket, the address it prints, its options."""

import ipaddress
import secrets
import socket
import sys
from pathlib import Path

import uvicorn

from merflow.errors import MerflowError
from merflow.studio.app import create
from merflow.studio.connections import CONNECTION_LIMIT, Connection
from merflow.studio.project import Project
from merflow.studio.recent_projects import remember


def serve(project: Project | None, browse: Path, host: str, port: int) -> None:
    """Serve a project, or the choice of one, until Ctrl-C. A project is the working folder.

    A config that cannot be read is an error before the server listens.
    """
    if project is not None:
        project.settings()
        remember(project.root)
    token = secrets.token_urlsafe(32)
    remote = not is_loopback(host)
    with listen(host, port) as listener:
        bound_port = listener.getsockname()[1]
        if remote:
            print(
                f"warning: listening on {host}: other machines can reach this page. It asks for "
                "the token, but is not encrypted. Images of recorded people are not shown.",
                file=sys.stderr,
            )
        address = f"http://{_in_url(host)}:{bound_port}/#token={token}"
        print(f"merflow studio: {address}\nCtrl-C ends it.", flush=True)
        options = uvicorn.Config(
            create(project, token, allowed_hosts(host, bound_port), remote, browse),
            http=Connection,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            proxy_headers=False,
            h11_max_incomplete_event_size=16 * 1024,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
            limit_concurrency=CONNECTION_LIMIT,
        )
        uvicorn.Server(options).run(sockets=[listener])


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """Return the Host headers that are allowed."""
    known = {"127.0.0.1", "localhost", "[::1]", _in_url(host)}
    if not is_loopback(host):
        known.add(socket.gethostname().lower())
    return frozenset(f"{name}:{port}" for name in known)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, so that the port is known before the address is printed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise MerflowError(
            f"{host}:{port}", f"cannot listen there ({error.strerror or error})", "a free port",
            "omit --port: a free one is chosen",
        ) from None  # fmt: skip
    return listener
