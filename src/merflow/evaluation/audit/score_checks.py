"""Checks of how predictions were chosen and scored."""

from collections import defaultdict

import numpy as np

from merflow.config.settings import SVMS, WITHOUT_EPOCHS
from merflow.evaluation.audit.evidence import NOTE, UNKNOWN, Evidence, Outcome
from merflow.evaluation.confidence import chance_p, permutation_rank, permuted_scores
from merflow.evaluation.metrics import confusion, uf1, unsupported
from merflow.evaluation.score_table import parts_of, subject_numbers
from merflow.evaluation.table_marks import is_oracle

ALPHA = 0.05
"""Significance level: with a larger p a score counts as chance."""


def chosen_on_test(evidence: Evidence) -> Outcome:
    """Are the predictions those of the best epoch on the test subject?"""
    if is_oracle(evidence.table.folds):
        return "fail", "the log that the table was made from keeps the best epoch on the test clips"
    if evidence.epochs is not None:
        return _chosen_epochs(evidence)
    if evidence.log:
        return _chosen_log(evidence)
    if evidence.experiment is not None and evidence.folds:
        return _epochs_of_run(evidence)
    return UNKNOWN, "needs the test predictions, or accuracies, after every epoch"


def _epochs_of_run(evidence: Evidence) -> Outcome:
    training, method = evidence.experiment.training, evidence.experiment.method
    if method == "command":
        return UNKNOWN, "an external program was trained; when it stops is not known here"
    if method in WITHOUT_EPOCHS:
        what = "an SVM" if method in SVMS else "a logistic regression"
        return "pass", f"{what} is one fit, without epochs; no fold file holds a test label"
    if training.stopping == "inner":
        how = "inner folds of training subjects choose the epochs"
    else:
        how = f"every fold ran the {training.epochs} epochs of the config"
        for facts in evidence.facts:
            if facts.get("epochs", training.epochs) != training.epochs:
                fold = facts.get("fold", "?")
                return "fail", f"fold {fold} stopped at {facts['epochs']} of {training.epochs}"
    return "pass", f"{how}; no fold file holds a test label"


def _chosen_epochs(evidence: Evidence) -> Outcome:
    run = evidence.epochs
    same = run.predictions == evidence.table.predicted
    whole = np.flatnonzero(same.all(1))
    pooled = [
        float(uf1(confusion(run.table.truth, a, len(run.table.classes)))) for a in run.predictions
    ]
    last = len(run.predictions) - 1
    if last in whole:
        return "pass", "every prediction is that of the last epoch"
    if len(whole):
        best = pooled[whole[-1]] >= max(pooled)
        words = f"every prediction is that of epoch {whole[-1] + 1} of {last + 1}"
        return ("fail", f"{words}, the best of all on the test") if best else (UNKNOWN, words)
    best = total = 0
    for fold in sorted(set(run.table.folds)):
        rows = [i for i, name in enumerate(run.table.folds) if name == fold]
        right = (run.predictions[:, rows] == run.table.truth[rows]).sum(1)
        used = same[:, rows].all(1)
        total += 1
        best += bool(used.any() and right[used].max() == right.max())
    if best == total:
        return "fail", f"all {total} folds use the epoch that did best on their own test subject"
    return UNKNOWN, f"folds differ in epoch; {best} of {total} use their best on the test"


def _chosen_log(evidence: Evidence) -> Outcome:
    table, curves = evidence.table, defaultdict(dict)
    if not any(table.folds):
        return UNKNOWN, "the table has no column fold, which links the log to clips"
    for line in evidence.log:
        curves[line.fold][line.epoch] = line.accuracy
    last = best = higher = 0
    names = sorted(set(table.folds) & set(curves))
    for fold in names:
        rows = np.array([name == fold for name in table.folds])
        found = np.mean(table.truth[rows] == table.predicted[rows])
        final, top = curves[fold][max(curves[fold])], max(curves[fold].values())
        last += abs(found - final) < 1e-3
        best += abs(found - top) < 1e-3
        higher += top > final + 1e-3
    if not names:
        return UNKNOWN, "the log names none of the table's folds"
    if last == len(names):
        return "pass", f"all {last} folds score as their last epoch does"
    if best == len(names) and higher:
        return "fail", f"all {best} folds score as their best test epoch; {higher} ended lower"
    return UNKNOWN, f"{last} folds score as their last epoch, {best} as their best, of {len(names)}"


def absent_classes(evidence: Evidence) -> Outcome:
    """Has every class true clips, in every part?"""
    found = []
    for part in parts_of(evidence.table):
        missing = unsupported(evidence.table.part(part).matrix, evidence.table.classes)
        found += [f"{part} has no {', '.join(missing)}"] if missing else []
    return (NOTE, "; ".join(found)) if found else ("pass", "every class has clips in every part")


def among_guesses(evidence: Evidence) -> Outcome:
    """Is the score higher than when subjects exchange their predictions?"""
    table = evidence.table
    owner, strata = subject_numbers(table)
    if owner.max() < 1:
        return UNKNOWN, "one subject only"
    scores = permuted_scores(table.truth, table.predicted, owner, strata, len(table.classes))
    score = float(uf1(table.matrix))
    p = chance_p(scores, score)
    words = f"UF1 {score:.3f}, exchanged predictions {scores.mean():.3f}, p {p:.3f}"
    return ("pass" if p <= ALPHA else "fail"), words


def above_permuted(evidence: Evidence) -> Outcome:
    """Does training on permuted labels score as well?"""
    if not evidence.permuted:
        how = " (`--permute 20`)" if evidence.experiment else ", which only a run's folder has"
        return UNKNOWN, f"needs runs with permuted labels{how}"
    score = float(uf1(evidence.table.matrix))
    reached, p = permutation_rank(score, evidence.permuted)
    others = f"mean {np.mean(evidence.permuted):.3f}, highest {max(evidence.permuted):.3f}"
    words = f"{reached} of {len(evidence.permuted)} permuted runs score as well as its "
    words += f"{score:.3f} ({others}), p {p:.3f}"
    if p <= ALPHA:
        return "pass", words
    if reached:
        return "fail", words
    return UNKNOWN, f"{words}: needs at least {round(1 / ALPHA) - 1} permuted runs"
