"""How well probabilities rank the clips of a class above the others: ROC and precision-recall.

One class against the rest, over the pooled clips. Clips with equal probabilities enter a curve
together, so their order does not count. A class without clips, or with all clips, has no curve and
an area of NaN. Every fold has its own model, and the probabilities of different models are not on
one scale: an area over pooled folds can be below that of every fold.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ranking:
    """The curves of one class against the rest, from the highest threshold to the lowest.

    thresholds: (P,), the first +inf; hits, false_alarms: (P,) numbers of clips of the class, and of
    others, with at least this probability; positives, negatives: all of them.
    """

    thresholds: np.ndarray
    hits: np.ndarray
    false_alarms: np.ndarray
    positives: int
    negatives: int

    @property
    def defined(self) -> bool:
        """Whether there are clips of the class and others."""
        return bool(self.positives and self.negatives)

    @property
    def share(self) -> float:
        """Share of the class: the average precision of a random order; NaN without clips."""
        count = self.positives + self.negatives
        return self.positives / count if count else float("nan")

    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the false positive rate and the true positive rate of every threshold, 0 to 1."""
        return self.false_alarms / self.negatives, self.hits / self.positives

    def precision_recall(self) -> tuple[np.ndarray, np.ndarray]:
        """Return recall and precision; without a predicted clip the precision counts as 1."""
        predicted = self.hits + self.false_alarms
        return self.hits / self.positives, np.where(
            predicted > 0, self.hits / np.maximum(predicted, 1), 1.0
        )

    @property
    def roc_area(self) -> float:
        """Probability that a clip of the class ranks above another one, ties half; or NaN."""
        if not self.defined:
            return float("nan")
        x, y = self.roc()
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    @property
    def average_precision(self) -> float:
        """Mean precision over the steps of recall, without interpolation; or NaN."""
        if not self.defined:
            return float("nan")
        recall, precision = self.precision_recall()
        return float(np.sum(np.diff(recall) * precision[1:]))


def ranking(of_class: np.ndarray, chances: np.ndarray) -> Ranking:
    """Return the curves of a class; of_class: (N,) bool; chances: (N,) its probabilities."""
    of_class, chances = np.asarray(of_class, bool), np.asarray(chances, np.float64)
    if of_class.shape != chances.shape or of_class.ndim != 1 or np.isnan(chances).any():
        raise ValueError(f"{of_class.shape} truths and {chances.shape} probabilities, none NaN")
    order = np.argsort(-chances, kind="stable")
    sorted_chances, hit = chances[order], of_class[order]
    last = np.flatnonzero(np.append(np.diff(sorted_chances) != 0, True)[: len(hit)])
    hits = np.append(0, np.cumsum(hit)[last])
    false_alarms = np.append(0, np.cumsum(~hit)[last])
    thresholds = np.append(np.inf, sorted_chances[last])
    positives = int(of_class.sum())
    return Ranking(thresholds, hits, false_alarms, positives, len(of_class) - positives)


def rankings(truth: np.ndarray, probabilities: np.ndarray) -> list[Ranking]:
    """Return the curves of every class; probabilities: (N, C).

    truth: (N,) class numbers, or (N, C) 1, 0, and NaN where it is unclear whether a clip has a
    class: such clips are left out of the curves of this class.
    """
    if truth.ndim == 2:
        clear = ~np.isnan(truth)
        columns = zip(truth.T, probabilities.T, clear.T, strict=True)
        return [ranking(t[known] > 0, p[known]) for t, p, known in columns]
    return [ranking(truth == k, probabilities[:, k]) for k in range(probabilities.shape[1])]
