"""Columns of the table of results, and what their cells may be."""

from collections import namedtuple

from merflow.evaluation.schema import Column

TASKS = ("emotion", "action_units", "spotting", "str")
EPOCHS = {
    "none": "a method without epochs",
    "fixed": "a number of epochs stated before",
    "inner": "chosen on inner folds of the training subjects",
    "test": "chosen on the tested subjects",
    "unknown": "not stated in what was read",
}
SETTINGS = {
    "fixed": "fixed before any score of these clips was seen",
    "nested": "chosen on inner folds of the training subjects",
    "stated": "one value for all folds, stated in code or paper; how it was found is not",
    "test": "chosen on the printed score",
    "unknown": "not stated in what was read",
}
RAN_BY = {
    "authors": "the authors' own print",
    "users": "run again by others",
    "merflow": "computed or scored again by merflow",
    "own": "recorded by `merflow record`",
    "unknown": "not stated in what was read",
}
EVIDENCE = {
    "predictions": "a table of predictions",
    "log": "a log with predictions",
    "notebook": "code with its output",
    "code": "code, and a number",
    "number": "a number only",
}
VERDICTS = {
    "reproduced": "the print follows from the evidence",
    "re-run lower": "runs of others, or the last epoch, score lower",
    "oracle epoch": "the epoch was chosen on the tested subjects",
    "oracle settings": "settings were chosen on the printed score",
    "not comparable": "other clips, folds or score than its neighbours",
    "printed with code": "printed by a notebook that holds the code",
    "computed here": "computed by merflow",
    "counts agree": "the printed scores follow from the printed counts",
    "inconsistent": "the printed scores do not follow from the printed counts",
    "number only": "nothing but the number",
    "own run": "a run of this machine",
}
CHOICES = {
    "task": dict.fromkeys(TASKS, ""),
    "epoch": EPOCHS,
    "settings": SETTINGS,
    "ran_by": RAN_BY,
    "evidence": EVIDENCE,
    "verdict": VERDICTS,
}
"""Columns with a fixed set of cells."""
FACTS = (
    Column("result", str, "key of the result, unique"),
    Column("method", str, "method, as it is printed"),
    Column("year", int, "of publication"),
    Column("commit", str, "commit of the code, or version of merflow"),
    Column("task", str, "emotion, action_units, spotting or str (spot, then recognise)"),
    Column("classes", str, "number of classes"),
    Column("sample_list", str, "name of the list of clips or videos"),
    Column("list_digest", str, "start of the SHA-256 of its sorted ids"),
    Column("clips", int, "clips, or videos"),
    Column("subjects", int, "subjects"),
    Column("sheets", str, "releases of the annotation sheets, and their corrections"),
    Column("protocol", str, "folds"),
    Column("input", str, "input of the method"),
    Column("privileged", str, "annotations of the test clips that the method uses"),
    Column("flow", str, "optical flow"),
    Column("pretraining", str, "sets of a pretraining"),
    Column("epoch", str, "how the epoch was chosen"),
    Column("epoch_place", str, "where that stands: file and lines, or thread"),
    Column("settings", str, "how the settings were chosen"),
    Column("settings_place", str, "where that stands"),
    Column("seeds", str, "seeds, and what is printed of them"),
    Column("floors", str, "scores of guesses and simple methods on the same clips"),
    Column("ran_by", str, "who ran it"),
    Column("parameters", int, "weights of the network"),
    Column("evidence", str, "what the score rests on"),
    Column("verdict", str, "what is to be thought of it"),
    Column("source", str, "key of sources.csv, or text"),
    Column("remark", str, "what else is known"),
)
"""Facts of a result; an empty cell: not known."""
REQUIRED = ("result", "method", *CHOICES, "sample_list", "protocol", "source")
SHARES = (
    Column("acc", float, "accuracy"),
    Column("uf1", float, "mean over classes of F1"),
    Column("uf1_lo", float, "lower end of its 95% interval"),
    Column("uf1_hi", float, "upper end of its 95% interval"),
    Column("uar", float, "mean over classes of recall"),
    Column("uar_lo", float, "lower end of its 95% interval"),
    Column("uar_hi", float, "upper end of its 95% interval"),
    Column("f1", float, "F1: mean over action units, or of intervals"),
    Column("f1_lo", float, "lower end of its 95% interval"),
    Column("f1_hi", float, "upper end of its 95% interval"),
    Column("precision", float, "precision of intervals"),
    Column("recall", float, "recall of intervals"),
)
COUNTS = (
    Column("tp", int, "true positives: intervals found"),
    Column("fp", int, "false positives"),
    Column("fn", int, "false negatives: intervals missed"),
)
ANALYSIS = (
    Column("analysis_precision", float, "mean precision of the emotions of found intervals"),
    Column("analysis_recall", float, "mean recall of the emotions of found intervals"),
    Column("analysis_f1", float, "their harmonic mean"),
    Column("strs", float, "F1 of intervals times analysis F1"),
)
VALUES = (*SHARES, *COUNTS, *ANALYSIS)
SCORES = (
    Column("result", str, "key of the result"),
    Column("metric", str, "flavour of the score, and of the matching"),
    Column("part", str, "full, a dataset, micro, macro, all, a mean"),
    *VALUES,
)
JOINED = (*FACTS, *SCORES[1:])
"""Columns of a file with facts and scores: one row for each result, metric and part."""

Facts = namedtuple("Facts", [column.name for column in FACTS])
Score = namedtuple("Score", [column.name for column in SCORES[1:]])
