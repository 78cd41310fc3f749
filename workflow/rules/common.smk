# The plan (what will be made, and from what) and the words every rule shares.

import shlex
import sys

from snakemake.exceptions import WorkflowError

from merflow import recipes
from merflow.errors import MerflowError
from merflow.plan import start

try:
    # Validates the config, reads the datasets' sheets and folders, and writes the settings of
    # this run to results/config.yaml, where the jobs find them.
    PLAN = start(config)
except MerflowError as error:
    raise WorkflowError(str(error)) from None

MERFLOW = f"{shlex.quote(sys.executable)} -m merflow"
passing = str if PLAN.settings.keep_intermediate else temp
ALIGNED = "results/aligned/{dataset}/{subject}.h5"


wildcard_constraints:
    dataset=r"[^/]+",
    subject=r"[^/]+",
    preparation=r"[^/]+",
    collection=r"[^/]+",
    experiment=r"[^/]+",
    factor=r"x[0-9.e+x]+",
    seed=r"\d+",
    fold=r"[^/]+",
