"""The data card: which clips of which subjects and classes were tested, and which were skipped."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from merflow.clip import ClipKey
from merflow.datasets.registry import is_generated
from merflow.datasets.unit_labels import words
from merflow.reporting.captions import part_name
from merflow.reporting.html.run_data import Results
from merflow.stages.magnification.credibility import MEANINGS

MOST_SKIPPED = 500


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of the config as its annotations describe it; sources: variant and sheets."""

    name: str
    clips: int
    subjects: int
    frames: list[int]
    rates: list[float]
    images: str
    sources: list[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """The tested clips of one dataset, or of all: of each class, of each subject, and skipped."""

    dataset: str
    clips: int
    of_class: list[int]
    of_subject: list[int]
    skipped: int


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of experiments that test the same clips; total: None for one dataset."""

    scheme: str
    experiments: list[str]
    classes: tuple[str, ...]
    rows: list[Counts]
    total: Counts | None


def data_context(results: Results) -> dict[str, object]:
    """Return the datasets, the classes of each set of experiments, and the skipped clips."""
    skipped = results.skipped
    return {
        "datasets": [dataset(name, results) for name in results.plan.data.datasets()],
        "class_tables": class_tables(results),
        "doubts": ", or ".join(MEANINGS.values()),
        "skipped": skipped,
        "most_skipped": MOST_SKIPPED,
        "skipped_at": [f"{n} at {s}" for s, n in sorted(Counter(r.stage for r in skipped).items())],
    }


def dataset(name: str, results: Results) -> Dataset:
    """Return the facts of one dataset."""
    entry = results.plan.settings.datasets[name]
    clips = results.sheets.get(name) or []
    read = results.read_from.get(name, [entry.sheet])
    sheets = [Path(sheet).name for sheet in read] or ["labels in folder names"]
    return Dataset(
        name=part_name(name),
        clips=len(clips),
        subjects=len({clip["key"][1] for clip in clips}),
        frames=[len(clip["numbers"]) for clip in clips],
        rates=sorted({float(clip["fps"]) for clip in clips}),
        images=images(Path(entry.root)),
        sources=[word for word in (entry.variant, *sheets) if word],
    )


def images(root: Path) -> str:
    """Return what the images of a dataset root show: recorded or generated faces."""
    if is_generated(root):
        return "generated faces (demo)"
    return "recorded" if root.is_dir() else "unknown: its folder is not here"


def class_tables(results: Results) -> list[Classes]:
    """Return one table per scheme and set of tested clips."""
    groups: dict[object, list[str]] = {}
    for name, truth in results.truth.items():
        # Permuted labels are the same clips with the same classes, in other places.
        counts = frozenset(Counter((k.dataset, c) for k, c in truth.items()).items())
        groups.setdefault((_scheme(results, name), counts), []).append(name)
    skipped = {ClipKey(*row[:3]) for row in results.skipped}
    tables = []
    for names in groups.values():
        if truth := results.truth[names[0]]:
            about = results.classes(names[0]), skipped, not _scheme(results, names[0])
            rows = [
                _counts(name, {k: c for k, c in truth.items() if k.dataset == name}, *about)
                for name in sorted({key.dataset for key in truth})
            ]
            total = _counts("", truth, *about) if len(rows) > 1 else None
            scheme = _scheme(results, names[0])
            shown = [results.names.get(name, name) for name in names]
            tables.append(Classes(scheme, shown, about[0], rows, total))
    return tables


def _scheme(results: Results, name: str) -> str:
    """Return the scheme of an experiment; empty for action units, which have none."""
    entry = results.plan.experiment(name)
    return entry.scheme if entry.task == "emotion" else ""


def _counts(
    dataset: str,
    truth: Mapping[ClipKey, str],
    classes: Iterable[str],
    skipped: set[ClipKey],
    many: bool,
) -> Counts:
    """Return the clips of a dataset by class; many: a clip may have several."""
    of_class = words(truth.values()) if many else Counter(truth.values())
    of_subject = Counter(key.subject_key for key in truth)
    return Counts(
        part_name(dataset) if dataset else "all",
        len(truth),
        [of_class[name] for name in classes],
        list(of_subject.values()),
        len(skipped.intersection(truth)),
    )
