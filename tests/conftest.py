"""How many examples the property tests look at: 200, or as many as MERFLOW_EXAMPLES says."""

import os
from pathlib import Path

import merflow  # noqa: F401 - first: it fixes the arithmetic level before NumPy loads

# isort: split
from hypothesis import settings

HERE = Path(__file__).parent

settings.register_profile(
    "merflow",
    max_examples=int(os.environ.get("MERFLOW_EXAMPLES", "200")),
    deadline=None,
    derandomize="MERFLOW_EXAMPLES" not in os.environ,
)
settings.load_profile("merflow")

SLOW = ("workflow", "faults", "guides", "test_browser", "test_every_network", "test_fit", "hostile")
"""Parts of the paths of files that take a minute or more."""


def pytest_collection_modifyitems(items):
    """Start slow files first, so that no worker ends long after the others."""
    items.sort(key=lambda item: not any(part in str(item.path.relative_to(HERE)) for part in SLOW))
