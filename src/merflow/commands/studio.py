"""`merflow studio`: a local web page for clips, marks, runs and datasets."""

import os
from pathlib import Path

from merflow.errors import MerflowError


def studio(
    *,
    root: Path = Path("."),
    port: int = 0,
    config: Path = Path("config/config.yaml"),
    host: str = "127.0.0.1",
) -> None:
    """Open a project in a local web page: its clips, runs and datasets.

    The printed address contains a random token; requests without it are refused. By default only
    this machine can reach the page, and the page loads nothing from the internet. Ctrl-C ends the
    server and a workflow that it started. docs/studio.md lists the views and keys.

    Examples:
        merflow studio
        merflow studio --root ~/megc --config config/megc2019.yaml --port 8765

    Args:
        root: Folder of the project, which contains config/ and results/.
        port: Port to listen on; 0: a free one.
        config: Config file, below the root.
        host: Address to listen on. Any other than the default lets other machines connect: they
            need the token as well, and images of recorded people are then never shown.
    """
    folder = root.resolve()
    if not folder.is_dir():
        raise MerflowError(str(root), "no such folder", "a project's folder")
    file = (folder / config).resolve()
    if not file.is_file() or not file.is_relative_to(folder):
        expected = "a config, such as config/config.yaml"
        raise MerflowError(str(config), f"no such file below {folder}", expected)
    if not 0 <= port <= 65535:
        raise MerflowError("--port", str(port), "0 to 65535")
    try:
        from merflow.studio import server
    except ModuleNotFoundError as error:
        fix = "pip install 'merflow[studio]'"
        raise MerflowError("merflow studio", f"{error.name} is not installed", fix=fix) from None
    # As for every other command, the project is the working folder.
    os.chdir(folder)
    server.serve(folder, file, host, port)
