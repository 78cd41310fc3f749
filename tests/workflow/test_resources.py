"""What the jobs of a whole run took stays below what they ask a cluster for."""

import sys

from project import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from job_needs import measured


def test_no_job_took_more_than_it_asks_for(finished, monkeypatch):
    monkeypatch.chdir(finished.folder)
    found = measured(finished.path("results"))
    assert set(found) == {"align", "crop", "magnify", "interpolate", "pack", "train"}
    assert all(rule.covered for rule in found.values()), found
    assert found["train"].memory > 300, "it was measured"
    assert found["align"].jobs == 6
