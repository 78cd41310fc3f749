"""The short form of concurrent_saves.py: no acknowledged save is lost."""

import pytest
from concurrent_saves import PLACES, campaign, lost


@pytest.mark.parametrize("kind", PLACES)
def test_no_acknowledged_save_is_lost(tmp_path, kind):
    found = campaign(kind, tmp_path, 96)
    assert found["lost"] == 0
    assert found["acknowledged"] >= 20
    assert found["acknowledged"] + found["refused"] == found["saves"] == 96


def test_a_lost_save_is_counted():
    assert lost("c", [[0, "a", "b"], [0, "b", "c"]]) == 0
    assert lost("c", [[0, "a", "b"], [0, "a", "c"]]) == 1
    assert lost("a", [[0, "a", "b"]]) == 2
