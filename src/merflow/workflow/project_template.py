"""New projects: a folder with a commented config from a template, to run in and to keep."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import yaml

from merflow.config.reference import reference_text
from merflow.errors import MerflowError, unknown
from merflow.io.files import write_text
from merflow.shipped import shipped

Template = Literal["demo", "own", "megc2019"]
TEMPLATES: tuple[Template, ...] = get_args(Template)
ABOUT: dict[Template, str] = {
    "demo": "three small datasets of generated faces, to try merflow without any data",
    "own": "your own videos or folders of frames",
    "megc2019": "the licensed datasets SMIC, CASME II and SAMM, pooled as in MEGC2019",
}
FOLDER = Path(__file__).parent / "templates"
CONFIG = Path("config/config.yaml")
OWN_CLIPS = "data/clips"
"""Folder of the clips in the template `own`."""
READ = {"demo": ("casme2", "samm", "smic"), "own": (), "megc2019": ("casme2", "samm", "smic")}
"""Datasets of a template that have known errata."""

IGNORED = """\
# Data and results are not for git: they are large, and datasets must not be passed on.
/data/
/results/
/.snakemake/
# Folders of this machine.
/config/local.yaml
"""
LOCAL = """\
# Folders of the datasets on this machine. These values replace those of config.yaml.
# Remove the # at the start of the lines and write your own folders.
# datasets:
#   smic: {root: /data/SMIC}
#   casme2: {root: /data/CASME2}
#   samm: {root: /data/SAMM}
"""


def create_project(folder: Path, template: str = "demo", clips: Path | None = None) -> list[Path]:
    """Write a project into a new folder, or into one without a config; return the files written.

    clips: folder of your clips, for the template `own`; it need not be in the project. Files that
    are there already stay as they are.
    """
    if template not in TEMPLATES:
        raise unknown("template", "template", template, TEMPLATES)
    if clips is not None and template != "own":
        raise MerflowError(
            f"template {template}", "it takes no folder of clips", "the template own"
        )
    _refuse_project(folder)
    clips = _within(folder, clips) if clips is not None else None
    files = dict(_files(template, clips))
    written = [folder / name for name in files if not (folder / name).exists()]
    for path in written:
        write_text(path, files[path.relative_to(folder).as_posix()])
    if template == "own" and clips is None:
        (folder / OWN_CLIPS).mkdir(parents=True, exist_ok=True)
    return written


def _within(folder: Path, clips: Path) -> Path:
    """Return the folder of the clips as a config names it; refuse one that is not there."""
    if not clips.is_dir():
        raise MerflowError(str(clips), "no such folder", "the folder that holds your clips")
    place, root = Path(os.path.abspath(clips)), Path(os.path.abspath(folder))
    return place.relative_to(root) if place.is_relative_to(root) else place


def next_steps(template: Template, clips: Path | None = None) -> list[tuple[str, str]]:
    """Return what to type next, in the project's folder, and what each command does."""
    folder = shlex.quote(str(clips or OWN_CLIPS))
    data = {
        "demo": ("merflow demo", "draw the faces"),
        "own": (
            f"merflow make-manifest --from-class-folders {folder}",
            "list your clips, sorted as SUBJECT/EMOTION/CLIP",
        ),
        "megc2019": ("nano config/local.yaml", "write the folders of your three datasets"),
    }
    return [
        data[template],
        ("merflow check", "read the data and list its problems"),
        ("merflow run", "run everything; later calls continue or update"),
        ("merflow studio", "see clips, runs and results in the browser"),
    ]


def _refuse_project(folder: Path) -> None:
    """Refuse a folder that is a project, or no folder."""
    if folder.exists() and not folder.is_dir():
        raise MerflowError(str(folder), "a file", "a folder, new or without a project")
    if (folder / CONFIG).exists():
        raise MerflowError(
            str(folder / CONFIG),
            "this folder is a project already; its config is kept",
            "a new folder, or one without config/config.yaml",
            "name another folder: `merflow init FOLDER`",
        )


def _files(template: Template, clips: Path | None) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of a project."""
    text = (FOLDER / f"{template}.yaml").read_text(encoding="utf-8")
    if clips is not None:
        # Characters of a path can have a meaning in YAML.
        shown = yaml.safe_dump(str(clips), allow_unicode=True, width=10_000).splitlines()[0]
        text = text.replace(f"root: {OWN_CLIPS}\n", f"root: {shown}\n")
    yield CONFIG.as_posix(), text
    yield "config/README.md", reference_text()
    for name in READ[template]:
        file = f"config/errata/{name}.csv"
        yield file, shipped(file).read_text(encoding="utf-8")
    if template == "megc2019":
        yield "config/local.yaml", LOCAL
    yield ".gitignore", IGNORED
    yield "README.md", _readme(template, clips)


def _readme(template: Template, clips: Path | None) -> str:
    steps = "\n".join(f"{command:<24} # {text}" for command, text in next_steps(template, clips))
    return f"""\
# A merflow project

Micro-expression recognition on {ABOUT[template]}. In this folder:

```sh
{steps}
```

| | |
| --- | --- |
| `config/config.yaml` | what runs: datasets, preparation, experiments |
| `config/README.md` | every key of it |
| `config/local.yaml` | folders of this machine, laid over `config.yaml`; git ignores it |
| `config/errata/` | corrections of published annotations |
| `data/` | clips; git ignores it |
| `results/` | everything that a run makes; `results/tables/scores.txt` is the table |
"""
