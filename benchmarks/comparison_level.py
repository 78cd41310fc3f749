"""How often two equally good classifiers are called different: subject swaps and McNemar.

Both are simulated on the 68 subjects of the composite with the same expected skill; subjects differ
in skill, and each classifier does well or badly on different subjects (sd below, in log odds), like
networks. A test at 5% should call them different 5% of the time.

    python benchmarks/comparison_level.py --repeats 1000
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from merflow.evaluation.metrics import f1_ratios, grouped_confusion
from merflow.evaluation.paired_tests import compare

from composite_counts import composite

PRIOR = np.log([0.5, 0.3, 0.2])


def answers(rng, truth, owner, shared, sd):
    """Return (N,) answers of one classifier: right with log odds that vary by subject."""
    gain = 1.5 + shared + sd * rng.standard_normal(len(shared))
    raised = np.exp(PRIOR + gain[owner, None] * np.eye(3)[truth])
    limits = (raised / raised.sum(1, keepdims=True)).cumsum(1)
    return (rng.random((len(truth), 1)) > limits).sum(1).clip(0, 2)


def mcnemar(truth, one, two):
    """Return the two-sided p of McNemar's test on clips (normal, with continuity correction)."""
    gained = int(np.sum((one != truth) & (two == truth)))
    lost = int(np.sum((one == truth) & (two != truth)))
    if gained + lost == 0:
        return 1.0
    return math.erfc(max(abs(gained - lost) - 1, 0) / math.sqrt(2 * (gained + lost)))


def main():
    """Print, for each sd, how often either test rejects and the interval covers 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    counts, strata = composite()
    owner = np.repeat(np.arange(len(counts)), counts.sum(1))
    truth = np.concatenate([np.repeat([0, 1, 2], row) for row in counts])
    print("| sd of each classifier's own subjects | swap test | interval covers 0 | McNemar |")
    print("|---:|---:|---:|---:|")
    for sd in (0.0, 0.5, 1.0, 1.5):
        swapped = covered = clipwise = 0
        for seed in range(repeats):
            rng = np.random.default_rng([seed, int(10 * sd)])
            shared = rng.standard_normal(len(counts))
            one, two = (answers(rng, truth, owner, shared, sd) for _ in range(2))
            ratios = [[f1_ratios(grouped_confusion(truth, a, owner, 3))] for a in (one, two)]
            found = compare(*ratios, strata)
            swapped += found.p <= 0.05
            covered += found.lo <= 0 <= found.hi
            clipwise += mcnemar(truth, one, two) <= 0.05
        shown = " | ".join(f"{n / repeats:.3f}" for n in (swapped, covered, clipwise))
        print(f"| {sd} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
