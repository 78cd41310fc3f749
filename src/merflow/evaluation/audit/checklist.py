"""The traps that the audit looks for: a name, a check, and what to do."""

# ruff: noqa: E501 - a trap is a line of the table

from collections.abc import Callable
from dataclasses import dataclass

from merflow.evaluation.audit import claim_checks, data_checks, score_checks
from merflow.evaluation.audit.evidence import Answer, Evidence

Check = Callable[[Evidence], Answer]


@dataclass(frozen=True, slots=True)
class Trap:
    """One way in which a score of this field comes out too good, and how it is looked for."""

    name: str
    check: Check
    fix: str


TRAPS = (
    Trap("epoch chosen on the test subject", score_checks.chosen_on_test, "report the last epoch, or choose it on inner folds of training subjects"),
    Trap("mean of folds", claim_checks.averaged_folds, "pool the counts of all folds, then score once"),
    Trap("another F1 called UF1", claim_checks.wrong_f1, "report macro F1 and the unweighted mean of recalls over the pooled counts"),
    Trap("absent classes", score_checks.absent_classes, "say that the class has no clips; it counts as 0"),
    Trap("another set of clips", data_checks.other_clips, "name the clips that differ; compare with no published figure"),
    Trap("subjects on both sides", data_checks.shared_subjects, "split by (dataset, subject); copies follow their clip"),
    Trap("fitted on all clips", data_checks.global_statistics, "fit scaling and features in each fold's training part"),
    Trap("tuned on the table", data_checks.tuned_on_the_table, "fix settings beforehand, or choose them inside the folds"),
    Trap("noisy labels", data_checks.noisy_labels, "report objective classes beside emotions"),
    Trap("too few subjects", data_checks.few_subjects, "read the interval as too narrow; pool datasets or add subjects"),
    Trap("key frames out of order", data_checks.key_frames, "correct them in config/errata with a source"),
    Trap("pretrained on tested subjects", data_checks.pretrained_on_test, "leave these subjects out of pretraining"),
    Trap("protocols mixed", data_checks.mixed_protocols, "print single-set and composite results in tables of their own"),
    Trap("no better than a guess", score_checks.among_guesses, "treat the score as chance"),
    Trap("no better than permuted labels", score_checks.above_permuted, "look for a shortcut or a leak"),
)  # fmt: skip
