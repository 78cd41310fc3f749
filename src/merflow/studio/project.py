"""The project that a studio shows: its config, catalogue, runs and clip stores, and no other file.

Every path is checked to lie below the project's folder.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from merflow import paths
from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.fingerprints import factor_value
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.datasets.catalogue import read_catalogue
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.evaluation.score_table import factor_rank
from merflow.io.clip_store import Store
from merflow.io.files import safe_join
from merflow.stages.magnify import magnify_clip
from merflow.studio.routing import Missing
from merflow.workflow.cropped import read_annotated
from merflow.workflow.plan import Plan

FACTORS = ("x1", "x10", "x25", "x50")
"""Factors that the page compares."""
CACHE_LIMIT = 10
"""Most clips kept in memory, magnified ones included."""


@dataclass
class Project:
    """A project's folder and a cache of its clips. `root` is absolute and the working folder."""

    root: Path
    config: Path
    _cache: OrderedDict[tuple, ClipArrays] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: dict[tuple, threading.Lock] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the config as it is now, merged with `config/local.yaml` as in the workflow."""
        local = self.root / "config/local.yaml"
        return load(self.config, local) if local.is_file() else load(self.config)

    def plan(self) -> Plan:
        """Return a plan of the settings; no annotation sheet is read."""
        return Plan(self.settings())

    def below(self, *parts: str) -> Path:
        """Return a path below the root, links resolved; refuse one that leads out of it."""
        return safe_join(self.root, *parts, where="request")

    def dataset(self, name: object) -> str:
        """Return the name of a dataset of the config; refuse any other value."""
        if not isinstance(name, str) or name not in self.settings().datasets:
            raise Missing("request", f"no dataset {str(name)[:80]!r} in {self.config.name}")
        return name

    def run(self, folder: object) -> Run:
        """Return the run of the config that has this folder."""
        for run in self.plan().runs():
            if run.folder == folder:
                return run
        raise Missing("request", f"no run {str(folder)[:80]!r} in {self.config.name}")

    def clips(self, dataset: str) -> list[Clip]:
        """Return the clips of a dataset as the last run read them; none before the first run."""
        path = self.catalogue(dataset)
        return read_catalogue(path) if path.is_file() else []

    def catalogue(self, dataset: str) -> Path:
        """Return the path of a dataset's catalogue; the file need not exist."""
        return self.below(*Path(paths.CATALOGUE.format(dataset=self.dataset(dataset))).parts)

    def clip(self, key: ClipKey) -> Clip:
        """Return one clip of the catalogue."""
        for clip in self.clips(key.dataset):
            if clip.key == key:
                return clip
        raise Missing("request", f"no clip {str(key)[:200]!r} in the catalogue")

    def store(self, preparation: str, dataset: str, subject: str) -> Path:
        """Return the path of a subject's cropped clips; the file need not exist."""
        if preparation not in self.settings().preparations:
            raise Missing("request", f"no preparation {preparation[:80]!r} in {self.config.name}")
        return self.below(*Path(paths.cropped(preparation, dataset, subject)).parts)

    def factors(self) -> list[str]:
        """Return the factors that the page compares: `FACTORS` and those of the experiments."""
        entries = self.settings().experiments.values()
        used = {part for entry in entries for factor in entry.factors for part in factor.split("+")}
        return sorted({*FACTORS, *used}, key=factor_rank)

    def arrays(self, key: ClipKey, preparation: str, factor: str) -> ClipArrays:
        """Return a cropped clip, magnified; the clips used last are kept in memory."""
        if factor not in FACTORS and factor not in (known := self.factors()):
            raise MerflowError("request: factor", f"{factor[:40]!r}", ", ".join(known))
        path = self.store(preparation, *self.clip(key).key.subject_key)
        if not path.is_file():
            fix = "choose the dataset in Data and press Prepare"
            raise Missing(str(key), "this subject has not been cropped yet", fix=fix)
        facts = path.stat()
        name = (key, preparation, factor, facts.st_mtime_ns, facts.st_size)
        with self._lock:
            lock = self._busy.setdefault(name, threading.Lock())
        # The page requests up to 40 frames of one clip at once: one request computes the clip.
        with lock:
            made = self._cache.get(name) or self._read(path, key, preparation, factor)
            with self._lock:
                self._cache[name] = made
                self._cache.move_to_end(name)
                while len(self._cache) > CACHE_LIMIT:
                    self._busy.pop(self._cache.popitem(last=False)[0], None)
        return made

    def _read(self, path: Path, key: ClipKey, preparation: str, factor: str) -> ClipArrays:
        if factor != "x1":
            original = self.arrays(key, preparation, "x1")
            settings = self.settings().preparations[preparation].magnify
            return magnify_clip(original, settings, factor_value(factor))
        with Store(path) as store:
            if key in store.keys:
                return read_annotated(store, store.keys.index(key))
            skipped = {
                tuple(row[:3]): f"skipped at {row.stage}: {row.reason}" for row in store.skipped
            }
        raise Missing(str(key), skipped.get(tuple(key), "not among the subject's cropped clips"))
