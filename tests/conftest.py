"""How many examples the property tests look at: 200, or as many as MERFLOW_EXAMPLES says."""

import os

import merflow  # noqa: F401 - first: it fixes the arithmetic level before NumPy loads

# isort: split
from hypothesis import settings

settings.register_profile(
    "merflow",
    max_examples=int(os.environ.get("MERFLOW_EXAMPLES", "200")),
    deadline=None,
    derandomize="MERFLOW_EXAMPLES" not in os.environ,
)
settings.load_profile("merflow")
