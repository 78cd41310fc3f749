"""`merflow align`: one subject's clips from frames on disk to an aligned clip store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from merflow import paths
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.commands.options import Archive, MaybeConfig, Threads
from merflow.config import fingerprints
from merflow.config.planned_settings import stage_settings
from merflow.config.source_digest import stage_digest
from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents, frames_digest
from merflow.errors import MerflowError, SkipClip
from merflow.frame_buffer import NotStored
from merflow.io import records, video
from merflow.io.clip_store import Skipped, write_store
from merflow.io.files import refuse_source, safe_name, write_json
from merflow.io.frame_archive import unpacked
from merflow.io.frame_folder import read_clip
from merflow.io.images import is_still
from merflow.progress import track
from merflow.stages.align import align_clip, aligned_frames
from merflow.stages.key_frames import without_key_frames
from merflow.stages.threads import use_threads
from merflow.text import plural
from merflow.workflow import run_fingerprints
from merflow.workflow.face_finder import load_finder
from merflow.workflow.raw_frames import refuse_changed

if TYPE_CHECKING:
    from merflow.config.planned_settings import Planned
    from merflow.config.settings import Settings


def align(
    catalogue: Path,
    out: Path,
    *,
    subject: str,
    frames: Path | None = None,
    archive: Archive = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Find and align the face in every clip of one SUBJECT of a CATALOGUE.

    OUT holds geometry: landmarks and one transform per frame. `merflow crop` samples the frames.

    Examples:
        merflow align results/catalogue/smic.json s03.h5 --subject s03
        merflow align results/catalogue/samm.json 006.h5 --subject 006 --frames aligned/

    Args:
        catalogue: JSON that `merflow catalogue` wrote.
        out: Clip store to write.
        subject: Subject id, as in the catalogue.
        frames: Folder for aligned pictures, a folder of PNGs per clip; nothing else reads them.
    """
    refuse_source(out, catalogue)
    settings = stage_settings(config)
    clips = [clip for clip in read_catalogue(catalogue) if clip.key.subject == subject]
    if not clips:
        raise MerflowError(str(catalogue), f"no clip of subject '{subject}'", "a subject in it")
    if all(clip.prepared for clip in clips):
        raise MerflowError(
            str(catalogue),
            f"every clip of '{subject}' enters interpolated: there is nothing to align",
            "clips that enter raw, aligned or cropped",
            "give the catalogue to `merflow pack`",
        )
    recipe = fingerprints.of_stage(settings, "align")
    with records.job("align", out) as job, unpacked([archive] if archive else [], clips) as clips:
        aligned = _aligned([clip for clip in clips if not clip.prepared], settings, frames)
        sums = FrameContents(notes=not archive).sums(clips, again=True)
        seen = frames_digest(clips, sums)
        with use_threads(threads):
            writer = write_store(out, "align", aligned, recipe, {"frames": seen})
        if not archive:
            refuse_changed(clips)
        made = run_fingerprints.stage(recipe, seen, {})
        job.done(made, [out, *_sums_beside(out, clips[0].key, sums)], code=stage_digest("align"))
    print(f"{plural(len(writer.checksums), 'clip')} aligned, {len(writer.skipped)} skipped")


def _sums_beside(out: Path, key: ClipKey, sums: dict[str, dict[str, str]]) -> list[str]:
    """Write the checksums of all frames, below results/ only; return the file."""
    owner = {"dataset": key.dataset, "subject": key.subject}
    if records.named(out) != paths.store("align").format(**owner):
        return []
    write_json(paths.FRAMES.format(**owner), sums)
    return [paths.FRAMES.format(**owner)]


def _aligned(
    clips: list[Clip], settings: "Settings | Planned", pictures: Path | None
) -> Iterator[ClipArrays | Skipped]:
    finder = load_finder(settings.align.points, settings.align.model)
    for clip in track(clips, "aligning"):
        try:
            arrays = without_key_frames(read_clip(clip))
            done = align_clip(arrays, settings.align, finder, still=is_still(clip))
        except SkipClip as skip:
            yield Skipped(*clip.key, "align", skip.reason)
            continue
        if pictures:
            folder = pictures / safe_name(clip.key.clip, "--frames")
            video.write(folder, aligned_frames(done), done.fps, done.numbers)
        yield replace(done, frames=NotStored(done.frames.shape))
