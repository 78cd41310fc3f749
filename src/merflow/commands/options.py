"""Options that several commands share, each with its help text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from merflow import paths
from merflow.errors import MerflowError
from merflow.io import records
from merflow.text import plural


class Option(NamedTuple):
    """What `--help` says of an option, a short form of it, whether it must be given, and whether
    it takes several words.

    `merflow.cli` makes it a parameter of cyclopts, which a job of a run does without.
    """

    help: str | None = None
    alias: str | None = None
    required: bool | None = None
    consume_multiple: bool | None = None


OneOrMore = Annotated[Path, Option(required=True)]
"""Of `*paths`: at least one of them."""
DryRun = Annotated[bool, Option(alias="-n")]
Json = Annotated[bool, Option(help="Print JSON instead of text.")]
Config = Annotated[Path, Option(help="Config file, such as results/config.yaml.")]
MaybeConfig = Annotated[Path | None, Option(help="Config file; without it the defaults hold.")]
Preparation = Annotated[
    str | None,
    Option(help="Name of a preparation in the config; without it the defaults hold."),
]
Preparations = Annotated[
    Sequence[str],
    Option(
        help="Name of a preparation in the config, one for each OUT; without it the defaults hold.",
    ),
]
Factors = Annotated[
    Sequence[str],
    Option(help="Times the displacement: 10 or x10; one for each OUT."),
]
SourceFactor = Annotated[str, Option(help="Factor of SOURCE, kept in the provenance of OUT.")]
Threads = Annotated[int, Option(help="Processor threads; the result does not depend on them.")]
Archive = Annotated[
    Path | None,
    Option(
        help="Tar archive of the subject's frames, which `merflow archive` wrote, read in place of "
        "the dataset's own files."
    ),
]
Catalogue = Annotated[
    Path | None,
    Option(
        help="Catalogue with the key frames of the clips; without it a clip runs from its first to "
        "its last frame, and an apex is found where one is needed."
    ),
]


def paired(flag: str, values: Sequence[str], stage: str, *outs: Path) -> list[tuple[str, Path]]:
    """Return each output with its value of a flag; "" for one output without.

    The stores below results/ need no flag: preparation and factor stand in their paths.
    """
    if not values:
        name = flag.removeprefix("--")
        found = [paths.parts(paths.store(stage), records.named(out)) or {} for out in outs]
        values = [one.get(name, "") for one in found]
        if len(outs) == 1:
            return [(values[0], outs[0])]
    if len(values) != len(outs) or len({*values}) != len(values):
        raise MerflowError(
            flag,
            f"{plural(len([*filter(None, values)]), 'value')} for {plural(len(outs), 'output')}",
            "one for each OUT, each once",
        )
    return list(zip(values, outs, strict=True))


def preparation_of(out: Path) -> str | None:
    """Return the preparation in the path of a store below results/; None elsewhere."""
    for stage in ("magnify", "interpolate", "flow"):
        if found := paths.parts(paths.store(stage), records.named(out)):
            return found["preparation"]
    return None
