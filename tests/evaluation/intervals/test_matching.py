"""IoU and the three rules, on intervals of one recording."""

import itertools

import numpy as np
import pytest

from merflow.evaluation.intervals.counts import Counts
from merflow.evaluation.intervals.matching import RULES, hits, iou, megc2020, megc_str, one_to_one

SETS = [set(range(a, b + 1)) for a, b in [(1, 10), (6, 15), (1, 4), (1, 8), (20, 20), (3, 3)]]
ENDS = np.array([(min(s), max(s)) for s in SETS])


def spans(*ends):
    return np.array(ends, int).reshape(-1, 2)


def test_iou_counts_frames_inclusively():
    assert iou(spans((1, 10)), spans((6, 15)))[0, 0] == 5 / 15
    assert iou(spans((1, 10)), spans((11, 20)))[0, 0] == 0
    found = iou(ENDS, ENDS)
    for i, j in itertools.product(range(len(SETS)), repeat=2):
        assert found[i, j] == len(SETS[i] & SETS[j]) / len(SETS[i] | SETS[j])


def test_exactly_half_is_a_hit_which_exclusive_ends_would_lose():
    assert hits(iou(spans((1, 4)), spans((1, 8))))[0, 0]
    assert (4 - 1) / (8 - 1) < 0.5
    assert not hits(iou(spans((1, 4)), spans((1, 9))))[0, 0]


@pytest.mark.parametrize(
    ("rule", "counts"),
    [("one-to-one", (1, 0, 1)), ("megc2020", (2, -1, 0)), ("megc-str", (2, 0, 0))],
)
def test_one_prediction_over_two_equal_intervals(rule, counts):
    assert RULES[rule](spans((1, 10)), spans((1, 10), (1, 10)), None).counts == counts


@pytest.mark.parametrize("rule", RULES)
def test_a_prediction_with_only_taken_hits_is_a_false_alarm(rule):
    found = RULES[rule](spans((1, 10), (2, 10)), spans((1, 10)), None)
    assert found.counts == (1, 1, 0)
    assert found.pairs == ((0, 0, 1.0),)
    assert found.false_alarms == (1,)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_predicted_or_annotated(rule):
    nothing = spans()
    assert RULES[rule](nothing, spans((1, 5), (7, 9)), None).counts == (0, 0, 2)
    assert RULES[rule](spans((1, 5), (7, 9)), nothing, None).counts == (0, 2, 0)
    assert RULES[rule](nothing, nothing, None).counts == (0, 0, 0)


def test_one_to_one_finds_the_most_hits():
    # Greedy by IoU would pair the first with the first, and leave the second without a hit.
    predictions, truths = spans((1, 10), (1, 6)), spans((1, 9), (3, 12))
    overlap = iou(predictions, truths)
    assert hits(overlap).tolist() == [[True, True], [True, False]] and overlap.argmax() == 0
    found = one_to_one(predictions, truths)
    assert found.counts == (2, 0, 0)
    assert [pair[:2] for pair in found.pairs] == [(0, 1), (1, 0)]


def test_three_weak_hits_are_preferred_to_two_perfect_ones():
    predictions, truths = spans((1, 5), (0, 9), (3, 12)), spans((0, 9), (3, 12), (8, 12))
    overlap = iou(predictions, truths)
    assert overlap[1, 0] == overlap[2, 1] == 1 and np.trace(overlap) < 2
    assert one_to_one(predictions, truths).counts == (3, 0, 0)


def test_with_confidence_the_surest_prediction_chooses():
    greedy = spans((1, 10), (1, 6)), spans((1, 9), (3, 12))
    assert one_to_one(*greedy, np.array([0.9, 0.1])).counts == (1, 1, 1)
    assert one_to_one(*greedy, np.array([0.1, 0.9])).counts == (2, 0, 0)


def test_of_equally_sure_predictions_the_larger_iou_chooses_in_any_order():
    truths, sure = spans((1, 10)), np.ones(2)
    for ends in (((1, 10), (1, 8)), ((1, 8), (1, 10))):
        (pair,) = one_to_one(spans(*ends), truths, sure).pairs
        assert pair[2] == 1


def test_megc2020_never_matches_an_interval_of_one_frame():
    assert megc2020(spans((5, 5)), spans((5, 5))).counts == (0, 1, 1)
    assert megc_str(spans((5, 5)), spans((5, 5))).counts == (1, 0, 0)


def random_case(rng):
    onsets, lengths = rng.integers(1, 40, 12), rng.integers(1, 15, 12)
    made = np.stack([onsets, onsets + lengths], 1)
    cut = int(rng.integers(1, 11))
    return made[:cut], made[cut:]


def frames(span):
    return set(range(span[0], span[1] + 1))


def hit(one, other):
    return 2 * len(frames(one) & frames(other)) >= len(frames(one) | frames(other))


def most_hits(predictions, truths):
    """The largest matching, by trying every one."""
    if not len(predictions):
        return 0
    first, rest = predictions[0], predictions[1:]
    best = most_hits(rest, truths)
    for t in range(len(truths)):
        if hit(first, truths[t]):
            best = max(best, 1 + most_hits(rest, truths[:t] + truths[t + 1 :]))
    return best


def official_str(predictions, truths):
    free, tp, fp = list(truths), 0, 0
    for one in predictions:
        taken = [t for t in free if hit(one, t)]
        free = [t for t in free if not any(t is gone for gone in taken)]
        tp += len(taken)
        fp += not taken
    return Counts(tp, fp, len(free))


def official_2020(predictions, truths):
    found = sum(any(hit(p, t) for p in predictions) for t in truths)
    return Counts(found, len(predictions) - found, len(truths) - found)


def test_every_rule_agrees_with_a_plain_program():
    rng, differ = np.random.default_rng(0), 0
    for _ in range(300):
        p, t = random_case(rng)
        lists = [[tuple(map(int, row)) for row in rows] for rows in (p, t)]
        tp = most_hits(*lists)
        assert one_to_one(p, t).counts == (tp, len(p) - tp, len(t) - tp)
        assert megc_str(p, t).counts == official_str(*lists)
        assert megc2020(p, t).counts == official_2020(*lists)
        differ += len({one_to_one(p, t).counts, megc_str(p, t).counts, megc2020(p, t).counts}) > 1
    assert differ > 30


def test_the_order_of_rows_matters_to_megc_str_alone():
    rng, changed = np.random.default_rng(1), dict.fromkeys(RULES, 0)
    for _ in range(300):
        p, t = random_case(rng)
        sure = rng.permutation(len(p)).astype(float)
        for name, rule in RULES.items():
            changed[name] += rule(p, t, None).counts != rule(p[::-1], t[::-1], None).counts
        assert one_to_one(p, t, sure).counts == one_to_one(p[::-1], t, sure[::-1]).counts
    assert changed["one-to-one"] == changed["megc2020"] == 0 < changed["megc-str"]


def test_a_threshold_on_the_confidence_changes_no_other_match():
    rng = np.random.default_rng(2)
    for _ in range(100):
        p, t = random_case(rng)
        sure = rng.permutation(len(p)).astype(float)
        kept = np.flatnonzero(sure >= len(p) // 2)
        whole = {pair[:2] for pair in one_to_one(p, t, sure).pairs}
        part = {(int(kept[a]), b) for a, b, _ in one_to_one(p[kept], t, sure[kept]).pairs}
        assert part == {pair for pair in whole if pair[0] in kept}
