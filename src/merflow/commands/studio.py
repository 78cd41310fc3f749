"""`merflow studio`: look at clips, marks, runs and datasets in a browser on this machine."""

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

    The address it prints carries a random token; without it nothing is answered. Only this
    machine can reach it, and nothing is fetched from elsewhere. Ctrl-C ends it, and with it a
    workflow it started. docs/studio.md lists the views and keys.

    Examples
    --------
    merflow studio
    merflow studio --root ~/megc --config config/megc2019.yaml --port 8765

    Parameters
    ----------
    root
        Folder of the project: the one that holds config/ and results/.
    port
        Port to listen on; 0 takes a free one.
    config
        Config file, below the root.
    host
        Address to listen on. Any but the default lets other machines in: they still need the
        token, and pictures of recorded people are refused to everyone then.
    """
    folder = root.resolve()
    if not folder.is_dir():
        raise MerflowError(str(root), "no such folder", "a project's folder")
    file = (folder / config).resolve()
    if not file.is_file() or not file.is_relative_to(folder):
        raise MerflowError(
            str(config), f"no such file below {folder}", "a config, such as config/config.yaml"
        )
    if not 0 <= port <= 65535:
        raise MerflowError("--port", str(port), "0 to 65535")
    try:
        from merflow.studio import server
    except ModuleNotFoundError as error:
        raise MerflowError(
            "merflow studio", f"{error.name} is not installed", fix="pip install 'merflow[studio]'"
        ) from None
    # As with every other command, the working folder is the project.
    os.chdir(folder)
    server.serve(folder, file, host, port)
