"""Corrected marks that experiments use: moved from `config/corrections` into `config/errata`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets import errata
from merflow.datasets.errata import KEY_FRAMES, Correction, Errata
from merflow.datasets.registry import is_generated, read_dataset
from merflow.errors import MerflowError
from merflow.io.file_lock import folder_lock
from merflow.io.files import digest, write_text
from merflow.studio.marks import MarkCorrections, Marks, corrections_text, published
from merflow.studio.project import Project
from merflow.studio.routing import Conflict

Lines = dict[tuple[str, str], tuple[Correction, ...]]


class Change(NamedTuple):
    """What applying does: the lines that move, and both files afterwards."""

    moved: Lines
    errata: Lines
    kept: Lines
    """What stays in the corrections file."""
    version: str
    """Digest of both files before the change."""


@dataclass(frozen=True, slots=True)
class MarkFiles:
    """The corrections and the errata file of a dataset of a project."""

    name: str
    entry: DatasetEntry
    corrections: Path
    errata_folder: Path

    @classmethod
    def of(cls, project: Project, marks: MarkCorrections, name: str) -> "MarkFiles":
        """Return the files of a dataset of the config."""
        entry = project.settings().datasets[project.dataset(name)]
        return cls(name, entry, marks.file(name), project.below("config", "errata"))

    @property
    def generated(self) -> bool:
        """Whether the clips are generated, and have a file of their own."""
        return is_generated(Path(self.entry.root).expanduser())

    @property
    def errata_file(self) -> Path:
        """Return the project's errata file of the dataset."""
        sub = (errata.GENERATED,) if self.generated else ()
        return self.errata_folder.joinpath(*sub, f"{self.name}.csv")

    def applied(self) -> Errata:
        """Return the errata that experiments use now."""
        reader = self.entry.reader or self.name
        return errata.of_dataset(self.name, reader, self.generated, self.errata_folder)

    def sheet(self) -> dict[ClipKey, Marks]:
        """Return the marks of the dataset's clips before any correction; none if it is away."""
        try:
            reading = read_dataset(self.name, self.entry, corrections=Errata())
        except MerflowError:  # Its clips can be looked at without the dataset.
            return {}
        return {clip.key: published(clip) for clip in reading.clips}

    def change(self) -> Change:
        """Return what applying all corrected marks would write."""
        waiting = errata.load(self.name, self.corrections.parent).corrections
        lines, moved, kept = self._own_lines(), {}, {}
        for key, found in waiting.items():
            marks = tuple(one for one in found if one.field in KEY_FRAMES)
            if rest := tuple(one for one in found if one.field not in KEY_FRAMES):
                kept[key] = rest
            if marks:
                moved[key] = marks
                lines[key] = _merged(lines.get(key, ()), marks)
        return Change(moved, lines, kept, self.version())

    def version(self) -> str:
        """Return a digest of both files."""
        return digest([_text(self.corrections), _text(self.errata_file)])

    def _own_lines(self) -> Lines:
        """Return the lines of the project's file; those that come with merflow where it has none.

        The project's file is read in place of the shipped one, so it must hold the same lines.
        """
        if self.generated or (self.entry.reader or self.name) not in (self.name, "manifest"):
            return dict(errata.load(self.name, self.errata_file.parent).corrections)
        return dict(self.applied().corrections)

    def clips_after(self, change: Change) -> list[Clip]:
        """Return the dataset's clips with a change; refuse one that its reader does not apply."""
        merged = dict(self.applied().corrections)
        for key, lines in change.moved.items():
            merged[key] = _merged(merged.get(key, ()), lines)
        reading = read_dataset(self.name, self.entry, corrections=Errata(merged)).required()
        clips = {clip.key[1:]: clip for clip in reading.clips}
        for key, lines in change.moved.items():
            for one in lines:
                clip = clips.get(key)
                shown = None if clip is None else getattr(clip, one.field)
                if ("" if shown is None else str(shown)) != one.now:
                    reader = self.entry.reader or self.name
                    raise MerflowError(
                        f"{self.name}/{'/'.join(key)}",
                        f"reader {reader} shows {one.field} {shown}, not {one.now}",
                        "a clip that the dataset has",
                        f"set the mark again, or delete its line from {self.corrections.name}",
                    )
        return list(reading.clips)


@dataclass(frozen=True, slots=True)
class Undo:
    """Both files before a change (None: absent), and the digest of what it wrote."""

    files: tuple[tuple[Path, str | None], ...]
    version: str


class AppliedMarks:
    """Applies corrected marks, and takes back the last change of each dataset.

    Keeps the marks of a dataset's sheet until the workflow reads the dataset again.
    """

    def __init__(self) -> None:
        self._undo: dict[Path, Undo] = {}
        self._sheets: dict[str, tuple[object, dict[ClipKey, Marks]]] = {}

    def sheet(
        self, files: MarkFiles, clip: Clip, lines: Sequence[Correction], catalogue: Path
    ) -> Marks:
        """Return the marks of a clip in the dataset, before any correction.

        lines: its corrections. Without any, the last run has read what the dataset has; with one,
        only the dataset itself says whether the last run used it, another one, or none.
        """
        if not lines:
            return published(clip)
        version = (files.entry, catalogue.stat().st_mtime_ns)
        kept = self._sheets.get(files.name)
        if kept is None or kept[0] != version or not kept[1]:
            kept = self._sheets[files.name] = (version, files.sheet())
        return kept[1].get(clip.key, published(clip))

    def can_undo(self, files: MarkFiles) -> bool:
        """Return whether the last change of a dataset can be taken back."""
        undo = self._undo.get(files.errata_file)
        return undo is not None and undo.version == files.version()

    def apply(self, files: MarkFiles, version: object) -> Change:
        """Move the corrected marks into the errata; refuse other files than the page has shown."""
        with folder_lock(files.corrections.parent):
            change = files.change()
            if version != change.version:
                raise _changed(files)
            if not change.moved:
                raise MerflowError(files.name, "no corrected mark waits", "a corrected mark")
            files.clips_after(change)
            before = tuple((path, _text(path)) for path in (files.errata_file, files.corrections))
            # In this order: a crash between the two leaves a line in both, which changes nothing.
            write_text(files.errata_file, corrections_text(change.errata))
            write_text(files.corrections, corrections_text(change.kept))
            self._undo[files.errata_file] = Undo(before, files.version())
        return change

    def undo(self, files: MarkFiles) -> None:
        """Write both files as they were before the last change."""
        with folder_lock(files.corrections.parent):
            if not self.can_undo(files):
                raise _changed(files)
            for path, text in reversed(self._undo.pop(files.errata_file).files):
                if text is None:
                    path.unlink(missing_ok=True)
                else:
                    write_text(path, text)


def _changed(files: MarkFiles) -> Conflict:
    return Conflict(
        files.name, f"{files.errata_file.name} or the corrections have changed since",
        fix="look at the marks again; nothing was written",
    )  # fmt: skip


def _merged(old: Sequence[Correction], new: Sequence[Correction]) -> tuple[Correction, ...]:
    """Return lines with new ones in place of those of the same field."""
    before = {one.field: one for one in old}
    fresh = {
        one.field: replace(one, also=before[one.field].also) if one.field in before else one
        for one in new
    }
    return tuple((before | fresh).values())


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
