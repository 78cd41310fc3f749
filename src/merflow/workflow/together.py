"""Which stores one job makes: preparations that read the same frames, factors of one motion.

A job that writes several stores makes all of them again. So only those are joined that the same
subjects need: a factor that is added later is magnified alone, and no store is made twice.
"""

import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

from merflow import paths, stage_table
from merflow.config.fingerprints import preparation_named
from merflow.workflow.plan import Plan

Batch = tuple[str, ...]
"""Preparations of crop; or a preparation and its factors, of magnify."""
Batches = dict[str, list[Batch]]


def batches(
    plan: Plan, stale: Collection[str], exists: Callable[[str], bool] = os.path.exists
) -> Batches:
    """Return what one job makes for a subject, by stage.

    stale: files that must be made again; exists: tells whether a file is there.
    """

    def needed(path: str, names: dict[str, str]) -> set[tuple[str, str]]:
        """Return the subject, in a set, where a store is missing or stale."""
        here = path not in stale and exists(path)
        return set() if here else {(names["dataset"], names["subject"])}

    crops: dict[str, set] = defaultdict(set)
    factors: dict[tuple[str, str], set] = defaultdict(set)
    for preparation, factor, collection in plan.packs():
        kind = preparation_named(plan.settings, preparation).kind
        last = paths.prepared(preparation, kind, factor)
        magnified = paths.store("magnify") if plan.settings.keep_intermediate else last
        for dataset, subject in plan.data.with_stores(collection):
            names = {"dataset": dataset, "subject": subject}
            cropped = paths.cropped(preparation, dataset, subject)
            crops[preparation] |= {(dataset, subject)} & needed(cropped, names)
            if stage_table.stage_named("magnify") in stage_table.pipeline(kind, factor):
                made = magnified.format(preparation=preparation, factor=factor, **names)
                wanted = needed(last.format(**names), names) | needed(made, names)
                factors[preparation, factor] |= wanted
    joined = [
        (preparation, *group)
        for preparation, pairs in itertools.groupby(sorted(factors), lambda pair: pair[0])
        for group in _alike({f: factors[preparation, f] for _, f in pairs})
    ]
    return {"crop": [*_alike(crops)], "magnify": joined}


def _alike(needed: dict[str, set]) -> Iterator[Batch]:
    """Yield groups of two or more that the same subjects need."""
    groups: dict[frozenset, list[str]] = defaultdict(list)
    for name, subjects in needed.items():
        if subjects:
            groups[frozenset(subjects)].append(name)
    yield from (tuple(group) for group in groups.values() if len(group) > 1)


def text(found: Batches) -> str:
    """Return batches as one word, which Snakemake hands to the processes of its jobs.

    It passes a shell and Snakemake's parser of --config, which takes what looks like YAML for YAML
    (a word that ends with a colon is a mapping): so only commas and slashes, which no name holds.
    """
    return "_" + "/".join(",".join((stage, *batch)) for stage in found for batch in found[stage])


def parsed(word: str) -> Batches:
    """Return the batches that a word of `text` names."""
    found: Batches = {}
    for part in filter(None, word.removeprefix("_").split("/")):
        stage, *batch = part.split(",")
        found.setdefault(stage, []).append(tuple(batch))
    return found
