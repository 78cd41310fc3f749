"""Whose face may be shown: generated faces, and subjects with consent.

Consent is written once: in a manifest's column `publishable`, or in the config
(`datasets.<name>.publishable`), for subjects that a dataset's licence lists. It is read when a face
is to be shown, so a consent that is withdrawn holds at once: a manifest's `no` precedes the config.
"""

import os
from pathlib import Path

from merflow.clip import ClipKey
from merflow.config.settings import DatasetEntry
from merflow.datasets.registry import consent_of, is_generated, known_reader, spec_of
from merflow.errors import MerflowError


def publishable_subjects(
    dataset: str, entry: DatasetEntry, project: Path = Path()
) -> frozenset[str]:
    """Return the recorded subjects of a dataset that may be shown.

    project: folder that relative dataset roots start from.
    """
    listed = spec_of(known_reader(dataset, entry)).publishable_subjects | {*entry.publishable}
    answers = consent_of(dataset, entry, _root(entry, project))
    agreed = {subject for subject, answer in answers.items() if answer}
    return (listed | agreed) - (answers.keys() - agreed)


def may_show(key: ClipKey, entry: DatasetEntry, project: Path = Path()) -> bool:
    """Return whether images of a clip may be shown to others: in a report, preview, remote page."""
    if is_generated(_root(entry, project)):
        return True
    return key.subject in publishable_subjects(key.dataset, entry, project)


def refuse_recorded(key: ClipKey, entry: DatasetEntry, project: Path, fix: str) -> None:
    """Refuse to show a recorded subject without consent; fix: another way, without showing."""
    if may_show(key, entry, project):
        return
    manifest = known_reader(key.dataset, entry) == "manifest"
    written = "publishable: yes in the manifest" if manifest else "the licence lists the subject"
    where = (
        f"write yes into the column publishable of {key.subject}'s row in the manifest"
        if manifest
        else f"write `publishable: [{key.subject}]` under datasets.{key.dataset} in the config and "
        "call `merflow run`"
    )
    raise MerflowError(
        str(key),
        "this is a recorded person, and no consent to show their face is written down",
        f"a generated face, or consent ({written})",
        f"if you have the consent, {where}; {fix}",
    )


def _root(entry: DatasetEntry, project: Path) -> Path:
    return Path(os.path.abspath(project / os.path.expanduser(entry.root)))
