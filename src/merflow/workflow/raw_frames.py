"""The dataset's frames of an aligned store, which holds geometry only."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from merflow.clip import Clip, ClipArrays
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents, changed_since, frames_digest
from merflow.errors import FAILED, MerflowError, SkipClip
from merflow.io.clip_store import Store
from merflow.io.frame_folder import read_clip


class RawFrames:
    """The frames of one subject, by clip; the same bytes that align read."""

    def __init__(self, store: Store, catalogue: Path | None) -> None:
        """Compare the frames' contents with what the store was made from."""
        if catalogue is None:
            raise MerflowError(
                str(store.path),
                "holds the geometry of aligned clips and no pixels",
                "--catalogue, the JSON in which the files of their frames stand",
            )
        keys = [*store.keys, *(skip[:3] for skip in store.skipped)]
        owners = {key[:2] for key in keys}
        self._clips = {c.key: c for c in read_catalogue(catalogue) if c.key.subject_key in owners}
        if lost := sorted(key for key in store.keys if key not in self._clips):
            raise MerflowError(
                "--catalogue", f"no clip {lost[0]}", "the catalogue that the store was made from"
            )
        clips = [*self._clips.values()]
        found = frames_digest(clips, FrameContents().sums(clips)) if clips else ""
        if found != store.made_by["inputs"].get("frames", ""):
            raise MerflowError(
                str(store.path),
                "was made from other frames than the dataset holds now",
                "the frames that `merflow align` read",
                "run `merflow align` again, or snakemake, which does so",
            )

    def of(self, clip: ClipArrays) -> ClipArrays:
        """Return an aligned clip with its frames, decoded when they are read."""
        try:
            return replace(clip, frames=read_clip(self._clips[clip.key]).frames)
        except SkipClip as skip:
            raise unreadable(clip, skip) from None

    def check(self) -> None:
        """Refuse frames that were changed while they were read."""
        refuse_changed([*self._clips.values()])


def unreadable(clip: ClipArrays, skip: SkipClip) -> MerflowError:
    """Return the error for frames that align could read and the next stage cannot."""
    return MerflowError(
        str(clip.key),
        f"its frames were read by align and now are not: {skip.reason}",
        "the same frames, readable",
        "check the disk or the network share, then run again",
        code=FAILED,
    )


def refuse_changed(clips: Sequence[Clip]) -> None:
    """Refuse frames that were changed while they were read: nothing shows which were used."""
    if clips and (changed := changed_since(clips)):
        raise MerflowError(
            changed[0],
            "changed while it was read",
            "frames that nobody writes to during a run",
            "run again once the copy is complete",
            code=FAILED,
        )
