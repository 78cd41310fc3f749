"""The project a studio shows: its config, its clips, its stores; nothing outside its folder."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from merflow.clip import Clip, ClipArrays, ClipKey
from merflow.config.fingerprints import factor_value
from merflow.config.loading import load
from merflow.config.settings import Settings
from merflow.datasets.catalogue import read_catalogue
from merflow.errors import MerflowError
from merflow.io.clip_store import Store
from merflow.io.files import safe_join
from merflow.stages.magnify import magnify_clip
from merflow.studio.responses import Missing
from merflow.workflow.plan import Plan

FACTORS = ("x1", "x10", "x25", "x50")
"""What the page offers to compare."""
KEPT = 10
"""Clips held in memory, magnified ones counted."""


@dataclass
class Project:
    """A project's folder and what of it is in memory. `root` is resolved and the working folder."""

    root: Path
    config: Path
    _held: OrderedDict[tuple, ClipArrays] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: dict[tuple, threading.Lock] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the config as it is now, `config/local.yaml` laid over it as the workflow does."""
        local = self.root / "config/local.yaml"
        return load(self.config, local) if local.is_file() else load(self.config)

    def plan(self) -> Plan:
        """Return a plan that knows settings and names, and has read no sheet."""
        return Plan(self.settings())

    def below(self, *parts: str) -> Path:
        """Return a path below the root, links resolved; refuse what leads out of it."""
        return safe_join(self.root, *parts, where="request")

    def clips(self, dataset: str) -> list[Clip]:
        """Return the clips of a dataset as the last run read them; none before the first run."""
        if dataset not in self.settings().datasets:
            raise Missing("request", f"no dataset {dataset[:80]!r} in {self.config.name}")
        path = self.below("results", "catalogue", f"{dataset}.json")
        return read_catalogue(path) if path.is_file() else []

    def clip(self, key: ClipKey) -> Clip:
        """Return one clip of the catalogue."""
        for clip in self.clips(key.dataset):
            if clip.key == key:
                return clip
        raise Missing("request", f"no clip {str(key)[:200]!r} in the catalogue")

    def store(self, preparation: str, dataset: str, subject: str) -> Path:
        """Return where a subject's cropped clips lie, whether or not they do."""
        if preparation not in self.settings().preparations:
            raise Missing("request", f"no preparation {preparation[:80]!r} in {self.config.name}")
        return self.below("results", preparation, "cropped", dataset, f"{subject}.h5")

    def arrays(self, key: ClipKey, preparation: str, factor: str) -> ClipArrays:
        """Return a cropped clip, magnified; the last few asked for are held in memory."""
        if factor not in FACTORS:
            raise MerflowError("request: factor", f"{factor[:40]!r}", ", ".join(FACTORS))
        path = self.store(preparation, *self.clip(key).key.subject_key)
        if not path.is_file():
            raise Missing(
                str(key),
                "this subject has not been cropped yet",
                fix="Datasets view: Prepare",
            )
        facts = path.stat()
        name = (key, preparation, factor, facts.st_mtime_ns, facts.st_size)
        with self._lock:
            gate = self._busy.setdefault(name, threading.Lock())
        # Forty requests for the frames of one clip come at once: one of them makes it.
        with gate:
            if name not in self._held:
                made = self._make(path, key, preparation, factor)
                with self._lock:
                    self._held[name] = made
                    while len(self._held) > KEPT:
                        self._busy.pop(self._held.popitem(last=False)[0], None)
            with self._lock:
                if name in self._held:
                    self._held.move_to_end(name)
                    return self._held[name]
        return self._make(path, key, preparation, factor)

    def _make(self, path: Path, key: ClipKey, preparation: str, factor: str) -> ClipArrays:
        if factor != "x1":
            still = self.arrays(key, preparation, "x1")
            chosen = self.settings().preparations[preparation].magnify
            return magnify_clip(still, chosen, factor_value(factor))
        with Store(path) as store:
            if key not in store.keys:
                raise Missing(str(key), _why_skipped(store, key))
            return store.read(store.keys.index(key))


def _why_skipped(store: Store, key: ClipKey) -> str:
    for row in store.skipped:
        if tuple(row[:3]) == tuple(key):
            return f"skipped at {row.stage}: {row.reason}"
    return "not among the subject's cropped clips"
