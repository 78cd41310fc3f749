"""Coverage of the 95% interval over subjects, on the 68 subjects of the composite.

Classifiers of known skill are simulated: every subject has a skill and a bias towards classes,
drawn from normal distributions; given both, predictions for its clips are independent. The truth is
the metric at the expected confusion matrix over that distribution. `fixed` keeps the clips of the
68 subjects; `drawn` draws subjects with their clips again from each dataset.

    python benchmarks/interval_coverage.py --repeats 1000
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


def chances(rng, subjects, skill, sd):
    """Return the chance of each answer given the true class, (subjects, 3 true, 3 answers)."""
    gain = skill + sd * rng.standard_normal((subjects, 1, 1))
    lean = 0.5 * sd * rng.standard_normal((subjects, 1, 3))
    raised = np.exp(PRIOR + lean + gain * np.eye(3))
    return raised / raised.sum(-1, keepdims=True)


def true_score(counts, skill, sd, ratios):
    """Return the metric at the expected confusion matrix, from 200,000 subjects."""
    mean = chances(np.random.default_rng(1), 200_000, skill, sd).mean(0)
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


def coverage(part, design, skill, sd, metric, repeats, resamples):
    """Return the truth, and per method: coverage and mean width."""
    counts, strata = composite(part)
    ratios = METRICS[metric]
    truth = true_score(counts, skill, sd, ratios)
    rng = np.random.default_rng([7, len(counts)])
    hits, widths = np.zeros(3), np.zeros(3)
    for _ in range(repeats):
        here = counts
        if design == "drawn":
            groups = [np.flatnonzero(strata == s) for s in np.unique(strata)]
            here = counts[np.concatenate([rng.choice(g, len(g)) for g in groups])]
        subjects = rng.multinomial(here, chances(rng, len(here), skill, sd))
        ends = np.array(
            [
                interval(subjects, strata, ratios, resamples=resamples),
                percentile(subjects, strata, ratios, resamples),
                bca(subjects, strata, ratios, resamples),
            ]
        )
        hits += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        widths += ends[:, 1] - ends[:, 0]
    return truth, hits / repeats, widths / repeats


def main():
    """Print the coverage as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    asked = parser.parse_args()
    print("| part | subjects | metric | true score | merflow | percentile | BCa |")
    print("|---|---|---|---:|---:|---:|---:|")
    for part in ("full", "smic", "casme2", "samm"):
        for design in ("fixed", "drawn"):
            for metric in ("uf1", "uar"):
                for skill, sd in SKILLS:
                    settings = (part, design, skill, sd, metric, asked.repeats, asked.resamples)
                    truth, hits, widths = coverage(*settings)
                    shown = " | ".join(
                        f"{h:.3f} ({w:.2f})" for h, w in zip(hits, widths, strict=True)
                    )
                    print(f"| {part} | {design} | {metric} | {truth:.2f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
