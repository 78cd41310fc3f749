"""Coverage of the 95% interval over subjects, on the 68 subjects of the composite.

Classifiers of known skill are simulated: every subject has a skill and a bias towards classes,
drawn from normal distributions; given both, predictions for its clips are independent. The truth is
the metric at the expected confusion matrix over that distribution. `fixed` keeps the clips of the
68 subjects; `drawn` draws subjects with their clips again from each dataset.

`--edges` simulates nearly perfect tables, a class without errors and tiny classes instead: fixed
recalls that are the same for all subjects (errors spread evenly over the other classes), or a high
skill.

    python benchmarks/interval_coverage.py --repeats 1000
    python benchmarks/interval_coverage.py --repeats 1000 --edges
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from merflow.evaluation.confidence import interval, resample_weights, shape_rng, weighted_values
from merflow.evaluation.metrics import METRICS, value

from composite_counts import composite

PRIOR = np.log([0.5, 0.3, 0.2])
SKILLS = ((0.5, 0.5), (1.5, 1.0), (3.0, 1.0))
"""(mean, sd over subjects) of the log odds that the true class gains."""
EDGE_RECALLS = (
    (1, 1, 0.9),
    (1, 0.9, 0.9),
    (0.98, 0.98, 0.98),
    (0.995, 0.995, 0.995),
    (1, 0.6, 0.5),
)
EDGE_SKILLS = ((5.0, 1.0), (6.0, 1.0))
PARTS = ("full", "smic", "casme2", "samm")
TINY = np.array([[8, 2, 0]] * 9 + [[8, 2, 1]] * 3), np.zeros(12, np.int64)
"""12 subjects with 96, 24 and 3 clips of three classes."""


def chances(rng, subjects, skill, sd):
    """Return the chance of each answer given the true class, (subjects, 3 true, 3 answers)."""
    gain = skill + sd * rng.standard_normal((subjects, 1, 1))
    lean = 0.5 * sd * rng.standard_normal((subjects, 1, 3))
    raised = np.exp(PRIOR + lean + gain * np.eye(3))
    return raised / raised.sum(-1, keepdims=True)


def skilled(skill, sd):
    """Return a function that draws the chances of subjects with a skill."""
    return lambda rng, subjects: chances(rng, subjects, skill, sd)


def with_recalls(recalls):
    """Return a function that gives all subjects the same recalls."""
    hits = np.diag(np.asarray(recalls, float))
    missed = (1 - hits.diagonal())[:, None] * (1 - np.eye(len(hits))) / (len(hits) - 1)
    return lambda _, subjects: np.broadcast_to(hits + missed, (subjects, *hits.shape))


def true_score(counts, drawn, ratios):
    """Return the metric at the expected confusion matrix, from 200,000 subjects."""
    mean = drawn(np.random.default_rng(1), 200_000).mean(0)
    return float(value(ratios(mean * counts.sum(0)[:, None])))


def percentile(subjects, strata, ratios, resamples):
    """Return the plain percentile interval, for comparison."""
    rng = shape_rng(*subjects.shape, int(subjects.sum()), resamples)
    values = weighted_values(resample_weights(strata, resamples, rng), ratios(subjects))
    return np.quantile(values, [0.025, 0.975])


def bca(subjects, strata, ratios, resamples):
    """Return the bias-corrected and accelerated interval, for comparison."""
    from statistics import NormalDist

    rng = shape_rng(*subjects.shape, int(subjects.sum()), resamples)
    values = weighted_values(resample_weights(strata, resamples, rng), ratios(subjects))
    seen = value(ratios(subjects.sum(0)))
    below = np.clip(np.mean(values < seen) + np.mean(values == seen) / 2, 1e-3, 1 - 1e-3)
    normal = NormalDist()
    bias = normal.inv_cdf(float(below))
    left = value(ratios(subjects.sum(0) - subjects))
    skew = left.mean() - left
    pull = (skew**3).sum() / (6 * max((skew**2).sum(), 1e-12) ** 1.5)
    ends = [bias + normal.inv_cdf(tail) for tail in (0.025, 0.975)]
    return np.quantile(values, [normal.cdf(bias + e / max(1 - pull * e, 1e-3)) for e in ends])


def coverage(counts, strata, drawn, ratios, asked, redraw=False):
    """Return the truth, and per method: coverage and mean width."""
    truth = true_score(counts, drawn, ratios)
    rng = np.random.default_rng([7, len(counts)])
    hits, widths = np.zeros(3), np.zeros(3)
    for _ in range(asked.repeats):
        here = counts
        if redraw:
            groups = [np.flatnonzero(strata == s) for s in np.unique(strata)]
            here = counts[np.concatenate([rng.choice(g, len(g)) for g in groups])]
        subjects = rng.multinomial(here, drawn(rng, len(here)))
        ends = np.array(
            [
                interval(subjects, strata, ratios, resamples=asked.resamples),
                percentile(subjects, strata, ratios, asked.resamples),
                bca(subjects, strata, ratios, asked.resamples),
            ]
        )
        hits += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        widths += ends[:, 1] - ends[:, 0]
    return truth, hits / asked.repeats, widths / asked.repeats


def official():
    """Yield (part, setting, counts, strata, chances, subjects drawn again?) of usual tables."""
    for part in PARTS:
        for design in ("fixed", "drawn"):
            for skill, sd in SKILLS:
                name = f"{design}, skill {skill} sd {sd}"
                yield part, name, *composite(part), skilled(skill, sd), design == "drawn"


def edges():
    """Yield the same of nearly perfect tables, classes without errors and tiny classes."""
    known = {part: composite(part) for part in PARTS} | {"tiny": TINY}
    for part, (counts, strata) in known.items():
        for recalls in EDGE_RECALLS:
            name = "recalls " + ", ".join(map(str, recalls))
            yield part, name, counts, strata, with_recalls(recalls), False
        for skill, sd in EDGE_SKILLS:
            yield part, f"skill {skill} sd {sd}", counts, strata, skilled(skill, sd), False


def main():
    """Print the coverage as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--edges", action="store_true")
    asked = parser.parse_args()
    print("| part | classifier | metric | true score | merflow | percentile | BCa |")
    print("|---|---|---|---:|---:|---:|---:|")
    for part, name, counts, strata, drawn, redraw in edges() if asked.edges else official():
        for metric in ("uf1", "uar"):
            truth, hits, widths = coverage(counts, strata, drawn, METRICS[metric], asked, redraw)
            shown = " | ".join(f"{h:.3f} ({w:.2f})" for h, w in zip(hits, widths, strict=True))
            print(f"| {part} | {name} | {metric} | {truth:.3f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
