"""Named columns of all tables of results: name, type and meaning.

A new column is one line here and the code that computes it: files and printed tables follow.
"""

from collections.abc import Iterable, Sequence

from merflow.evaluation.schema import BLOCK, PAGE, SHEET, Column, Label, Schema

CLIP = (
    Column("dataset", str, "name of the dataset in the config"),
    Column("subject", str, "subject, unique in its dataset"),
    Column("clip", str, "clip, unique in its subject"),
)
RUN = (
    Column("experiment", str, "name in the config", "experiment"),
    Column("method", str, "network, or method without one", "method", (SHEET,)),
    Column("preparation", str, "name in the config", "preparation", (SHEET,)),
    Column("factor", str, "x10, x1+x10; x*: chosen inside each fold", "factor"),
    Column("seed", int, "seed of the training"),
)
PART = (
    Column("n", int, "clips", "clips", (SHEET,)),
    Column("subjects", int, "subjects", "subjects", (SHEET,)),
    Column("effective_subjects", float, "Kish's effective number of subjects",
           "effective subjects", (SHEET,)),
    Column("support", str, "true clips of each class: negative 250, positive 109",
           "clips of each class", (SHEET,)),
)  # fmt: skip
BASELINES = (
    Column("floor_uf1", float, "UF1 of always predicting the largest class"),
    Column("floor_uar", float, "UAR of always predicting the largest class"),
    Column("guess_uf1", float, "mean UF1 of guesses: subjects exchange their true labels"),
    Column("guess_uf1_lo", float, "lower end of the central 95% of these guesses"),
    Column("guess_uf1_hi", float, "upper end of the central 95% of these guesses"),
)
MEASURES = (
    Column("acc", float, "share of clips; flatters the largest class", "accuracy",
           (SHEET, PAGE), 3),
    Column("uf1", float, "mean over classes of F1, folds pooled", "UF1"),
    Column("uf1_lo", float, "lower end of the 95% interval over subjects"),
    Column("uf1_hi", float, "upper end of the 95% interval over subjects"),
    Column("uar", float, "mean over classes of recall, folds pooled", "UAR"),
    Column("uar_lo", float, "lower end of the 95% interval over subjects"),
    Column("uar_hi", float, "upper end of the 95% interval over subjects"),
)  # fmt: skip
JUDGED = (
    Column("chance_p", float, "share of exchanges of whole subjects that do as well", "chance p",
           (BLOCK, SHEET, PAGE), 3),
    Column("note", str, "too few subjects, classes without clips, skipped clips", "note",
           (SHEET, PAGE)),
)  # fmt: skip
SCORES = Schema(
    "scores.csv",
    (
        *RUN,
        Column("protocol", str, "protocol of the folds"),
        Column("scheme", str, "scheme of the classes"),
        Column("part", str, "full, or one dataset"),
        *PART,
        *MEASURES,
        *BASELINES,
        *JUDGED,
    ),
)
"""Scores in [0, 1]; NaN (an empty cell) where undefined. `_lo`, `_hi`: 95% studentised bootstrap
interval over subjects. guess_uf1: mean of 1,000 exchanges in which whole subjects of a dataset
exchange their true labels; _lo, _hi: the central 95% of the same scores. chance_p: share of such
exchanges of the row's own predictions that score at least as well (one-sided)."""

KEY_FRAME_NOISE = Schema(
    "jitter.csv",
    (
        *RUN,
        Column("training_noise", int, "training: distance of its key frames, frames at 200 fps"),
        Column("key_frame_noise", int, "tested clips: distance of their key frames, the same unit"),
        Column("apex", str, "annotated; unknown: the middle of onset and offset"),
        Column("part", str, "full, or one dataset"),
        *PART,
        Column("moved", float, "mean distance that a key frame did move, frames at 200 fps"),
        Column("no_earlier", int, "clips of all parts that have no frames before their onset"),
        Column("no_later", int, "clips of all parts that have no frames after their offset"),
        Column("span_clipped", int, "clips of all parts whose onset or offset met the other"),
        Column("apex_clipped", int, "clips of all parts whose apex left onset..offset"),
        *MEASURES,
        *BASELINES,
        *JUDGED,
    ),
)
"""Scores with moved key frames, as in scores.csv. Counted are the clips whose key frames should
move further than they could."""

UNIT_SCORES = Schema(
    "action_units.csv",
    (
        *RUN,
        Column("protocol", str, "protocol of the folds"),
        Column("part", str, "full, one dataset, or datasets: the mean of their means"),
        Column("unit", str, "AU4; mean: of all units; mean_present: of those that some clip has"),
        Column("n", int, "clips in which the unit is clear; of a mean: clips"),
        Column("subjects", int, "subjects"),
        Column("effective_subjects", float, "Kish's effective number of subjects"),
        Column("positives", int, "clips that have the unit; of a mean: their sum"),
        Column("share", float, "of these clips: expected F1 of a guess by this share"),
        Column("f1", float, "binary F1 of the pooled predictions; a mean: over units"),
        Column("f1_lo", float, "lower end of the 95% interval over subjects"),
        Column("f1_hi", float, "upper end of the 95% interval over subjects"),
        Column("macro_f1", float, "mean of the F1 of present and of absent"),
        Column("precision", float, "of `present`"),
        Column("recall", float, "of `present`"),
        Column("floor_f1", float, "binary F1 of predicting the unit in every clip"),
        Column("floor_macro_f1", float, "macro F1 of the same"),
        Column("guess_f1", float, "mean binary F1 of guesses: subjects exchange their true units"),
        Column("guess_f1_lo", float, "lower end of the central 95% of these guesses"),
        Column("guess_f1_hi", float, "upper end of the central 95% of these guesses"),
        Column("chance_p", float, "share of exchanges of whole subjects that do as well"),
        Column("note", str, "absent units, too few subjects, skipped clips"),
    ),
)
"""Scores of `task: action_units` in [0, 1]; intervals, guesses and chance_p as in SCORES. A unit
that no clip of a part has gets F1 0 and a note; `mean` counts it, as published tables do,
`mean_present` does not."""

UNIT_COUNTS = Schema(
    "action_unit_counts.csv",
    (
        Column("experiment", str, "name in the config"),
        Column("dataset", str, "name of the dataset in the config"),
        Column("unit", str, "AU4; clips: all clips"),
        Column("clips", int, "clips that have the unit, here"),
        Column("published", int, "the same in the table of the CD6ME protocol"),
        Column("difference", int, "here minus published"),
    ),
)

UNIT_CONFUSION = Schema(
    "confusion.csv",
    (
        Column("part", str, "full, or one dataset"),
        Column("unit", str, "AU4"),
        Column("truth", str, "present or absent"),
        Column("predicted", str, "present or absent"),
        Column("clips", int, "clips, zeros included"),
    ),
)

UNIT_POOLED = Schema(
    "pooled.csv",
    (
        *CLIP,
        Column("fold", str, "fold that predicted the clip"),
        Column("truth", str, "true units, AU4+AU12; AU14?: unclear, not scored; none"),
        Column("predicted", str, "units above their threshold; none"),
    ),
)
"""An action unit run's predictions and the truth, followed by a column `p_<class>` for each."""

EFFECTS = Schema(
    "effects.csv",
    (
        Column("experiment", str, "name in the config", "experiment"),
        Column("factor", str, "its factor", "factor"),
        Column("against", str, "the run that it is compared with", "against"),
        Column("part", str, "full, or one dataset", "part"),
        Column("metric", str, "uf1, uar or acc; unit_f1: mean binary F1 of action units"),
        Column("n", int, "clips"),
        Column("subjects", int, "subjects"),
        Column("seeds", int, "seeds that both have"),
        Column("difference", float, "`experiment factor` minus `against`, seeds averaged"),
        Column("lo", float, "lower end of the 95% interval over subjects"),
        Column("hi", float, "upper end of the 95% interval over subjects"),
        Column("p", float, "swap test over subjects, uncorrected"),
        Column("p_holm", float, "the same, Holm-corrected over the table"),
        Column("detectable", float, "smallest true difference seen with 80% power at 5%, by p"),
        Column("note", str, "too few subjects"),
    ),
)
"""Intervals are conditional on the trained folds. `lo`, `hi` and `detectable` are of a single test,
before Holm's correction."""

ABLATION = Schema(
    "ablation",
    tuple(
        column
        for column in EFFECTS.columns
        if column.name in ("experiment", "factor", "difference", "lo", "hi", "p_holm", "note")
    ),
)
"""Full UF1 against the first combination of a grid, NaN where there is none; followed by the
columns of `ablation_columns`."""

COSTS = Schema(
    "cost.csv",
    (
        Column("experiment", str, "name in the config"),
        Column("method", str, "network, or method without one"),
        Column("factor", str, "x10, x1+x10"),
        Column("seed", int, "seed of the training"),
        Column("folds", int, "folds that left a run.json"),
        Column("epochs", float, "median over folds, as all below"),
        Column("training_accuracy", float, "on the training clips, last epoch"),
        Column("parameters", float, "weights of the network"),
        Column("flops", float, "of one clip's forward pass"),
        Column("seconds_a_fold", float, "s, from the start of training to the predictions"),
        Column("seconds_to_first_step", float, "s, of it before the first step"),
        Column("milliseconds_a_clip", float, "ms, one clip's prediction in a full batch"),
        Column("device", str, "device it was trained on"),
        Column("arithmetic", str, "arithmetic levels of its folds"),
    ),
)
"""The cost of each run; NaN where a method does not know it (an SVM's FLOPs)."""

DELIVERED = Schema(
    "delivered.csv",
    (
        Column("preparation", str, "name in the config"),
        *CLIP,
        Column("factor", str, "factor asked for"),
        Column("method", str, "magnification method"),
        Column("peak_px", float, "the input's largest displacement, px at 256 px", csv="g"),
        Column("asked_px", float, "that times the factor, px", csv="g"),
        Column("delivered", float, "factor found in the result; empty: not measured", csv="g"),
        Column("gain", float, "that over the factor asked for", csv="g"),
        Column("expected_gain", float, "what benchmarks lead to expect", csv="g"),
        Column("credible", bool, "whether `delivered` can be trusted"),
        Column("doubt", str, "why not: large (above 25 px at 256 px) or compressed"),
    ),
)

GAINS = Schema(
    "delivered gain",
    (
        Column("preparation", str, "name in the config"),
        Column("factor", str, "factor asked for"),
        Column("method", str, "magnification method"),
        Column("clips", int, "clips"),
        Column("measured", int, "clips in which enough moves to measure"),
        Column("delivered", float, "median over the measured clips"),
        Column("gain", float, "median over the measured clips"),
        Column("credible", int, "measured clips whose gain can be trusted"),
        Column("large", int, "measured clips asked for more than 25 px at 256 px"),
        Column("compressed", int, "measured clips whose frames a video codec predicted"),
    ),
)

SKIPPED = Schema(
    "skipped.csv",
    (
        *CLIP,
        Column("stage", str, "stage that skipped it"),
        Column("reason", str, "why"),
    ),
)

CONFUSION = Schema(
    "confusion.csv",
    (
        Column("part", str, "full, or one dataset"),
        Column("truth", str, "true class"),
        Column("predicted", str, "predicted class"),
        Column("clips", int, "clips, zeros included"),
    ),
)

RANKING = Schema(
    "ranking.csv",
    (
        Column("part", str, "full, or one dataset"),
        Column("class", str, "class, against all others"),
        Column("clips", int, "clips of the class"),
        Column("share", float, "their share: the average precision of a random order"),
        Column("roc_area", float, "area under the ROC curve; empty without clips of both kinds"),
        Column("average_precision", float, "mean precision over the steps of recall"),
    ),
)
RANKING_CURVES = Schema(
    "ranking_curves.csv",
    (
        Column("part", str, "full, or one dataset"),
        Column("class", str, "class, against all others"),
        Column("threshold", float, "clips with at least this probability count; the first is inf"),
        Column("hits", int, "clips of the class among them"),
        Column("false_alarms", int, "other clips among them"),
    ),
)
"""Both curves follow from the counts; the last row of a class has all its clips, and all others."""

PREDICTIONS = Schema("predictions.csv", CLIP)
"""One fold's predictions, followed by a column `p_<class>` for each class."""
POOLED = Schema(
    "pooled.csv",
    (
        *CLIP,
        Column("fold", str, "fold that predicted the clip; empty where unknown"),
        Column("truth", Label, "true class"),
        Column("predicted", Label, "class of the largest probability"),
    ),
)
"""A run's predictions and the truth, followed by `p_<class>` columns where there are any."""


def chances(classes: Sequence[str]) -> list[Column]:
    """Return the probability columns of classes."""
    return [Column(f"p_{name}", float, f"probability of class {name}") for name in classes]


def ablation_columns(settings: Iterable[str], parts: Iterable[str]) -> list[Column]:
    """Return a column for each setting of a grid, and the scores of each part."""
    return [Column(path, str, "value of the setting") for path in settings] + [
        Column(f"{part}_{score}{end}", float, f"{meaning} over seeds")
        for part in parts
        for score in ("uf1", "uar")
        for end, meaning in (("", "mean"), ("_sd", "sd"))
    ]
