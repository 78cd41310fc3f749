"""Tables that a paper may hold: long names, seeds, marks, many datasets, published rows, grids."""

from types import SimpleNamespace

from table_makers import rows, run

from merflow.config.settings import GridMember
from merflow.evaluation.columns import EFFECTS
from merflow.reporting.ablation import ablations
from merflow.reporting.doubt_notes import with_doubts
from merflow.reporting.effects_table import effects_table
from merflow.reporting.paper_tables import FORMS, render_latex
from merflow.reporting.results_table import wide_tables

PROTOCOL = (
    "datasets casme2 (CASME2-coding-20140508.xlsx), samm (SAMM_Micro_FACS_Codes_v2.xlsx), smic "
    "(labels in folder names); scheme three; protocol composite, 68 folds; magnified by phase"
)
GAIN = {"preparation": "grey", "measured": 58, "credible": 11, "large": 47, "compressed": 0}
SEVEN = ("smic", "casme2", "samm", "mmew", "dfme", "casme3", "my_own_recordings")


NAMES = ("plain", "seeds", "doubts", "official", "labels", "seven", "grid", "signs", "schemes")


def paper_cases():
    """Return (tables, tables beside them) by name."""
    plain = rows(run("a"), run("a", "x10"))
    long = rows(run("resnet_3d_magnified_long"), run("resnet_3d_magnified_long", "x10"))
    seeds = rows(*(run(e, f, s) for e in ("cnn", "svm") for f in ("x1", "x1+x10") for s in (0, 1)))
    doubtful = with_doubts(wide_tables(plain, {"a": f"a: {PROTOCOL}"}), [
        SimpleNamespace(factor="x10", method="phase", **GAIN)
    ])  # fmt: skip
    official = plain.assign(scheme="megc2019")
    official.loc[official["part"] == "full", ["n", "subjects"]] = (442, 68)
    names = {"resnet_3d_magnified_long": "Three-dimensional residual network, grey, 64 px"}
    grid = {
        f"cnn-loss={loss}-attention=cbam": GridMember(
            base="cnn", values={"training.loss": loss, "network_settings.attention": "cbam"}
        )
        for loss in ("cross_entropy", "focal")
    }
    gridded = wide_tables(rows(*map(run, grid)), {}, (), grid)
    signs = {"a": "[ours] 3D CNN", "b": "* SVM"}
    schemes = {
        f"cnn-scheme={scheme}-loss={loss}": GridMember(
            base="cnn", values={"scheme": scheme, "training.loss": loss}
        )
        for scheme in ("three", "binary")
        for loss in ("cross_entropy", "focal")
    }
    mixed = rows(*map(run, schemes))
    mixed.loc[mixed["experiment"].str.contains("binary"), "scheme"] = "binary"
    split = wide_tables(mixed, {}, (), schemes)
    # A name without a letter of ASCII leaves nothing of itself in a label.
    unnamed = {"cnn": "é"}
    return {
        "plain": (wide_tables(plain, {"a": f"a: {PROTOCOL}"}), [effects("a")]),
        "seeds": (wide_tables(seeds), [effects("cnn")]),
        "doubts": (doubtful, []),
        "official": (wide_tables(official), []),
        "labels": (wide_tables(long, names=names), [effects("resnet_3d_magnified_long", names)]),
        "seven": (wide_tables(rows(run("a"), datasets=SEVEN, subjects=4)), []),
        "grid": (gridded, ablations(gridded, effects_of("cnn"), grid)),
        "signs": (wide_tables(rows(run("a"), run("b")), names=signs), [effects("a", signs)]),
        "schemes": (split, ablations(split, effects_of("cnn"), schemes, unnamed)),
    }


def effects_of(name):
    entry = {"experiment": name, "factor": "x10", "against": "x1", "metric": "uf1", "n": 18}
    entry |= {"subjects": 6, "seeds": 1, "lo": -0.051, "hi": 0.298, "p": 1.0, "p_holm": 1.0}
    entry |= {"detectable": 0.12, "note": "too few subjects (effective 6.0)"}
    parts = [("full", 0.046), ("casme2", -0.033)]
    return EFFECTS.frame([{**entry, "part": p, "difference": d} for p, d in parts])


def effects(name, names=None):
    return effects_table("Magnification against x1, the same clips", effects_of(name), names or {})


def texts(cases):
    """Return LaTeX by (case, file)."""
    return {
        (case, file): render_latex(tables, beside, form)
        for case, (tables, beside) in cases.items()
        for file, form in FORMS.items()
    }
