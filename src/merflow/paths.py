"""The paths below `results/`: the one module that builds them and parses them back.

A pattern names its wildcards as Snakemake does, so the rules use the same constants:
`RUN.format(experiment="demo", factor="x10", seed=0)` builds a path, `parts(RUN, path)` parses one,
`found(RUN)` lists those on disk.
"""

import functools
import os
import re
from pathlib import Path

from merflow import stage_table

RESULTS = Path("results")
CONFIG = "results/config.yaml"
"""The settings of the run, with all defaults: what every job reads."""
SHEETS = "results/sheets.json"
"""Which annotation files each dataset was read from."""
STAGES = "results/stages.json"
"""The settings of the stages from align to pack, which their jobs read in place of CONFIG."""
CATALOGUE = "results/catalogue/{dataset}.json"
FRAMES = "results/frames/{dataset}/{subject}.json"
"""SHA-256 of every frame that align read of a subject."""
FOLD = "results/folds/{experiment}/{fold}.csv"
TRUTH = "results/truth/{experiment}.csv"
"""True classes of the tested clips; training never reads them."""
PRETRAINED = "results/pretrained/{pretraining}"
RUN = "results/runs/{experiment}/{factor}/seed{seed}"
ORACLE = "results/oracle/{experiment}/{factor}/seed{seed}"
ORACLE_REGIONS = f"{ORACLE}/regions"
SPOTTING = "results/spotting/{spotting}/seed{seed}"
STR = "results/str/{pair}/seed{seed}"
JITTER = "results/jitter/{experiment}/{factor}/seed{seed}/training{training}"
"""Scores of a run with moved key frames; training: distance of those of the training clips."""
LITERATURE = "results/literature.csv"
"""Own results that `merflow record` adds to the published ones; no job writes it."""
SKIPPED = "results/skipped.csv"
DELIVERED = "results/delivered.csv"
TABLES = "results/tables"
SCORES = "results/tables/scores.csv"
REPORT = "results/report.html"
MANIFEST = "results/manifest.json"
RECORDS = "results/records"
"""What each job read and wrote, with checksums; the tree of `record`."""
BENCHMARKS = "results/benchmarks"
LOGS = "results/logs"
RAW = "results/raw/{dataset}/{subject}.tar"
"""The raw frames of a subject, for nodes that do not see the datasets; removed once read."""

LIVE = "live.csv"
"""The epochs so far of a training that is running."""
WEIGHTS = "weights.weights.h5"
FOLD_FILES = ("predictions.csv", "history.csv", "run.json", WEIGHTS)
"""What a trained fold leaves in its folder below RUN."""
FINAL_FILES = (WEIGHTS, "history.csv", "run.json")
"""What a final model or a pretraining leaves in its folder."""
SCORE_FILES = ("pooled.csv", "scores.csv", "confusion.csv")
FIGURES = ("curves.svg", "confusion.svg", "subjects.svg")
PDF_FIGURES = ("curves.pdf", "confusion.pdf", "subjects.pdf")
"""The same figures for papers. No output of a rule, so that results without them do not rerun."""
RANKING_FILES = ("ranking.csv", "ranking_curves.csv", "ranking.svg", "ranking.pdf")
"""ROC and precision-recall curves of a run and their areas; no output of a rule either."""
JITTER_FILES = ("jitter.csv", "jitter.svg")
NOISE_TABLE = "results/tables/key_frame_noise.csv"
"""Written with the tables where an experiment has `key_frame_noise`; no output of a rule."""
TABLE_FILES = (
    *("scores.csv", "scores.xlsx", "scores.md", "scores.tex", "scores.txt"),
    *("effects.csv", "cost.csv", "cost.md"),
)
SPOT_FILES = ("intervals.csv", "measure.csv", "run.json")
"""What a fold of a spotter leaves in its folder below SPOTTING; networks also WEIGHTS."""
SPOTTING_SCORES = (
    *("predictions.csv", "truth.csv", "videos.csv", "interval_scores.csv"),
    *("interval_matches.csv", "scores.json", "timeline.svg", "curve.svg"),
)
"""What the scores of a spotting run are, below SPOTTING; also interval_curve.csv."""
STR_FILES = (
    *("predictions.csv", "challenge.csv", "truth.csv", "videos.csv"),
    *("interval_scores.csv", "interval_matches.csv", "scores.json"),
)
"""What spot-then-recognise leaves; challenge.csv: the form that MEGC takes."""
SPOTTING_TABLES = ("spotting.csv", "spotting.md")
LATEX_FORMS = ("scores_onecolumn.tex", "scores_twocolumn.tex")
"""Further forms of scores.tex. No output of a rule, so that tables without them do not rerun."""
UNIT_TABLES = ("action_units.csv", "action_unit_counts.csv")
"""Of experiments with `task: action_units`; no output of a rule either."""
PAPER_FIGURES = "results/figures"
METHODS = ("methods.md", "methods.bib")
CARDS = ("model_card.md", "data_card.md")
"""What the rule of the report also writes, for a paper; no outputs of it either."""

STATE = ".snakemake/merflow"
"""Working memory of this machine, which may be deleted: file times and inodes of frames, the marker
of stale jobs."""
STALE = f"{STATE}/stale"
STORED_STALE = "results/records/stale"
"""The same marker, where the results lie in a storage."""
FRAME_INDEX = f"{STATE}/frames/{{dataset}}/{{subject}}.json"


def store(stage: str) -> str:
    """Return the pattern of a stage's files: a clip store per subject, or a packed file."""
    folder = stage_table.stage_named(stage).folder
    if stage == "pack":
        return f"results/{{preparation}}/{folder}/{{collection}}/{{factor}}.h5"
    preparation = "" if stage == "align" else "{preparation}/"
    factor = "{factor}/" if stage_table.has_factor(stage) else ""
    factor = "{window}/" if stage == "windows" else factor
    return f"results/{preparation}{folder}/{factor}{{dataset}}/{{subject}}.h5"


def prepared(preparation: str, kind: str, factor: str) -> str:
    """Return the pattern of the last stores before packing, left open: dataset and subject."""
    last = stage_table.pipeline(kind, factor)[-2].name
    names = {"preparation": preparation, "factor": factor}
    return store(last).format(dataset="{dataset}", subject="{subject}", **names)


def packed(preparation: str, collection: str, factor: str) -> list[str]:
    """Return the packed files of a factor: one, or one for each of several pooled (`x1+x10`)."""
    names = {"preparation": preparation, "collection": collection}
    return [store("pack").format(factor=one, **names) for one in factor.split("+")]


def cropped(preparation: str, dataset: str, subject: str) -> str:
    """Return the cropped store of a subject."""
    return store("crop").format(preparation=preparation, dataset=dataset, subject=subject)


def under(results: Path, pattern: str, **names: object) -> Path:
    """Return a path below another results folder, such as a copied one."""
    return results / pattern.removeprefix(f"{RESULTS}/").format(**names)


_RECORDED = (
    (CONFIG, "plan"),
    (SHEETS, "plan"),
    (STAGES, "plan"),
    (CATALOGUE, "plan"),
    (FRAMES, "aligned/{dataset}/{subject}"),
    (FOLD, "split/{experiment}"),
    (TRUTH, "split/{experiment}"),
    (f"{RUN}/{{fold}}/{{file}}", "runs/{experiment}/{factor}/seed{seed}/{fold}"),
    (f"{RUN}/{{file}}", "scores/{experiment}/{factor}/seed{seed}"),
    (f"{ORACLE}/{{file}}", "oracle/{experiment}/{factor}/seed{seed}"),
    (f"{ORACLE_REGIONS}/{{file}}", "oracle/{experiment}/{factor}/seed{seed}/regions"),
    (f"{SPOTTING}/{{fold}}/{{file}}", "spotting/{spotting}/seed{seed}/{fold}"),
    (f"{SPOTTING}/{{file}}", "spotting_scores/{spotting}/seed{seed}"),
    (f"{STR}/{{file}}", "str/{pair}/seed{seed}"),
    (f"{TABLES}/spotting.csv", "spotting_tables"),
    (f"{TABLES}/spotting.md", "spotting_tables"),
    (f"{JITTER}/{{file}}", "jitter/{experiment}/{factor}/seed{seed}/training{training}"),
    (f"{PRETRAINED}/{{file}}", "pretrained/{pretraining}"),
    (SKIPPED, "skipped"),
    (DELIVERED, "skipped"),
    (f"{TABLES}/{{file}}", "tables"),
    (REPORT, "report"),
    (f"{PAPER_FIGURES}/{{file}}", "paper/figures"),
    *((f"{RESULTS}/{name}", "paper/methods") for name in METHODS),
    *((f"{RESULTS}/{name}", "paper/cards") for name in CARDS),
    (MANIFEST, "manifest"),
)


def record(path: Path | str) -> str:
    """Return the path of the record of the job that wrote a file below results/; "" for others."""
    name = str(path).replace(os.sep, "/")
    if not name.startswith("results/") or name.endswith(f"/{LIVE}"):
        return ""
    for pattern, kept in _RECORDED:
        if (found := parts(pattern, name)) is not None:
            return f"{RECORDS}/{kept.format(**found)}.json"
    if name.endswith(".h5"):
        return f"{RECORDS}/{name.removeprefix(f'{RESULTS}/').removesuffix('.h5')}.json"
    return ""


def record_pattern(pattern: str) -> str:
    """Return the pattern of the record of the job that writes the files of a pattern; or "".

    Wildcards keep their constraints: `{factor,x[0-9]+}`.
    """
    wildcards = re.findall(r"{\w+(?:,[^{}]*)?}", pattern)
    filled = pattern
    for number, wildcard in enumerate(wildcards):
        filled = filled.replace(wildcard, f"{_STAND_IN}{number:03d}", 1)
    place = record(filled)
    for number, wildcard in enumerate(wildcards):
        place = place.replace(f"{_STAND_IN}{number:03d}", wildcard)
    return place


_STAND_IN = "9876543210"
"""In place of a wildcard; digits, since a seed is a number."""


def parts(pattern: str, path: Path | str, anywhere: bool = False) -> dict[str, str] | None:
    """Return the wildcards of a path; None where it does not fit the pattern.

    anywhere: `results` may lie below other folders or have another name, as after a copy.
    """
    match = _expression(pattern, anywhere).fullmatch(str(path).replace(os.sep, "/"))
    return match.groupdict() if match else None


@functools.cache
def _expression(pattern: str, anywhere: bool) -> re.Pattern[str]:
    if anywhere:
        pattern = pattern.removeprefix(f"{RESULTS}/")
    expression = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
    expression = expression.replace("(?P<seed>[^/]+)", r"(?P<seed>\d+)")
    return re.compile(f"(?:.*/)?{expression}" if anywhere else expression)


def found(pattern: str, **known: str) -> list[Path]:
    """Return the files on disk that fit a pattern, sorted; `known` fills wildcards, also by `*`."""
    names = dict.fromkeys(re.findall(r"{(\w+)}", pattern), "*") | known
    return sorted(Path().glob(pattern.format(**names)))
