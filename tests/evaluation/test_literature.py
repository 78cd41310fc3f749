"""The table of published results: sound data, honest ranks, faults found, a user's CSV read."""

import csv
import io
import re
from pathlib import Path

import pytest

from merflow.errors import MerflowError
from merflow.evaluation.literature import columns
from merflow.evaluation.literature.claims import wrong_scores
from merflow.evaluation.literature.groups import Group, Key, check_ranked, groups
from merflow.evaluation.literature.official import COMPOSITE, official_results
from merflow.evaluation.literature.results import (
    Result,
    published,
    read_results,
    results_text,
    sources,
)

CLAIM = "mtsn-claim-casme_sq"


def named(key):
    return next(result for result in published() if result.facts.result == key)


def scored(**values):
    empty = dict.fromkeys(columns.Score._fields)
    return columns.Score(**{**empty, "metric": "m", "part": "all", **values})


def result(key="mine", score=0.99, **facts):
    base = named("svm-linear").facts._replace(result=key, **facts)
    return Result(base, (scored(part="full", metric="UF1 and UAR, pooled", uf1=score),))


def group_of(results, key):
    return next(g for g in groups(results) if key in {r.facts.result for r, _ in g.rows})


def test_every_result_has_a_source_and_scores_that_are_shares():
    assert len(published()) > 80
    for one in published():
        assert one.facts.source in sources()
        for score in one.scores:
            given = [v for v in score[2:] if v is not None]
            assert given, one.facts.result
    assert [one.facts.result for one in published() if not one.scores] == ["mmnet"]


def test_a_choice_on_the_test_is_given_with_its_place_in_code_or_a_thread():
    marked = [r.facts for r in published() if r.facts.epoch == "test"]
    assert {"htnet", "emr-nmer", "capsulenet", "causalnet", "slstt"} <= {f.result for f in marked}
    place = r"\.py|issue \d+|notebook"
    assert all(re.search(place, facts.epoch_place) for facts in marked)


def test_ranked_results_were_not_chosen_on_the_test():
    for group in groups(published()):
        for one, _ in group.ranked:
            assert one.facts.epoch in ("none", "fixed", "inner")
            assert one.facts.settings in ("fixed", "nested", "stated")


def test_the_bar_on_the_official_clips_is_the_linear_svm_on_flow_pictures():
    ranked = group_of(published(), "svm-linear").ranked
    assert [one.facts.result for one, _ in ranked] == [
        "ststnet-port",
        "svm-linear",
        "lbp-top-baseline",
    ]
    full = ranked[1][1]["full"]
    assert (full.uf1, full.uar) == (0.6832, 0.6881)
    assert [one.facts.result for one in official_results(Path("none"))][:3] == [
        one.facts.result for one, _ in ranked
    ]


@pytest.mark.parametrize("column", ["epoch", "settings"])
def test_a_result_chosen_on_the_test_never_enters_the_ranked_part(column):
    planted = result(**{column: "test", f"{column}_place": "train.py:12"})
    group = group_of([*published(), planted], "mine")
    assert "mine" not in {one.facts.result for one, _ in group.ranked}
    reason = next(reason for one, _, reason in group.apart if one.facts.result == "mine")
    assert "chosen on the test" in reason
    forced = Group(Key(*"abcde"), ranked=[(planted, {})])
    with pytest.raises(MerflowError, match=f"'mine': ranked, but its column '{column}' is 'test'"):
        check_ranked(forced)
    honest = group_of([*published(), result()], "mine").ranked[0][0]
    assert honest.facts.result == "mine"


def test_a_result_of_unknown_choice_has_no_rank():
    assert result(epoch="unknown").unranked == "choice of epoch not known"
    assert result(settings="unknown").unranked == "choice of settings not known"


@pytest.mark.parametrize("change", ["sample_list", "protocol", "task"])
def test_only_results_of_the_same_task_clips_and_folds_share_a_table(change):
    value = "spotting" if change == "task" else "another"
    group = group_of([*published(), result(**{change: value})], "mine")
    assert [one.facts.result for one, _ in group.rows] == ["mine"]


def test_only_the_known_false_claim_disagrees_with_its_counts():
    wrong = {one.facts.result for one in published() for s in one.scores if wrong_scores(s)}
    assert wrong == {CLAIM}
    assert wrong == {r.facts.result for r in published() if r.facts.verdict == "inconsistent"}
    faults = wrong_scores(named(CLAIM).scores[0])
    assert faults == ["recall .1850, from the rest .2829", "f1 .2156, from the rest .2701"]


def test_scores_of_intervals_follow_from_their_counts():
    assert not wrong_scores(scored(tp=21, fp=5014, fn=36, precision=0.0042, recall=0.3684))
    assert wrong_scores(scored(tp=21, fp=5014, fn=36, precision=0.0062))
    assert wrong_scores(scored(f1=0.0278, analysis_f1=0.2222, strs=0.0162))
    assert wrong_scores(scored(tp=0, fp=0, fn=4, f1=0.1))


def test_results_written_are_read_again(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(results_text(published()))
    again = {one.facts.result: one for one in read_results(path)}
    for one in published():
        assert again[one.facts.result].facts == one.facts
        if one.scores:
            assert again[one.facts.result].scores == one.scores


def changed(tmp_path, row, **cells):
    """Write own results, two parts of one and another, with cells of one row replaced."""
    own = [result("mine"), result("yours")]
    own[0] = Result(own[0].facts, (*own[0].scores, own[0].scores[0]._replace(part="smic")))
    rows = list(csv.DictReader(io.StringIO(results_text(own))))
    rows[row] |= cells
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("row", "cells", "message"),
    [
        (0, {"uf1": "71.8"}, r"row 2, column 'uf1': '71.8'\n  expected: a share from 0 to 1"),
        (2, {"uf1": "nan"}, "row 4, column 'uf1': 'nan'"),
        (2, {"tp": "1.5"}, r"row 4, column 'tp': '1.5'\n  expected: a whole number"),
        (2, {"epoch": "tset"}, r"row 4, column 'epoch': unknown epoch 'tset' \(did you mean 'test"),
        (2, {"epoch": "test", "epoch_place": ""}, "row 4, column 'epoch_place': no place"),
        (2, {"protocol": ""}, "row 4, column 'protocol': an empty cell"),
        (2, {"part": ""}, "row 4, columns 'metric' and 'part'"),
        (2, {"clips": "many"}, "row 4, column 'clips': 'many'"),
        (1, {"clips": "7"}, "row 3, column 'clips': '7', but '442' in an earlier row"),
        (1, {"part": "full"}, "row 3: part 'full' of result 'mine' a second time"),
    ],
)
def test_a_bad_cell_is_named_with_its_row_and_column(tmp_path, row, cells, message):
    assert len(read_results(changed(tmp_path, 0))) == 2
    with pytest.raises(MerflowError, match=message):
        read_results(changed(tmp_path, row, **cells))


def test_an_unknown_column_is_refused(tmp_path):
    path = changed(tmp_path, 0)
    path.write_text(path.read_text().replace("uf1_lo", "uf1_low", 1))
    with pytest.raises(MerflowError, match=r"uf1_low"):
        read_results(path)


def test_own_results_on_the_official_clips_join_those_beside_a_table(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(results_text([result("mine", 0.7), result("other", sample_list="else")]))
    found = [one.facts.result for one in official_results(path)]
    assert found[1] == "mine" and "other" not in found
    assert all(one.facts.sample_list == COMPOSITE for one in official_results(path))
