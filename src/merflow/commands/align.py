"""`merflow align`: one subject's clips from frames on disk to an aligned clip store."""

from collections.abc import Iterator
from pathlib import Path

from merflow.clip import Clip, ClipArrays
from merflow.commands.options import MaybeConfig, Threads
from merflow.config import fingerprints
from merflow.config.loading import load
from merflow.config.settings import Align, Settings
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.registry import subject_digest
from merflow.errors import MerflowError, SkipClip
from merflow.io.clip_store import Skipped, write_store
from merflow.io.files import refuse_source
from merflow.io.frame_folder import read_clip
from merflow.io.images import is_still
from merflow.progress import track
from merflow.stages.align import align_clip
from merflow.stages.threads import use_threads
from merflow.text import plural
from merflow.workflow.face_finder import load_finder


def align(
    catalogue: Path, out: Path, *, subject: str, config: MaybeConfig = None, threads: Threads = 1
) -> None:
    """Find and align the face in every clip of one SUBJECT of a CATALOGUE.

    Examples:
        merflow align results/catalogue/smic.json s03.h5 --subject s03
        merflow align results/catalogue/samm.json 006.h5 --subject 006 --config config/config.yaml

    Args:
        catalogue: JSON that `merflow catalogue` wrote.
        out: Clip store to write.
        subject: Subject id, as in the catalogue.
    """
    refuse_source(out, catalogue)
    settings = load(config) if config else Settings()
    clips = [clip for clip in read_catalogue(catalogue) if clip.key.subject == subject]
    if not clips:
        raise MerflowError(str(catalogue), f"no clip of subject '{subject}'", "a subject in it")
    aligned = _aligned(clips, settings)
    inputs = {"frames": subject_digest(clips)}
    with use_threads(threads):
        writer = write_store(
            out, "align", aligned, fingerprints.of_stage(settings, "align"), inputs
        )
    print(f"{plural(len(writer.checksums), 'clip')} aligned, {len(writer.skipped)} skipped")


def _aligned(clips: list[Clip], settings: Settings) -> Iterator[ClipArrays | Skipped]:
    finder = load_finder(settings.align.points, settings.align.model)
    for clip in track(clips, "aligning"):
        try:
            yield align_clip(read_clip(clip), _as_long(clip, settings.align), finder)
        except SkipClip as skip:
            yield Skipped(*clip.key, "align", skip.reason)


def _as_long(clip: Clip, chosen: Align) -> Align:
    """Return the settings for a clip: a still is a whole clip of one frame."""
    return chosen.model_copy(update={"min_frames": 1}) if is_still(clip) else chosen
