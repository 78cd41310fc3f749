"""No job of a whole run uses more than it requests from a cluster."""

import sys

from project import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from job_needs import measured


def test_no_job_uses_more_than_it_requests(finished, monkeypatch):
    monkeypatch.chdir(finished.folder)
    found = measured(finished.path("results"))
    assert set(found) == {"align", "crop", "magnify", "interpolate", "pack", "train"}
    assert all(rule.covered for rule in found.values()), found
    assert found["train"].memory > 300, "it was measured"
    assert found["align"].jobs == 6
