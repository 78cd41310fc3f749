"""Interface of a dataset reader: the facts it states, its input, its output."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from merflow.clip import Clip, ClipKey, Entry, FlowForm
from merflow.config.settings import DatasetEntry
from merflow.datasets.errata import Errata
from merflow.errors import MerflowError
from merflow.io.files import safe_name
from merflow.io.spreadsheets import Column, Row, Table, place_of, plain, read_table

T = TypeVar("T")
Severity = Literal["error", "warning"]

NO_SUBJECT = "unknown"
"""Subject of clips from datasets without subject ids."""

SHOWN = 12
"""Number of unread columns that a warning names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding in a dataset: where, what, and what to do.

    error: the clip or file cannot be read; warning: it was read, as described.
    """

    severity: Severity
    where: str
    found: str
    expected: str = ""
    fix: str = ""

    def __str__(self) -> str:
        return str(self.error())

    @classmethod
    def of(cls, error: MerflowError) -> "Problem":
        """Return an error as a problem."""
        return cls("error", error.where, error.found, error.expected, error.fix)

    def error(self) -> MerflowError:
        """Return the problem as the error that stops a run."""
        return MerflowError(self.where, self.found, self.expected, self.fix)


@dataclass(frozen=True, slots=True)
class Variant:
    """One form in which a dataset is distributed."""

    name: str
    fps: float
    enters_at: Entry = "raw"
    about: str = ""
    emotions: frozenset[str] = frozenset()
    """Its emotions where they differ from those of the dataset."""


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Facts of a published dataset that merflow relies on."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    """Without a variant in the config, the first one found on disk is read."""
    layout: str
    """The expected folder layout, shown when the dataset root does not match it."""
    licence: str
    source: str
    """Where the owners distribute it."""
    emotions: frozenset[str] = frozenset()
    """Every emotion the sheets may contain, lower case; empty: any."""
    emotions_seen: bool = True
    """False: the emotions are those of publications, no sheet was seen; another is a warning."""
    compound: bool = False
    """True: a clip may have several emotions, read as `negative+surprise` (sorted)."""
    official_folds: str = ""
    """Published folds that merflow does not have; folds that it makes are described as others."""
    subjects_known: bool = True
    """False: the dataset has no subject ids and cannot be split by subject."""
    laboratory: str = ""
    """Name of a group whose datasets may show the same people; empty: no other dataset of it."""
    subjects_of: str = ""
    """Another dataset of which the subject ids here name the same people."""
    stills: bool = False
    any_dataset: bool = False
    """True: the reader takes clips of any dataset, which is the one its config entry is named
    after."""
    generated: bool = True
    """Whether `merflow demo` writes a look-alike."""
    publishable_subjects: frozenset[str] = frozenset()
    """Subjects whose faces a report may show; to be filled in by the licence holder."""
    publication: str = ""

    @property
    def fps(self) -> float:
        """Frames per second of the first variant (Hz)."""
        return self.variants[0].fps

    def variant(self, name: str) -> Variant:
        """Return the variant of that name."""
        return next(v for v in self.variants if v.name == name)


@dataclass(frozen=True, slots=True)
class Annotation:
    """The annotation of a clip, apart from its key."""

    onset: int | None
    apex: int | None
    offset: int | None
    emotion: str
    action_units: str = ""
    objective: str = ""


@dataclass(slots=True)
class Source:
    """Input of `read_clips`: dataset root, config entry, and a list for problems."""

    name: str
    """The dataset's name in the config, part of its clips' keys."""
    root: Path
    entry: DatasetEntry
    spec: DatasetSpec
    annotations_only: bool = False
    corrections: Errata = field(default_factory=Errata)
    problems: list[Problem] = field(default_factory=list)
    places: dict[ClipKey, list[str]] = field(default_factory=dict)
    """Where each key was found, in order."""
    sheets: list[str] = field(default_factory=list)
    """Annotation files that were read, relative to the root, and the names of their revisions."""

    def revision(self, name: str) -> None:
        """Note which revision of the annotation was read: protocol lines and reports name it."""
        self.sheets.append(name.replace("/", "-"))

    def read(
        self, path: Path, columns: Sequence[Column], sheet: str = "", ignored: str = ""
    ) -> Table:
        """Read a sheet's table of `columns`, and list it in `sheets`; warn of other columns.

        ignored: pattern of the titles (as `plain` gives them) that the dataset has and merflow
        does not need.
        """
        table = read_table(path, columns, sheet)
        self.sheets.append(self.relative(path))
        unread = [t for t in table.unread if not re.fullmatch(ignored, plain(t))]
        if unread:
            more = f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else ""
            self.warn(
                place_of(self.relative(path), table.sheet),
                f"columns that are not read: {', '.join(map(repr, unread[:SHOWN]))}{more}",
                "columns " + ", ".join(column.titles[0] for column in columns),
                "rename a column that should be read; leave the others as they are",
            )
        return table

    def warn(self, where: str, found: str, expected: str = "", fix: str = "") -> None:
        """Add a warning."""
        self.problems.append(Problem("warning", where, found, expected, fix))

    def fail(self, where: str, found: str, expected: str = "", fix: str = "") -> None:
        """Add an error."""
        self.problems.append(Problem("error", where, found, expected, fix))

    @contextmanager
    def collect_errors(self) -> Iterator[None]:
        """Turn a MerflowError into a problem, so that all rows are checked."""
        try:
            yield
        except MerflowError as error:
            self.problems.append(Problem.of(error))

    def clips_of(self, rows: Iterable[T], read: Callable[[T], Clip | None]) -> list[Clip]:
        """Return the clip of each row (or file); those that cannot be read become problems."""
        clips = []
        for row in rows:
            with self.collect_errors():
                clips += [clip] if (clip := read(row)) else []
        return clips

    def corrected(self, row: Row, subject: str, clip: str) -> Row:
        """Return a row after applying the errata of its clip."""
        return self.corrections.apply(row, subject, clip, self.warn)

    def fps(self, variant: Variant) -> float:
        """Return the frame rate from the config, else the published one (Hz)."""
        return self.entry.fps or variant.fps

    def enters_at(self, variant: Variant) -> Entry:
        """Return the entry stage from the config, else the variant's."""
        return self.entry.enters_at or variant.enters_at

    def flow_form(self, usual: Literal["frames", "flow"] = "frames") -> FlowForm | None:
        """Return how the files hold flow; None for frames. usual: without `kind` in the config."""
        if (self.entry.kind or usual) == "frames":
            return None
        return FlowForm(**self.entry.flow.model_dump())

    def key(self, subject: str, clip: str, where: str) -> ClipKey:
        """Return a clip's key; refuse names that cannot be part of a path."""
        key = ClipKey(self.name, safe_name(subject, where), safe_name(clip, where))
        self.places.setdefault(key, []).append(where)
        return key

    def relative(self, path: Path | str) -> str:
        """Return a path relative to the root, for stored messages."""
        path = Path(path)
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A dataset as read: clips in the order of their keys, and all problems."""

    name: str
    spec: DatasetSpec
    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...]
    sheets: tuple[str, ...] = ()
    """Annotation files that were read, and their revisions where the reader tells them apart; empty
    where folder and file names are the labels."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that prevent a run."""
        return tuple(p for p in self.problems if p.severity == "error")

    def required(self) -> "Reading":
        """Return self, or raise the first error and name the number of others."""
        if not self.errors:
            return self
        first, *others = self.errors
        error = first.error()
        if others:
            error.fix += f"; then {len(others)} more: see `merflow check`"
        raise error


def unpadded(name: str) -> str:
    """Return a name in lower case with unpadded numbers, to compare `S01` with `s1`."""
    return re.sub(r"0*([0-9]+)", r"\1", name.casefold())
