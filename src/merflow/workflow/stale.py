"""Stale files: made from something else than the plan would make them from today.

merflow's own check, beside Snakemake's: it compares records with the plan, so it also finds what
changed when Snakemake's notes are lost, copied or touched, or when it looks at times only.
"""

import functools
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from merflow import paths
from merflow.config.source_digest import stage_digest
from merflow.datasets.frame_contents import noted_sums
from merflow.errors import MerflowError
from merflow.evaluation.fold import by_pool
from merflow.io import records
from merflow.io.files import write_text
from merflow.io.records import Record
from merflow.stage_table import WITH_FILES
from merflow.text import plural
from merflow.workflow.changes import changes, follows
from merflow.workflow.expected import Expected, Step
from merflow.workflow.expected_spotting import spotting_steps
from merflow.workflow.plan import Plan
from merflow.workflow.run_fingerprints import pixels_digest

NO_RECORD = "nothing shows what they were made from"
MOST_LINES = 12


class Stale(NamedTuple):
    """Files that a job must make again, and why; follows: because earlier files are stale."""

    step: str
    outputs: tuple[str, ...]
    why: str
    follows: bool = False


class Findings(NamedTuple):
    """stale: in the order of the jobs; other_code: stage -> number of stores of earlier code."""

    stale: list[Stale]
    other_code: dict[str, int]

    @property
    def outputs(self) -> frozenset[str]:
        """All files that must be made again."""
        return frozenset(path for found in self.stale for path in found.outputs)


class Results(NamedTuple):
    """A place of results. exists: tells of a file; record: returns the record at a path, or None.

    found: whether there are any results.
    """

    exists: Callable[[str], bool]
    record: Callable[[str], Record | None]
    found: bool


def find_stale(plan: Plan, results: Results | None = None) -> Findings:
    """Return the files of a plan that are stale, and the stages with stores of earlier code.

    results: where they lie; by default in the working folder.
    """
    found: list[Stale] = []
    codes: dict[str, int] = {}
    where = results or Results(os.path.exists, records.read, Path(paths.RESULTS).is_dir())
    if not where.found:
        return Findings(found, codes)
    expected, known = Expected(plan), _Records(where)
    pixels = _Pixels(expected, known)
    for step in itertools.chain(expected.steps(), spotting_steps(expected)):
        record = known.of(step.outputs[0])
        there = [path for path in step.outputs if where.exists(path)]
        if record is None and not there:
            continue
        if why := _why(step, record, there, known, pixels):
            after = bool(record) and follows(step.name, record.made, step.made)
            after = after and bool(changes(record.made, step.made))
            found.append(Stale(step.name, step.outputs, why, after))
        elif record and there and _other_code(step.name, record):
            codes[step.name] = codes.get(step.name, 0) + 1
    return Findings(found, codes)


class _Records:
    """The records of results, each read once."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._known: dict[str, Record | None] = {}

    def of(self, path: str) -> Record | None:
        """Return the record of a file's job; one that cannot be read counts as none."""
        place = paths.record(path)
        if place not in self._known:
            try:
                self._known[place] = self.results.record(place)
            except MerflowError:
                self._known[place] = None
        return self._known[place]


def _why(
    step: Step,
    record: Record | None,
    there: list[str],
    known: _Records,
    pixels: "_Pixels",
) -> str:
    """Return why the files of a step are stale, or nothing."""
    if record is None:
        return NO_RECORD
    if changed := changes(record.made, step.made):
        frame = changed_frame(step.outputs) if step.name == "align" else ""
        return changed.replace("other frames", frame or "other frames")
    if step.outputs[0] not in there and not step.kept:
        return ""  # Deleted on purpose, or temporary: Snakemake makes it where it is needed.
    exists = known.results.exists
    if missing := [path for path in (*step.outputs, *record.wrote) if not exists(path)]:
        return f"{os.path.basename(missing[0])} was deleted"
    for path, checksum in record.read.items():
        source = known.of(path)
        if source and source.wrote.get(path, checksum) != checksum:
            return f"{os.path.basename(path)} was made again since"
    return pixels.changed(step, record)


class _Pixels:
    """Compares the packed clips that folds were trained on with those packed now."""

    def __init__(self, expected: Expected, known: _Records) -> None:
        self.expected, self.known = expected, known

    def changed(self, step: Step, record: Record) -> str:
        """Return why a trained fold is stale although its settings and frames are the same."""
        seen: Mapping[str, str] = record.facts.get("clips", {})
        found = paths.parts(f"{paths.RUN}/{{fold}}/{{file}}", step.outputs[0])
        for path, digest in seen.items() if found and step.name == "train" else ():
            pack = self.known.of(path)
            if pack and self._now(found["experiment"], found["fold"], path) != digest:
                return f"other pixels in {path}"
        return ""

    def _now(self, experiment: str, fold: str, path: str) -> str:
        return self._digests(experiment, path)[self._pools(experiment)[fold]]

    @functools.cache  # noqa: B019
    def _digests(self, experiment: str, path: str) -> list[str]:
        """Return the digest of the packed clips of each pool of an experiment's folds."""
        pack = self.known.of(path)
        sums = pack.facts.get("clips", {}) if pack else {}
        clips = self.expected.plan.data.labelled(experiment).clips
        found = [sums.get(str(clip.key), "-" * 16) for clip in clips]
        pools = by_pool(self.expected.plan.data.folds(experiment))
        return [pixels_digest(found[i] for i in pool.tolist()) for pool, _ in pools]

    @functools.cache  # noqa: B019
    def _pools(self, experiment: str) -> dict[str, int]:
        """Return the position of each fold's pool."""
        pools = by_pool(self.expected.plan.data.folds(experiment))
        return {fold.name: i for i, (_, some) in enumerate(pools) for fold in some}


def _other_code(step: str, record: Record) -> bool:
    code = record.facts.get("code")
    return bool(code) and step in _STAGES and code != stage_digest(step)


_STAGES = {stage.name for stage in WITH_FILES if stage.name != "pack"}


def changed_frame(outputs: tuple[str, ...]) -> str:
    """Return which frame of a subject has other bytes than align read; empty where none has."""
    known = paths.parts(paths.FRAMES, outputs[-1]) or {}
    try:
        before = json.loads(Path(outputs[-1]).read_text(encoding="utf-8"))
        now = noted_sums(**known)
        for clip, files in before.items():
            for file, checksum in files.items():
                if now[clip][file] != checksum:
                    return f"{'/'.join(known.values())}: {clip}/{file} has other bytes"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return ""


def message(found: Findings, results: Results | None = None) -> str:
    """Return the text that a run starts with: what is stale and why; empty for nothing.

    results: where they lie; by default in the working folder.
    """
    groups: dict[str, list[Stale]] = {}
    for one in found.stale:
        if not one.follows:
            groups.setdefault(one.why, []).append(one)
    lines = [f"  {why}: {_counted(made)}" for why, made in groups.items()]
    kept = (path for path in Path(paths.RECORDS).rglob("*.json") if path.name != "plan.json")
    none = results is None and not any(kept)
    if lines and none and len(groups.get(NO_RECORD, ())) == len(found.stale):
        lines = [
            f"  {plural(len(found.stale), 'job')}, all of them: these results were made before "
            "merflow kept records, or results/records was lost; without its record nothing shows "
            "what a file was made from (CHANGELOG.md)"
        ]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"  and {len(lines) - MOST_LINES} more reasons"]
    if after := [one for one in found.stale if one.follows]:
        lines.append(f"  what depends on these: {_counted(after)}")
    text = "".join(f"{line}\n" for line in ("stale, made again where needed:", *lines) if lines)
    return text + "".join(_code_note(stage, count) for stage, count in found.other_code.items())


def _counted(made: list[Stale]) -> str:
    """Return how many jobs of each command are meant, and the files of a single one."""
    if len(made) == 1:
        (one,) = made
        return os.path.dirname(one.outputs[0]) if one.step == "train" else one.outputs[0]
    steps = Counter(one.step for one in made)
    return ", ".join(f"{count} of {step}" for step, count in steps.items())


def _code_note(stage: str, count: int) -> str:
    return (
        f"note: the code of stage {stage} is not the one that made {plural(count, 'store')} of it; "
        f"to make them again: merflow run -- --forcerun {stage}\n"
    )


def hashing(plan: Plan) -> str:
    """Return a note on the frames that had to be read to plan; empty when there were none."""
    frames = plan.data.frames
    if not frames.hashed:
        return ""
    return (
        f"note: {plural(frames.hashed, 'file')} of frames hashed in {frames.seconds:.1f} s, "
        "because size, times or inode differ from those noted\n"
    )


def mark(found: Findings) -> None:
    """Renew the file that stale jobs have as input (every_rule.smk), newer than all they made."""
    path = Path(paths.STALE)
    if found.stale or not path.exists():
        write_text(path, f"{time.time_ns()}\n")
