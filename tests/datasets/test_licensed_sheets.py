"""Counts of the twelve action units in the licensed sheets, where their folders are at hand.

MERFLOW_DATASETS is a folder of dataset roots named casme2, samm and casme3.
"""

import os
from pathlib import Path

import pytest

from merflow.config.settings import DatasetEntry
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets import unit_labels
from merflow.datasets.registry import read_dataset
from merflow.evaluation.cd6me import COUNTS, UNITS

ROOTS = Path(os.environ.get("MERFLOW_DATASETS", ""))


def counts(name, alternatives="mask"):
    """Return the clips with each of the twelve units, and how many clips nobody coded."""
    root = ROOTS / name
    if not os.environ.get("MERFLOW_DATASETS") or not root.is_dir():
        pytest.skip(f"no folder {name} in MERFLOW_DATASETS")
    clips = read_dataset(name, DatasetEntry(root=str(root))).required().clips
    found = unit_labels.apply(ActionUnitTask(alternatives=alternatives), clips)
    of_unit = unit_labels.words(found.labels)
    return [of_unit[unit] for unit in UNITS], found.left_out[name, unit_labels.UNCODED]


@pytest.mark.parametrize(("alternatives", "total"), [("all", 173), ("mask", 163)])
def test_samm_with_and_without_its_five_choices(alternatives, total):
    assert sum(counts("samm", alternatives)[0]) == total


def test_casme3_part_a_equals_the_published_table_in_every_unit():
    assert tuple(counts("casme3")[0]) == COUNTS["casme3"]


def test_casme2_is_one_of_its_two_releases():
    known = {
        0: [28, 25, 125, 5, 10, 38, 9, 18, 39, 22, 17, 26],
        5: [26, 21, 129, 2, 13, 38, 13, 17, 34, 27, 16, 25],
    }
    found, uncoded = counts("casme2")
    assert found == known[uncoded]
