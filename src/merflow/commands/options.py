"""Options that several commands share, each with its help text."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON instead of text.")]
Config = Annotated[Path, Parameter(help="Config file, such as results/config.yaml.")]
MaybeConfig = Annotated[Path | None, Parameter(help="Config file; without it the defaults hold.")]
Preparation = Annotated[
    str | None,
    Parameter(help="Name of a preparation in the config; without it the defaults hold."),
]
SourceFactor = Annotated[str, Parameter(help="Factor of SOURCE, kept in the provenance of OUT.")]
Threads = Annotated[int, Parameter(help="Processor threads; the result does not depend on them.")]
Catalogue = Annotated[
    Path | None,
    Parameter(
        help="Catalogue with the key frames of the clips; without it a clip runs from its first to "
        "its last frame, and an apex is found where one is needed."
    ),
]
