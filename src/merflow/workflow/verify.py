"""Verify results: every file against the records of the jobs, from the raw frames to the report.

Three comparisons: a file with the checksum its job recorded, what a job read with what the job
before it wrote, and the raw frames with those that align or pack read. It writes nothing.
"""

import functools
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from merflow import paths
from merflow.clip import ClipKey
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.run_id import FINAL
from merflow.io import records
from merflow.io.files import PARTIAL
from merflow.io.hdf5 import contents_checksum
from merflow.io.records import Record
from merflow.stage_table import WITH_FILES
from merflow.workflow.run_fingerprints import fold_pixels
from merflow.workflow.verified import Fault, Verified
from merflow.workflow.verify_frames import FrameSums, frame_faults, read_sums_of

AGAIN = "call `merflow verify --remake`, then `merflow run`"
RUN_AGAIN = "call `merflow run`: it makes them again"
MOVE = "merflow reads it nowhere: move it out of results/, or delete it"
STORES = tuple(paths.store(stage.name) for stage in WITH_FILES)
IN_PLACE = (paths.FOLD, paths.store("pack"))
"""Files without which Snakemake would train all folds again: without a record they are refused, and
made again in place."""
PAPER = {paths.record(f"{paths.PAPER_FIGURES}/any")} | {
    paths.record(paths.RESULTS / name) for name in (*paths.METHODS, *paths.CARDS)
}
"""Records of files that the rule of the report writes beside its output."""
FOLDER_OF_RUN = f"{paths.RUN}/{{fold}}/{{file}}"
NO_RESULTS = {".gitkeep", paths.LIVE, ".snakemake_timestamp"}
"""Names of files that are no results; the last one Snakemake leaves in a folder of a storage."""
NOT_RECORDED = {"logs", "benchmarks", "records"}
"""Folders of results/ in which no file is a result."""


def verify(
    results: Path = paths.RESULTS,
    start: Iterable[str] | None = None,
    *,
    contents: bool = True,
    frames: bool = True,
) -> Verified:
    """Return what is right, changed, missing, unknown and absent in a results folder.

    start: only these files and what they were made from. contents: hash HDF5 files whole, not just
    compare the checksum at their end. frames: hash the raw frames too.
    """
    if not results.is_dir():
        raise MerflowError(
            str(results), "no such folder", "a results folder, such as results", "name it"
        )
    check = _Check(results, contents)
    check.read_records(start)
    check.compare_files()
    check.compare_inputs()
    check.compare_pixels()
    if frames:
        frame_faults(results, check.frame_sums(), check.found)
    if start is None:
        check.find_unknown()
    check.found.faults.sort(key=lambda fault: (fault.state, fault.path))
    return check.found


class _Check:
    """One verification. Paths are those of the records, `results/...`, wherever the folder is."""

    def __init__(self, results: Path, contents: bool) -> None:
        self.results, self.contents = results, contents
        self.records: dict[str, Record] = {}
        self.unreadable: set[str] = set()
        self.wrong: set[str] = set()
        self.without: set[str] = set()
        self.found = Verified()

    def at(self, path: str) -> Path:
        """Return the place on disk of a path of the records."""
        return self.results / path.removeprefix(f"{paths.RESULTS}/")

    def fault(
        self, state: str, path: str, what: str, step: str, fix: str, remake: Iterable[str] = ()
    ) -> None:
        """Note a fault; remake: the files that must go so that the next run makes them again."""
        self.found.faults.append(Fault(path, state, what, step, fix, tuple(remake)))

    # Records

    def read_records(self, start: Iterable[str] | None) -> None:
        """Read all records, or those behind some files."""
        if start is None:
            root = self.at(paths.RECORDS)
            names = (p.relative_to(root).as_posix() for p in root.rglob("*.json"))
            for name in sorted(names):
                self._read_record(f"{paths.RECORDS}/{name}")
            return
        waiting = list(start)
        seen: set[str] = {""}
        while waiting:
            path = waiting.pop()
            if (place := paths.record(path)) in seen:
                continue
            seen.add(place)
            if record := self._read_record(place):
                waiting += [*record.read, *_packed_of(record)]
            else:
                self._no_record(path)

    def _read_record(self, place: str) -> Record | None:
        try:
            record = records.read(self.at(place))
        except MerflowError as error:
            self.unreadable.add(place)
            self.fault("changed", place, error.found, "", AGAIN, [place])
            return None
        if record:
            self.records[place] = record
        return record

    def _no_record(self, path: str, why: str = "") -> None:
        """Note that the record of a file is missing, unless the file is, and may be, absent too."""
        place = paths.record(path)
        absent = may_be_absent(path) and not self.at(path).exists()
        if absent or place in self.unreadable or place in self.without:
            return
        self.without.add(place)
        why = why or f"{path} was read by a later job"
        self.fault("missing", place, f"no such record; {why}", "", RUN_AGAIN)

    # Files

    def compare_files(self) -> None:
        """Compare every recorded file with its checksum."""
        wanted = [(place, path) for place, one in self.records.items() for path in one.wrote]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            sums = pool.map(self._checksum, [path for _, path in wanted])
        for (place, path), checksum in zip(wanted, sums, strict=True):
            self._compare_file(place, path, checksum)

    def _checksum(self, path: str) -> str:
        """Return the checksum of a file; why there is none, in words; or "" if it is absent."""
        file = self.at(path)
        try:
            found = records.checksum(file)
            if self.contents and path.endswith(".h5"):
                real = contents_checksum(file)
                return found if real in ("", found) else "its contents differ from its checksum"
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"
        return found

    def _compare_file(self, place: str, path: str, checksum: str) -> None:
        record = self.records[place]
        if paths.record(path) != place:
            what = f"its record {place} names {path}, a file of another job"
            self.fault("changed", place, what, record.step, AGAIN, [place])
        elif checksum == record.wrote[path]:
            self.found.right[record.step] += 1
        elif checksum:
            self.wrong.add(path)
            what = checksum if " " in checksum else "changed since it was written"
            self.fault("changed", path, what, record.step, AGAIN, _again(path, place))
        elif may_be_absent(path):
            self.found.absent[record.step] += 1
        else:
            self.wrong.add(path)
            again = _again(path, place) if place in PAPER else []
            fix = AGAIN if again else RUN_AGAIN
            self.fault("missing", path, "no such file", record.step, fix, again)

    # Inputs

    def compare_inputs(self) -> None:
        """Compare what every job read with what the jobs before it wrote."""
        for place, record in self.records.items():
            other = [path for path in record.read if self._is_other(path, record.read[path])]
            if not other:
                continue
            more = f" and {len(other) - 1} more" if len(other) > 1 else ""
            wrote = sorted(record.wrote)
            what = f"made from another {other[0]} than the one recorded now{more}"
            # Either side may be the changed one: both are made again.
            again = [*wrote, place, *(p for one in other for p in (one, paths.record(one)))]
            self.fault("changed", (wrote or [place])[0], what, record.step, AGAIN, again)

    def _is_other(self, path: str, checksum: str) -> bool:
        place = paths.record(path)
        source = self.records.get(place)
        if source is None:
            self._no_record(path)
            return False
        return source.wrote.get(path) != checksum

    def compare_pixels(self) -> None:
        """Compare the packed clips that each fold was trained on with those packed now."""
        for place, record in self.records.items():
            known = paths.parts(FOLDER_OF_RUN, next(iter(record.wrote), ""))
            file = paths.FOLD.format(**known) if known else ""
            seen = _packed_of(record)
            if not seen or not known or file in self.wrong or not self.at(file).is_file():
                continue
            keys = self._clips(file)
            for path, pixels in seen.items() if keys else ():
                pack = self.records.get(paths.record(path))
                sums = pack.facts.get("clips", {}) if pack else {}
                if pack is None:
                    self._no_record(path)
                elif fold_pixels(keys, sums) != pixels:
                    what = f"trained on other clips than {path} has now"
                    wrote = sorted(record.wrote)
                    again = [*wrote, place, path, paths.record(path)]
                    self.fault("changed", wrote[0], what, record.step, AGAIN, again)

    @functools.cache  # noqa: B019
    def _clips(self, file: str) -> list[ClipKey]:
        """Return the clips of a fold; none of a changed file, which is a fault of its own."""
        try:
            fold = read_fold(self.at(file))
        except (MerflowError, OSError):
            return []
        return [*fold.train, *fold.test]

    def frame_sums(self) -> dict[tuple[str, str], FrameSums]:
        """Return (dataset, subject) -> SHA-256 of the frames that align or pack read.

        Those of align stand below results/frames, where they are as recorded; those of prepared
        clips in the record of the packed file.
        """
        found: dict[tuple[str, str], FrameSums] = {}
        for record in self.records.values():
            for dataset, subjects in record.facts.get("frames", {}).items():
                found |= {(dataset, subject): sums for subject, sums in subjects.items()}
        for path in (path for one in self.records.values() for path in one.wrote):
            known = paths.parts(paths.FRAMES, path)
            if known and path not in self.wrong:
                found[known["dataset"], known["subject"]] = read_sums_of(self.at(path))
        return found

    # Files without a record

    def find_unknown(self) -> None:
        """Find files that no record names."""
        named = {path for one in self.records.values() for path in one.wrote}
        alone: dict[str, list[str]] = {}
        for path in self._files():
            if path in named or not self.at(path).stat().st_size:
                continue  # A job of a run with a storage leaves an empty file for one left out.
            place = paths.record(path) if _made_by_a_job(path) else ""
            if place and place not in self.records and place not in self.unreadable:
                alone.setdefault(place, []).append(path)
            elif place not in self.unreadable:
                self.fault("unknown", path, "no record names it", "", MOVE)
        if alone and not self.records and not self.unreadable:
            why = "made before merflow kept records, or the records were lost"
            self.fault("missing", paths.RECORDS, f"no records: {why}", "", RUN_AGAIN)
            return
        for files in alone.values():
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            self._no_record(files[0], f"nothing shows which job wrote {files[0]}{more}")

    def _files(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self.results):
            here = Path(folder).relative_to(self.results)
            if here == Path():
                folders[:] = sorted(set(folders) - NOT_RECORDED)
            folders[:] = [name for name in folders if name != "tensorboard"]
            for name in sorted(names):
                if name not in NO_RESULTS and not name.startswith(PARTIAL):
                    yield (paths.RESULTS / here / name).as_posix()


def _made_by_a_job(path: str) -> bool:
    """Return whether a job writes files of this path; other .h5 files are the user's."""
    place = paths.record(path)
    return bool(place) and (
        not path.endswith(f"{Path(place).stem}.h5") or any(paths.parts(p, path) for p in STORES)
    )


def _again(path: str, place: str) -> list[str]:
    """Return what must go of a changed file and its record, so that a run makes only it again."""
    if any(paths.parts(pattern, path) for pattern in IN_PLACE):
        return [place]
    if (record := paths.record(path)) in PAPER:  # The rule of the report makes these too.
        return [path, record, paths.REPORT, paths.record(paths.REPORT)]
    # Nothing makes a store again while what was made from it is there: its record stays.
    return [path] if may_be_absent(path) else [path, place]


def may_be_absent(path: str) -> bool:
    """Return whether a file may be deleted: a store, a packed file or a final model."""
    run = paths.parts(FOLDER_OF_RUN, path)
    return (run is not None and run["fold"] == FINAL) or any(paths.parts(p, path) for p in STORES)


def _packed_of(record: Record) -> dict[str, str]:
    """Return packed file -> digest of the clips that a fold was trained on; empty for others."""
    found = record.facts.get("clips") if record.step == "train" else None
    return found if isinstance(found, dict) else {}
