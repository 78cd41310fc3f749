"""Published rows: precision, recall and F1 follow from their counts."""

import pytest

from merflow.evaluation.intervals.counts import Counts, inconsistent, total

PUBLISHED = {
    # MEGC2020 baseline (MDMD), README
    "MDMD CAS(ME)2 micro": (21, 5014, 36, ".0042", ".3684", ".0082"),
    "MDMD CAS(ME)2 macro": (109, 1414, 191, ".0716", ".3633", ".1196"),
    "MDMD CAS(ME)2 overall": (130, 6428, 227, ".0198", ".3641", ".0376"),
    "MDMD SAMM micro": (29, 1407, 130, ".0202", ".1824", ".0364"),
    "MDMD SAMM macro": (22, 334, 321, ".0618", ".0641", ".0629"),
    "MDMD SAMM overall": (51, 1741, 451, ".0285", ".1016", ".0445"),
    # SoftNet-SpotME, released weights
    "SOFTNet CAS(ME)2 micro": (18, 327, 39, ".0522", ".3158", ".0896"),
    "SOFTNet CAS(ME)2 macro": (91, 348, 209, ".2073", ".3033", ".2463"),
    "SOFTNet SAMM micro": (41, 323, 118, ".1126", ".2579", ".1568"),
    "SOFTNet SAMM macro": (60, 231, 273, ".2062", ".1802", ".1923"),
    # MEGC2025 baseline (MEAN), arXiv 2506.15298
    "MEGC2025 SAMM": (6, 217, 202, ".0269", ".0288", ".0278"),
    "MEGC2025 CAS(ME)3": (3, 115, 34, ".0254", ".0811", ".0387"),
}
RERUNS = {
    # MTSN-Spot-ME-MaE, issue 6: runs of a user
    "MTSN CAS(ME)2 micro": (3, 137, 54, ".0305"),
    "MTSN CAS(ME)2 macro": (100, 206, 200, ".3300"),
    "MTSN CAS(ME)2 overall": (103, 343, 254, ".2565"),
    "MTSN SAMM micro": (10, 169, 149, ".0592"),
    "MTSN SAMM macro": (97, 277, 246, ".2706"),
    "MTSN SAMM overall": (107, 446, 395, ".2028"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows_follow_from_their_counts(name):
    tp, fp, fn, precision, recall, f1 = PUBLISHED[name]
    counts = Counts(tp, fp, fn)
    printed = f"{counts.precision:.4f} {counts.recall:.4f} {counts.f1:.4f}"
    assert printed == f"0{precision} 0{recall} 0{f1}"
    printed = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    assert inconsistent(printed, counts.scores()) == {}


@pytest.mark.parametrize("name", RERUNS)
def test_reruns_of_users_follow_from_their_counts(name):
    tp, fp, fn, f1 = RERUNS[name]
    assert f"{Counts(tp, fp, fn).f1:.4f}" == f"0{f1}"


def test_overall_is_the_sum_of_types():
    for dataset in ("CAS(ME)2", "SAMM"):
        kinds = [Counts(*PUBLISHED[f"MDMD {dataset} {kind}"][:3]) for kind in ("micro", "macro")]
        assert total(kinds) == PUBLISHED[f"MDMD {dataset} overall"][:3]


def test_a_claim_that_its_counts_do_not_give_is_flagged():
    found = inconsistent({"recall": 0.185, "f1": 0.2156}, Counts(101, 290, 256).scores())
    assert {name: round(value, 4) for name, value in found.items()} == {
        "recall": 0.2829,
        "f1": 0.2701,
    }
    true = {"precision": None, "recall": 0.2829, "f1": 0.2701}
    assert inconsistent(true, Counts(101, 290, 256).scores()) == {}


def test_rounding_and_cutting_agree_and_another_digit_does_not():
    counts = Counts(2, 1, 1).scores()
    for printed, same in ((0.6667, True), (0.6666, True), (0.6664, False), (0.6669, False)):
        assert (inconsistent({"f1": printed}, counts) == {}) is same


def test_scores_over_nothing_are_zero():
    assert (Counts(0, 0, 0).precision, Counts(0, 0, 4).recall, Counts(0, 3, 4).f1) == (0, 0, 0)
