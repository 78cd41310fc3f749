"""Options that several commands share, each with its help text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from merflow.errors import MerflowError

Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON instead of text.")]
Config = Annotated[Path, Parameter(help="Config file, such as results/config.yaml.")]
MaybeConfig = Annotated[Path | None, Parameter(help="Config file; without it the defaults hold.")]
Preparation = Annotated[
    str | None,
    Parameter(help="Name of a preparation in the config; without it the defaults hold."),
]
Preparations = Annotated[
    Sequence[str],
    Parameter(
        help="Name of a preparation in the config, one for each OUT; without it the defaults hold.",
        negative="",
    ),
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


def paired(flag: str, values: Sequence[str], *outs: Path) -> list[tuple[str | None, Path]]:
    """Return each output with its value of a flag; one output needs none."""
    if len(outs) == 1 and not values:
        return [(None, outs[0])]
    if len(values) != len(outs) or len({*values}) != len(values):
        raise MerflowError(
            flag, f"{len(values)} values for {len(outs)} outputs", "one for each OUT, each once"
        )
    return list(zip(values, outs, strict=True))
