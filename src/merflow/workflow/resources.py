"""Resources of jobs: memory, time and disk, from the measurements in docs/cluster.md.

Every stage holds one clip at a time, and at most MEMORY_LIMIT bytes of it, so memory grows with the
longest clip up to there; time grows with the number of frames.
Sizes come from the catalogue, since on a cluster a subject's stages are asked for before their
input files exist. Megabytes are 10^6 bytes.
"""

import functools
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from merflow import paths
from merflow.clip import Clip
from merflow.config import fingerprints
from merflow.config.settings import Experiment, Pretraining, Spotting
from merflow.frame_buffer import MEMORY_LIMIT
from merflow.io.images import image_size
from merflow.models.training import gpu_choice
from merflow.stage_table import Cost, pipeline, stage_named
from merflow.workflow.plan import Plan

IMAGE = (640, 480)
"""Assumed for videos and for images that do not declare their size (px)."""
RAW_FRAMES = 4
"""Frames of the dataset that cropping holds: one decoded, its visible part in other types."""
GEOMETRY = (10_000, 60)
"""Bytes of an aligned clip, which holds no pixels: in all, and per frame."""
NETWORK_FILE = 0.25
"""Size of the weights of the default network (MB per fold)."""
DEFAULT_INPUT = 10 * 64 * 64
"""Bytes of a clip of the default preparation, for which trainings were timed."""
CLIP_EPOCH = 0.0015
"""Seconds of an idle core of the year 2024 per clip and epoch of the default network, with an input
of `DEFAULT_INPUT`."""
WINDOW, WINDOW_TIMES = 2 * 42 * 42 * 3, 6
"""Bytes of a window of a recording, and how often a training holds them."""
TRAINING = Cost(2500, 12, 0.1)
"""Memory per MB packed, and seconds per clip and epoch; the default network needs a tenth."""
ENGINE = 400
"""MB of Snakemake itself, which runs twice within a cluster job, about 150 MB each time."""
SLACK_MINUTES = 10
"""Minutes for the start of a job and a loaded node."""
SLOWER = 3
"""A node may be this much slower than the measured core."""


def _frames(clip: Clip) -> int:
    return max(1, len(clip.numbers))


@functools.cache
def _image_bytes(clip: Clip) -> int:
    """Return the bytes of one decoded RGB frame, from the header of the clip's first file."""
    try:
        with open(Path(clip.folder) / clip.files[0], "rb") as handle:
            size = image_size(handle.read(65536))
    except (OSError, IndexError):
        size = None
    width, height = size or IMAGE
    return 3 * width * height


def frame_bytes(plan: Plan, preparation: str) -> int:
    """Return the bytes of one frame of the stores from crop to interpolate."""
    crop = fingerprints.preparation_named(plan.settings, preparation).crop
    return crop.working_size**2 * (3 if crop.colour == "rgb" else 1)


def memory(
    plan: Plan,
    stage: str,
    dataset: str,
    subject: str,
    preparation: str = "",
    names: Sequence[str] = (),
) -> int:
    """Return the memory (MB) that a stage of one subject needs.

    names: what the job makes together: preparations of crop, factors of magnify.
    """
    clips = plan.data.of_subject(dataset, subject)
    cost, frames = stage_named(stage).cost, max(map(_frames, clips))
    raw = _image_bytes(max(clips, key=_frames))

    def held(one: int) -> float:
        return min(frames * one, MEMORY_LIMIT) / 1e6

    if stage == "align":
        need = cost.factor * held(raw)
    elif stage == "crop":
        kept = [frame_bytes(plan, name) for name in names or [preparation]]
        need = cost.factor * sum(map(held, kept)) + RAW_FRAMES * raw / 1e6
    else:
        more = max(0, len(names) - 1)
        need = (cost.factor + more) * held(frame_bytes(plan, preparation))
    return round(ENGINE + cost.base + need)


def packing_memory() -> int:
    """Return the memory (MB) that packing needs: one clip at a time, however many there are."""
    return ENGINE + stage_named("pack").cost.base


def minutes(plan: Plan, stage: str, dataset: str, subject: str, stores: int = 1) -> int:
    """Return the time limit of a job that makes so many stores of one subject (minutes)."""
    frames = stores * sum(map(_frames, plan.data.of_subject(dataset, subject)))
    return SLACK_MINUTES + round(SLOWER * stage_named(stage).cost.seconds * frames / 60)


def prepared_bytes(plan: Plan, preparation: str) -> int:
    """Return the bytes of one clip as it is packed."""
    chosen = fingerprints.preparation_named(plan.settings, preparation)
    if chosen.kind == "flow":
        return 2 * 3 * chosen.flow.size**2
    channels = 3 if chosen.crop.colour == "rgb" else 1
    return chosen.interpolate.length * chosen.interpolate.size**2 * channels


def packing_minutes(plan: Plan, collection: str) -> int:
    """Return the time limit of packing a collection (minutes)."""
    return SLACK_MINUTES + round(
        SLOWER * stage_named("pack").cost.seconds * len(plan.data.all_of(collection))
    )


def training_memory(plan: Plan, entry: Experiment | Pretraining, factor: str) -> int:
    """Return the memory (MB) that training needs, with a margin for larger networks."""
    clips = len(plan.data.all_of(entry.collection)) * len(factor.split("+"))
    packed = clips * prepared_bytes(plan, entry.preparation) / 1e6
    return round(ENGINE + TRAINING.base + TRAINING.factor * packed)


def fits(entry: Experiment | Pretraining) -> int:
    """Return how often a fold trains: inner folds choose between settings, and stop a training."""
    inner = 1 + entry.training.inner_folds
    nested = isinstance(entry, Experiment) and entry.chooses_inside
    return (inner if nested else 1) * (inner if entry.training.stopping == "inner" else 1)


def training_minutes(plan: Plan, entry: Experiment | Pretraining, together: int = 1) -> int:
    """Return the time limit of training one fold (minutes).

    together: folds that the job trains one after the other, so that its limit is the sum.
    """
    steps = fits(entry) * len(plan.data.all_of(entry.collection)) * entry.training.epochs
    return math.ceil(3 * SLACK_MINUTES / together) + round(TRAINING.seconds * steps / 60)


def spotting_memory(plan: Plan, entry: Spotting) -> int:
    """Return the memory (MB) that a spotter of a fold needs: the windows it is trained on."""
    every = fingerprints.preparation_named(plan.settings, entry.preparation).windows.every
    frames = sum(map(_frames, plan.data.all_of(entry.collection)))
    kept = entry.method == "keras" and 1 + entry.copies
    return round(ENGINE + TRAINING.base + WINDOW_TIMES * kept * WINDOW * frames / every / 1e6)


def spotting_minutes(plan: Plan, entry: Spotting) -> int:
    """Return the time limit of a spotter of a fold (minutes)."""
    every = fingerprints.preparation_named(plan.settings, entry.preparation).windows.every
    frames = sum(map(_frames, plan.data.all_of(entry.collection)))
    inner = entry.training.inner_folds if entry.threshold == "training" else 0
    steps = frames / every * entry.training.epochs * (1 + inner) * (entry.method == "keras")
    return 3 * SLACK_MINUTES + round(SLOWER * CLIP_EPOCH * steps / 60)


def gpus(entry: Experiment | Pretraining | Spotting) -> int:
    """Return 1 for a method that uses a GPU, unless its training is set to the CPU."""
    method = getattr(entry, "method", "keras")
    return int(method in ("keras", "command", "video_features") and entry.training.device != "cpu")


def takes_turns(plan: Plan, entry: Experiment | Pretraining, factor: str, cores: int) -> bool:
    """Return whether trainings on this machine have to take turns.

    They do on a GPU, and on a processor if the memory is too small for one on every core.
    """
    at_once = max(1, cores // entry.training.threads)
    needed = at_once * training_memory(plan, entry, factor)
    return gpu_choice.possible() or needed > memory_here()


def memory_here() -> float:
    """Return the memory of this machine, or of the container, in MB."""
    limit = Path("/sys/fs/cgroup/memory.max")
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    text = limit.read_text().strip() if limit.is_file() else ""
    return min(pages, int(text) if text.isdecimal() else pages) / 1e6


def gpu_parts(plan: Plan) -> int:
    """Return into how many equal parts a GPU is divided for every `gpu_share` to be whole parts."""
    settings = plan.settings
    entries = [*map(plan.experiment, plan.experiments), *settings.pretrainings.values()]
    entries += settings.spotting.values()
    return math.lcm(*(entry.training.gpu_share for entry in entries if gpus(entry)))


def disk(plan: Plan) -> dict[str, float]:
    """Return stage -> MB that a run may still have to write; files that exist are not counted."""
    found: dict[str, float] = {}
    counted: set[str] = set()
    for stage, path, size in _to_write(plan):
        if path not in counted and not Path(path).exists():
            found[stage] = found.get(stage, 0) + size / 1e6
        counted.add(path)
    return found


def _to_write(plan: Plan) -> Iterator[tuple[str, str, float]]:
    """Yield stage, path and bytes of every large file that the experiments make."""
    for run in plan.runs():
        entry = plan.experiment(run.experiment)
        for factor in run.factor.split("+"):
            yield from _stores(plan, entry.preparation, factor, entry.collection)
        count = len(plan.data.all_of(entry.collection))
        for path in plan.packed(run.experiment, run.factor):
            yield "packed", path, count * prepared_bytes(plan, entry.preparation)
        for fold in plan.data.folds(run.experiment):
            yield "runs", f"{run.folder}/{fold.name}/run.json", NETWORK_FILE * 1e6


def _stores(
    plan: Plan, preparation: str, factor: str, collection: str
) -> Iterator[tuple[str, str, float]]:
    kind = fingerprints.preparation_named(plan.settings, preparation).kind
    stages = [stage for stage in pipeline(kind, factor) if stage.folder][:-1]
    for dataset, subject in plan.data.with_stores(collection):
        clips = plan.data.of_subject(dataset, subject)
        frames = sum(map(_frames, clips))
        names = {"dataset": dataset, "subject": subject}
        names |= {"preparation": preparation, "factor": factor}
        for stage in stages[:-1]:
            if stage.name != "magnify" or plan.settings.keep_intermediate:
                size = frames * frame_bytes(plan, preparation)
                if stage.name == "align":
                    size = GEOMETRY[0] * len(clips) + GEOMETRY[1] * frames
                yield stage.folder, paths.store(stage.name).format(**names), size
        size = len(clips) * prepared_bytes(plan, preparation)
        yield "prepared", paths.store(stages[-1].name).format(**names), size


def disk_report(need: dict[str, float], folder: Path = Path()) -> str:
    """Return one line: what a run may write, and the free disk space."""
    total = sum(need.values())
    free = shutil.disk_usage(folder).free / 1e6
    parts = ", ".join(f"{stage} {_size(size)}" for stage, size in need.items() if size >= 1)
    line = (
        f"disk: up to {_size(total)} to write{f' ({parts})' if parts else ''}; {_size(free)} free"
    )
    if total > free:
        line += "\nwarning: that may not fit; files written before the disk is full are kept"
    return line


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
