"""The checks of the audit: name, function, and what to do."""

# ruff: noqa: E501 - one line per check

from collections.abc import Callable
from dataclasses import dataclass

from merflow.evaluation.audit import (
    claim_checks,
    data_checks,
    record_checks,
    score_checks,
    unit_checks,
)
from merflow.evaluation.audit.evidence import Evidence, Outcome


@dataclass(frozen=True, slots=True)
class Check:
    """A check for one known cause of scores that are too good."""

    name: str
    run: Callable[[Evidence], Outcome]
    fix: str


CHECKS = (
    Check("files changed since they were made", record_checks.as_recorded, "see each file with `merflow verify`, make them again with `merflow verify --remake` and snakemake"),
    Check("epoch chosen on the test subject", score_checks.chosen_on_test, "report the last epoch, or choose it on inner folds of training subjects"),
    Check("mean of folds", claim_checks.averaged_folds, "pool the counts of all folds, then score once"),
    Check("another F1 called UF1", claim_checks.wrong_f1, "report macro F1 and the unweighted mean of recalls over the pooled counts"),
    Check("absent classes", score_checks.absent_classes, "say that the class has no clips; it counts as 0"),
    Check("another set of clips", data_checks.other_clips, "name the clips that differ; compare with no published figure"),
    Check("subjects on both sides", data_checks.shared_subjects, "split by (dataset, subject); copies follow their clip"),
    Check("fitted on all clips", data_checks.global_statistics, "fit scaling and features in each fold's training part"),
    Check("tuned on the table", data_checks.tuned_on_the_table, "fix settings before scoring, or choose them inside the folds"),
    Check("noisy labels", data_checks.noisy_labels, "report objective classes beside emotions"),
    Check("too few subjects", data_checks.few_subjects, "read the interval as too narrow; pool datasets or add subjects"),
    Check("key frames out of order", data_checks.key_frames, "correct them in config/errata with a source"),
    Check("pretrained on tested subjects", data_checks.pretrained_on_test, "leave these subjects out of pretraining"),
    Check("protocols mixed", data_checks.mixed_protocols, "print single-set and composite results in separate tables"),
    Check("no better than a guess", score_checks.among_guesses, "treat the score as chance"),
    Check("no better than permuted labels", score_checks.above_permuted, "look for a confound or a leak"),
)  # fmt: skip
_SHARED = (
    "files changed since they were made",
    "epoch chosen on the test subject",
    "subjects on both sides",
    "fitted on all clips",
    "tuned on the table",
    "too few subjects",
    "key frames out of order",
    "pretrained on tested subjects",
)
UNIT_CHECKS = (
    *(check for check in CHECKS if check.name in _SHARED),
    Check("threshold chosen on the test", unit_checks.thresholds, "use 0.5, or choose thresholds on inner folds of training subjects"),
    Check("absent units", unit_checks.absent_units, "say which units have no clips; they count as 0 in the mean"),
    Check("no better than a guess", unit_checks.among_guesses, "treat the score as chance"),
)  # fmt: skip
"""The checks of a run or table of action units."""
