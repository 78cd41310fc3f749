"""Paired effects as printed: what is corrected, and what the figures are conditional on."""

from table_makers import pooled

from merflow.evaluation.effects import Row, magnification_effects
from merflow.reporting.effects_table import effects_sheet, effects_table
from merflow.reporting.render.text import text

RUNS = {Row("cnn", factor): {0: pooled(number)} for number, factor in enumerate(("x1", "x10"))}


def printed():
    return " ".join(text([effects_table("t", magnification_effects(RUNS))]).split())


def test_every_printed_figure_says_whether_it_is_corrected():
    shown = printed()
    assert "p (Holm)" in shown and "visible, uncorrected" in shown
    assert "before Holm's correction" in shown and "interval over subjects, before corr" in shown


def test_effects_are_conditional_on_the_trained_folds():
    assert "conditional on the trained folds" in printed()
    assert "conditional on the trained folds" in effects_sheet(magnification_effects(RUNS)).notes[0]
