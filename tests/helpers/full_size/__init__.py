"""Full-size look-alikes without pictures: the published counts, names and faults of each dataset.

They show what a real folder looks like to a reader, a check or a dry run; no face is drawn.
"""

import importlib

from full_size._form import Expected, FullSize, write
from merflow.errors import unknown

__all__ = ["VARIANTS", "Expected", "FullSize", "plan", "write"]

VARIANTS: dict[str, dict[str, str]] = {
    "smic": {
        **dict.fromkeys(("HS", "HS_cropped", "VIS", "VIS_cropped", "NIR", "NIR_cropped"), "smic"),
        **dict.fromkeys(("HS_E", "VIS_E", "NIR_E"), "smic_e"),
    },
    "casme2": dict.fromkeys(("selected", "raw", "cropped"), "casme2"),
    "samm": dict.fromkeys(("full", "cropped"), "samm"),
    "samm_lv": {"long": "samm_lv"},
    "casme_sq": {
        f"{tree}{kind}": "casme_sq"
        for tree in ("rawpic", "cropped", "selected")
        for kind in ("", "_macro", "_all")
    }
    | {"spotting": "casme_sq"},
    "casme3": {
        **dict.fromkeys(("clips", "long", "clips_depth", "long_depth"), "casme3"),
        **dict.fromkeys(("part_a_macro", "part_a_spotting", "blinks"), "casme3_part_a"),
        "part_b": "casme3_part_b",
        **dict.fromkeys(("part_c", "part_c_spotting"), "casme3_part_c"),
    },
    "casme": dict.fromkeys(("raw", "cropped"), "casme"),
    "dfme": dict.fromkeys(("all", "training", "testA", "testB"), "dfme"),
    "fourdme": dict.fromkeys(("gray", "cropped"), "fourdme"),
    "meview": dict.fromkeys(("all", "clear"), "meview"),
    "mmew": {"micro": "mmew"},
    "jaffe": {"stills": "jaffe"},
    "ktfe": dict.fromkeys(("rgb", "thermal"), "ktfe"),
}
"""dataset -> variant -> the module that plans it; the first variant is the usual one."""


def plan(dataset: str, variant: str = "") -> FullSize:
    """Return the plan of a dataset's look-alike at its published size."""
    if dataset not in VARIANTS:
        raise unknown("--dataset", "look-alike", dataset, VARIANTS)
    variants = VARIANTS[dataset]
    chosen = variant or next(iter(variants))
    if chosen not in variants:
        raise unknown("variant", f"look-alike of {dataset}", chosen, variants)
    return importlib.import_module(f"{__name__}.{variants[chosen]}").plan(chosen)
