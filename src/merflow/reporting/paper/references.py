"""References of the methods paragraph: which work each setting cites, as BibTeX."""

import re
from functools import cache
from importlib.resources import files

DATASETS = {
    **{"smic": "li2013smic", "casme2": "yan2014casme2", "samm": "davison2018samm"},
    **{"casme": "yan2013casme", "casme_sq": "qu2018casmesq", "casme3": "li2023casme3"},
    **{"mmew": "ben2022mmew", "fourdme": "li20224dme", "dfme": "zhao2023dfme"},
    **{"meview": "husak2017meview", "samm_lv": "yap2020sammlv", "jaffe": "lyons1998jaffe"},
    "ktfe": "nguyen2014ktfe",
}
"""Reader -> key; own clips (`manifest`) have none."""
MAGNIFICATION = {
    "phase": "wadhwa2013phase",
    "linear": "wu2012eulerian",
    "lagrangian": "liu2005motion",
}
NETWORKS = {
    "ststnet": "liong2019ststnet",
    "off_apexnet": "gan2019offapexnet",
    "dual_inception": "zhou2019dualinception",
    "htnet": "wang2024htnet",
    "micro_exp_stcnn": "reddy2019stcnn",
    "mmnet": "li2022mmnet",
    "r2plus1d18": "tran2018closer",
    "r3d18": "tran2018closer",
    "rcn_a": "xia2020rcn",
    "resnet18_flow": "he2016resnet",
    "softnet": "liong2021softnet",
    "sssnet": "varanka2023leakage",
    "vgg16_transfer": "simonyan2015vgg",
}
FLOWS = {"tvl1": "zach2007tvl1", "farneback": "farneback2003", "dis": "kroeger2016dis"}
OPTIMISERS = {"adam": "kingma2015adam", "adamw": "loshchilov2019adamw"}
CITED = re.compile(r"\[@([\w]+)\]")


def cite(key: str | None) -> str:
    """Return ` [@key]`, or nothing without a key."""
    return f" [@{key}]" if key else ""


def bibtex(text: str) -> str:
    """Return the BibTeX of all known works that a text cites, in the order of their keys."""
    known = entries()
    return "\n\n".join(known[key] for key in sorted({*CITED.findall(text)} & {*known})) + "\n"


@cache
def entries() -> dict[str, str]:
    """Return every known reference by key, a field to a line."""
    text = files("merflow.reporting.paper").joinpath("references.bib").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if match := re.match(r"@(\w+){(\w+), (.*)}$", line):
            kind, key, rest = match.groups()
            fields = re.split(r", (?=\w+ = {)", rest)
            found[key] = "\n".join([f"@{kind}{{{key},", *(f"  {one}," for one in fields), "}"])
    return found
