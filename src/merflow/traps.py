"""The traps that the audit looks for: a name, a check, and what to do."""

# ruff: noqa: E501 - a trap is a line of the table

from collections.abc import Callable
from dataclasses import dataclass

from merflow import trapclaims as claims
from merflow import trapdata as data
from merflow import trapscores as scores
from merflow.evidence import Answer, Evidence

Check = Callable[[Evidence], Answer]


@dataclass(frozen=True, slots=True)
class Trap:
    """One way in which a score of this field comes out too good, and how it is looked for."""

    name: str
    check: Check
    fix: str


TRAPS = (
    Trap("epoch chosen on the test subject", scores.chosen_on_test, "report the last epoch, or choose it on inner folds of training subjects"),
    Trap("mean of folds", claims.averaged_folds, "pool the counts of all folds, then score once"),
    Trap("another F1 called UF1", claims.wrong_f1, "report macro F1 and the unweighted mean of recalls over the pooled counts"),
    Trap("absent classes", scores.absent_classes, "say that the class has no clips; it counts as 0"),
    Trap("another set of clips", data.other_clips, "name the clips that differ; compare with no published figure"),
    Trap("subjects on both sides", data.shared_subjects, "split by (dataset, subject); copies follow their clip"),
    Trap("fitted on all clips", data.global_statistics, "fit scaling and features in each fold's training part"),
    Trap("tuned on the table", data.tuned_on_the_table, "fix settings beforehand, or choose them inside the folds"),
    Trap("noisy labels", data.noisy_labels, "report objective classes beside emotions"),
    Trap("too few subjects", data.few_subjects, "read the interval as too narrow; pool datasets or add subjects"),
    Trap("key frames out of order", data.key_frames, "correct them in config/errata with a source"),
    Trap("pretrained on tested subjects", data.pretrained_on_test, "leave these subjects out of pretraining"),
    Trap("protocols mixed", data.mixed_protocols, "print single-set and composite results in tables of their own"),
    Trap("no better than a guess", scores.among_guesses, "treat the score as chance"),
    Trap("no better than permuted labels", scores.above_permuted, "look for a shortcut or a leak"),
)  # fmt: skip
