"""Run Snakemake with the composite of three look-alikes as the official list of MEGC2019.

The list is not shipped, and look-alikes have clip names of their own. So their composite is put in
the place of the list's digests, and everything else is the workflow as it is.
    python as_official.py FOLDER SNAKEMAKE-OPTIONS...
"""

import sys
from collections import defaultdict
from functools import partial

from snakemake.cli import main

from merflow.config.settings import DatasetEntry
from merflow.datasets import labels, official_composite
from merflow.datasets.registry import read_dataset


def composite(folder: str) -> dict:
    """Return clip key -> class of the look-alikes in a folder, by the scheme's own rules."""
    found = {}
    for name in official_composite.OFFICIAL:
        entry = DatasetEntry(root=f"{folder}/{name}")
        for clip in read_dataset(name, entry, annotations_only=True).clips:
            if class_name := labels.label("megc2019", clip):
                found[clip.key] = class_name
    return found


def official(found: dict) -> dict:
    """Return what `megc2019.OFFICIAL` is, for other clips."""
    grouped = defaultdict(lambda: defaultdict(dict))
    for key, class_name in found.items():
        grouped[key.dataset][key.subject][key] = class_name
    return {
        name: {s: (len(c), official_composite.subject_digest(c)) for s, c in subjects.items()}
        for name, subjects in grouped.items()
    }


if __name__ == "__main__":
    clips = composite(sys.argv[1])
    labels.check_composite = partial(
        official_composite.check_composite,
        official=official(clips),
        digest=official_composite.ids_digest(clips),
    )
    main(sys.argv[2:])
