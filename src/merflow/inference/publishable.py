"""Check that an image may be shown: a generated face, or a subject that the licence allows."""

from pathlib import Path

from merflow.clip import ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import is_generated, known_reader, spec_of
from merflow.errors import MerflowError


def refuse_recorded(key: ClipKey, entry: DatasetEntry, project: Path, fix: str) -> None:
    """Refuse to show a recorded subject; project: folder that dataset roots start from."""
    listed = spec_of(known_reader(key.dataset, entry)).publishable_subjects
    if not is_generated(project / entry.root) and key.subject not in listed:
        raise MerflowError(
            str(key),
            "this is a recorded person, and the licence does not list them as publishable",
            "a generated face, or a subject in the reader's publishable_subjects",
            fix,
        )
