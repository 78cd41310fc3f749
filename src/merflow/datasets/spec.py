"""What an adapter states about its dataset, what it is given, and what it gives back."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from merflow.clip import Clip, ClipKey, Entry
from merflow.config.settings import DatasetEntry
from merflow.datasets.errata import Errata
from merflow.errors import MerflowError
from merflow.io.files import safe_name
from merflow.io.spreadsheets import Column, Row, Table, read_table

Severity = Literal["error", "warning"]

NO_SUBJECT = "unknown"
"""The subject of clips whose dataset does not say whose they are."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a dataset that its user should know: where, what, and what to do.

    error: the clip or the file cannot be read as it stands; warning: it was read, this way.
    """

    severity: Severity
    where: str
    found: str
    expected: str = ""
    fix: str = ""

    def __str__(self) -> str:
        return str(self.error())

    def error(self) -> MerflowError:
        """Return the problem as the error that stops a run."""
        return MerflowError(self.where, self.found, self.expected, self.fix)


@dataclass(frozen=True, slots=True)
class Variant:
    """One form in which a dataset is shipped."""

    name: str
    fps: float
    enters_at: Entry = "raw"
    about: str = ""


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """The facts of a published dataset that merflow relies on."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    """The first that is found on disk is read when the config names none."""
    layout: str
    """The folder shape expected, shown when a root holds nothing of the kind."""
    licence: str
    source: str
    """Where its owners give it out."""
    emotions: frozenset[str] = frozenset()
    """Every label the sheets may show, lower case; empty: any."""
    subjects_known: bool = True
    """False: no subject ids exist, so no split by subject does."""
    stills: bool = False
    publishable_subjects: frozenset[str] = frozenset()
    """Subjects whose face a report may show; filled by the holder of the agreement."""
    publication: str = ""

    @property
    def fps(self) -> float:
        """Frames per second of the first variant (Hz)."""
        return self.variants[0].fps

    def variant(self, name: str) -> Variant:
        """Return the variant of that name."""
        return next(v for v in self.variants if v.name == name)


@dataclass(slots=True)
class Source:
    """What `read_clips` is given: the folder, what the config says of it, a place for problems."""

    name: str
    """The dataset's name in the config, which its clips carry."""
    root: Path
    entry: DatasetEntry
    spec: DatasetSpec
    annotations_only: bool = False
    corrections: Errata = field(default_factory=Errata)
    problems: list[Problem] = field(default_factory=list)
    places: dict[ClipKey, list[str]] = field(default_factory=dict)
    """Where each key was met, in order."""
    sheets: list[str] = field(default_factory=list)
    """Annotation files that were read, below the root."""

    def read(self, path: Path, columns: Sequence[Column], sheet: str = "") -> Table:
        """Read a sheet's table of `columns`, and remember that it was read."""
        table = read_table(path, columns, sheet)
        self.sheets.append(self.near(path))
        return table

    def warn(self, where: str, found: str, expected: str = "", fix: str = "") -> None:
        """Note something that was read in spite of being odd."""
        self.problems.append(Problem("warning", where, found, expected, fix))

    def fail(self, where: str, found: str, expected: str = "", fix: str = "") -> None:
        """Note something that cannot be read as it stands."""
        self.problems.append(Problem("error", where, found, expected, fix))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Turn a MerflowError inside into a noted problem, so that every row is looked at."""
        try:
            yield
        except MerflowError as error:
            self.fail(error.where, error.found, error.expected, error.fix)

    def corrected(self, row: Row, subject: str, clip: str) -> Row:
        """Return a sheet's row with the errata of its clip applied."""
        return self.corrections.apply(row, subject, clip)

    def fps(self, variant: Variant) -> float:
        """Return the frame rate: the config's, else the published one (Hz)."""
        return self.entry.fps or variant.fps

    def enters_at(self, variant: Variant) -> Entry:
        """Return the stage the pictures have passed: the config's word, else the variant's."""
        return self.entry.enters_at or variant.enters_at

    def key(self, subject: str, clip: str, where: str) -> ClipKey:
        """Return the key of a clip; refuse names that cannot be parts of a path."""
        key = ClipKey(self.name, safe_name(subject, where), safe_name(clip, where))
        self.places.setdefault(key, []).append(where)
        return key

    def near(self, path: Path | str) -> str:
        """Return a path as it is written below the root: messages that are kept use this."""
        path = Path(path)
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A dataset as read: clips in the order of their keys, and all problems that were met."""

    name: str
    spec: DatasetSpec
    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...]
    sheets: tuple[str, ...] = ()
    """Annotation files that were read; none where folder and file names are the labels."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that must be corrected before a run."""
        return tuple(p for p in self.problems if p.severity == "error")

    def required(self) -> "Reading":
        """Return self, or raise the first error with the number of the others."""
        if not self.errors:
            return self
        first, *others = self.errors
        error = first.error()
        if others:
            error.fix += f"; then {len(others)} more of its kind: see `merflow check`"
        raise error


def unpadded(name: str) -> str:
    """Return a name with its numbers unpadded and its case aside: `S01` and `s1` are one."""
    return re.sub(r"0*([0-9]+)", r"\1", name.casefold())
