"""The printed tables of action units."""

import numpy as np
import pytest

from merflow.clip import ClipKey
from merflow.evaluation.columns import UNIT_SCORES
from merflow.evaluation.schema import stacked
from merflow.evaluation.score_table import About
from merflow.evaluation.unit_predictions import UnitTable
from merflow.evaluation.unit_scores import sorted_units, unit_score_rows
from merflow.reporting.paper_tables import FORMS, render_latex
from merflow.reporting.render.markdown import markdown
from merflow.reporting.render.text import text
from merflow.reporting.table import words
from merflow.reporting.unit_tables import run_table, unit_tables

CLASSES = ("AU4", "AU12", "AU9")


def table(skill, seed=0):
    """Two datasets of six subjects with four clips; no clip has AU9."""
    keys = [ClipKey(d, f"s{s}", f"c{c}") for d in ("casme2", "samm") for s in range(6)
            for c in range(4)]  # fmt: skip
    truth = (np.random.default_rng(5).random((len(keys), 3)) < [0.4, 0.3, 0.0]).astype(float)
    rng = np.random.default_rng(seed)
    right = rng.random(truth.shape) < skill
    predicted = np.where(right, truth, rng.random(truth.shape) < 0.3) > 0
    return UnitTable.of(keys, CLASSES, truth, predicted, ["f"] * len(keys), predicted * 0.8 + 0.1)


def rows(name, skill, seed=0):
    about = About(name, protocol="cd6me", seed=seed)
    return unit_score_rows(table(skill, seed), about, resamples=100)


def tables(*runs, **options):
    return unit_tables(
        sorted_units(stacked([rows(*run) for run in runs], UNIT_SCORES)), {}, **options
    )


def column(made, heading):
    place = [c.whole for c in made.columns].index(heading)
    return [row[place] for row in made.rows], [row[place] for row in made.foot]


def test_means_and_units_stand_in_two_tables_with_floors_under_them():
    means, units = tables(("good", 0.95), ("bad", 0.5))
    assert "cd6me: mean binary F1, 48 clips of 12 subjects" in means.title
    assert [row[0] for row in means.rows] == ["bad", "good"]
    assert [row[0] for row in means.foot] == ["all present", "guess by shares"]
    own = column(means, "mean")[0]
    assert own[1].value > own[0].value and own[1].mark == "best" and own[0].mark == "second"
    share = column(units, "AU4")[1]
    truth = table(1).truth[:, 0]
    assert share[1].value == pytest.approx(truth.mean())
    assert share[0].value == pytest.approx(2 * truth.mean() / (1 + truth.mean()))
    assert share[2].text == str(int(truth.sum()))


def test_a_unit_that_no_clip_has_is_a_dash_with_a_note_and_still_in_the_mean():
    means, units = tables(("good", 1.0))
    own, floors = column(units, "AU9")
    assert [c.text for c in own] == ["–"] and floors[2].text == "0"
    assert any("no clip has the unit" in note for note in units.notes)
    assert column(means, "mean")[0][0].value == pytest.approx(2 / 3)
    assert column(means, "of those present")[0][0].value == 1
    assert any("AU9: counted as 0" in note for note in means.notes)


def test_seeds_are_averaged_with_their_spread():
    (means, _) = tables(("a", 0.9, 0), ("a", 0.9, 1))
    cell = column(means, "mean")[0][0]
    values = [rows("a", 0.9, seed).query("unit == 'mean' and part == 'full'")["f1"].item()
              for seed in (0, 1)]  # fmt: skip
    assert cell.value == pytest.approx(np.mean(values)) and "±" in cell.rest


def test_runs_on_other_clips_or_protocols_stand_apart():
    made = stacked([rows("a", 0.9), rows("b", 0.9).assign(protocol="loso")], UNIT_SCORES)
    assert len(unit_tables(made, {})) == 4


def test_a_control_is_never_marked_and_one_above_the_guesses_is_named():
    means, _ = tables(("good", 0.9), ("frozen", 1.0), controls={"frozen"})
    cells = dict(zip([r[0] for r in means.rows], column(means, "mean")[0], strict=True))
    assert cells["frozen"].mark == ""
    assert any(note.startswith("frozen x1: a negative control above") for note in means.notes)
    means, _ = tables(("good", 0.9), ("frozen", 0.0), controls={"frozen"})
    assert not any("negative control above" in note for note in means.notes)


def test_every_form_prints_them():
    made = tables(("good", 0.9), ("bad", 0.5))
    for printed in (
        text(made),
        markdown(made),
        *(render_latex([], made, f) for f in FORMS.values()),
    ):
        assert "good" in printed and "AU12" in printed and "all present" in printed


def test_a_run_counts_found_missed_and_false_units():
    one = table(0.9)
    first = run_table(one).rows[0]
    truth, predicted = one.truth[:, 0] > 0, one.predicted[:, 0]
    counts = [truth.sum(), (truth & predicted).sum(), (truth & ~predicted).sum(),
              (~truth & predicted).sum()]  # fmt: skip
    assert [words(cell) for cell in first[1:5]] == [str(c) for c in counts]
