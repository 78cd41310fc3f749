"""`merflow init`: a new project, with a commented config."""

import os
import shlex
from pathlib import Path

from merflow.workflow.project_template import ABOUT, Template, create_project, next_steps


def init(folder: Path = Path(), *, template: Template = "demo", clips: Path | None = None) -> None:
    """Make a project in FOLDER: a commented config and room for data and results.

    A project is a folder to run merflow in. A folder that has a config already is refused, and no
    file is overwritten.

    Examples:
        merflow init faces
        merflow init pilot --template own --clips ~/videos
        merflow init megc --template megc2019

    Args:
        folder: Folder of the project; it is made if it is not there.
        template: What the config is for. demo: generated faces, to try merflow. own: your own
            videos or folders of frames. megc2019: the licensed datasets of that challenge.
        clips: Folder of your clips, for the template own. Default: data/clips in the project.
    """
    written = create_project(folder, template, clips)
    print(f"A project for {ABOUT[template]}:")
    for path in written:
        print(f"  {path}")
    print("\nNext:")
    steps = next_steps(template, Path(os.path.abspath(clips)) if clips else None)
    if folder.resolve() != Path.cwd():
        steps.insert(
            0, (f"cd {shlex.quote(os.path.relpath(folder))}", "the other commands run there")
        )
    for command, text in steps:
        print(f"  {command:<24} # {text}")
