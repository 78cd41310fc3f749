"""Hooks of the documentation site: pages outside docs/, and a reference of the commands.

A page keeps its path in the repository on the site, without `docs/`. Links between files of the
repository therefore work on a code host, and are rewritten here for the site.
"""

import os
import re
from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from merflow.cli import GROUPS, OTHERS, build
from merflow.command_help import commands

OUTSIDE = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
    "LICENSE",
    "CITATION.cff",
    "config/README.md",
    "config/spotting.yaml",
    "config/str.yaml",
    "config/zoo.yaml",
    "profiles/slurm/config.yaml",
    "examples/nearest_mean.py",
    "examples/forest.py",
    "examples/linear_svm.py",
    "examples/pytorch_program/train.py",
)
"""Files outside docs/ that the site takes."""

COMMANDS = "commands.md"
LINK = re.compile(r"""(\]\(|\b(?:src|srcset|href)=")(?!\w+:|#)([^)"#\s]+)""")
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside docs/ and the reference of the commands."""
    root = os.path.dirname(config.config_file_path)
    for name in OUTSIDE:
        files.append(File.generated(config, name, abs_src_path=os.path.join(root, name)))
    files.append(File.generated(config, COMMANDS, content=commands_page()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page from paths in the repository to paths on the site.

    Pages at the top have no list of neighbours at their side.
    """
    if page.parent is None:
        page.meta["hide"] = ["navigation"]
    here = page.file.src_uri
    inside = here not in (*OUTSIDE, COMMANDS)
    folder = PurePosixPath("docs" if inside else "", here).parent

    def to_site(match: re.Match[str]) -> str:
        target = os.path.normpath(folder / match[2]).removeprefix("docs/")
        return match[1] + os.path.relpath(target, PurePosixPath(here).parent)

    parts = CODE.split(markdown)
    return "".join(part if i % 2 else LINK.sub(to_site, part) for i, part in enumerate(parts))


def commands_page() -> str:
    """Return the reference of the commands: their help, one section per command, by group."""
    about = commands()
    grouped = {name for names in GROUPS.values() for name in names}
    others = [name for name in about if name not in grouped]
    groups = {**GROUPS, **({OTHERS: others} if others else {})}
    text = [
        "# Commands\n\nGenerated from the help texts: `merflow COMMAND --help` prints the same.\n"
    ]
    for group, names in groups.items():
        text.append(f"## {group}\n")
        for name in names:
            options = build(name)[name].generate_docs(heading_level=3, usage_name="merflow")
            options = options.split("```\n", 1)
            usage = options[0].partition("```console\n")[2]
            body = options[1].split("\n\n", 2)[-1].replace("\n    ", " ")
            text.append(
                f"### {name}\n\n```console\n{usage}```\n\n{about[name].text}\n\n{body}\n\n"
                f"```sh\n{about[name].examples.strip()}\n```\n"
            )
    return "\n".join(text)
