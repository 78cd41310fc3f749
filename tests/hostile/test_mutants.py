"""A damaged file gives the same data or a MerflowError: never other data, never a traceback.

MERFLOW_MUTANTS says how many of each kind are tried; `make faults` tries 1,000 and more in all.
"""

import os

import pytest
from mutants import BARE, KINDS, OTHER, REFUSED, outcomes

COUNT = int(os.environ.get("MERFLOW_MUTANTS", "12"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_damaged_file_gives_the_same_data_or_is_refused(tmp_path, kind):
    found = outcomes(kind, tmp_path, COUNT)
    assert sum(found.values()) == COUNT
    assert found[OTHER] == 0 and found[REFUSED] > 0


@pytest.mark.parametrize("kind", BARE, ids=lambda kind: kind.name)
def test_without_checksums_damage_ends_in_no_traceback(tmp_path, kind):
    """What such a file decodes to may be other pixels: docs/reliability.md says how often."""
    assert sum(outcomes(kind, tmp_path, COUNT).values()) == COUNT
