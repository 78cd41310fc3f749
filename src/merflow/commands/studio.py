"""`merflow studio`: a local web page for clips, marks, runs and datasets."""

import os
from pathlib import Path

from merflow.errors import MerflowError

DEFAULT = Path("config/config.yaml")


def studio(
    *,
    root: Path = Path("."),
    port: int = 0,
    config: Path = DEFAULT,
    host: str = "127.0.0.1",
    browse: Path = Path("~"),
) -> None:
    """Open a project in a local web page: its datasets, clips, experiments and runs.

    Without a project in the folder the page offers the demo, a new project and recent ones. The
    printed address contains a random token; requests without it are refused. By default only
    this machine can reach the page, and the page loads nothing from the internet. Ctrl-C ends the
    server and a workflow that it started. docs/studio.md lists the views and keys.

    Examples:
        merflow studio
        merflow studio --root ~/megc --config config/megc2019.yaml --port 8765
        merflow studio --browse /data/recordings

    Args:
        root: Folder of the project, which contains config/ and results/. Without
            config/config.yaml in it the page begins with the choice of a project.
        port: Port to listen on; 0: a free one.
        config: Config file, below the root.
        host: Address to listen on. Any other than the default lets other machines connect: they
            need the token as well, and images of recorded people are then never shown.
        browse: Folder below which the page may list folders, to choose data and projects. By
            default the home folder. With another --host only the project's folder is listed.
    """
    folder = root.expanduser().resolve()
    if not folder.is_dir():
        raise MerflowError(str(root), "no such folder", "a project's folder")
    area = browse.expanduser().resolve()
    if not area.is_dir():
        raise MerflowError("--browse", f"no such folder: {area}", "a folder that holds the data")
    file = (folder / config).resolve()
    is_project = file.is_file() and file.is_relative_to(folder)
    if not is_project and config != DEFAULT:
        expected = "a config, such as config/config.yaml"
        raise MerflowError(str(config), f"no such file below {folder}", expected)
    if not 0 <= port <= 65535:
        raise MerflowError("--port", str(port), "0 to 65535")
    try:
        from merflow.studio import server
    except ModuleNotFoundError as error:
        fix = "pip install 'merflow[studio]'"
        raise MerflowError("merflow studio", f"{error.name} is not installed", fix=fix) from None
    if not is_project and not server.is_loopback(host):
        raise MerflowError(
            "--host",
            f"no project in {folder}; one cannot be chosen from another machine",
            "--root with a project",
            "create one with `merflow init`, or start without --host",
        )
    if is_project:
        # As for every other command, the project is the working folder.
        os.chdir(folder)
    server.serve(server.Project(folder, file) if is_project else None, area, host, port)
