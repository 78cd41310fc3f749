"""A finished run as a row of the table of published and own results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merflow.config.fingerprints import preparation_named
from merflow.config.settings import SVMS, Experiment
from merflow.datasets.catalogue import read_sheets
from merflow.datasets.official_composite import ids_digest
from merflow.errors import MerflowError
from merflow.evaluation.literature.columns import FACTS, SCORES, Facts, Score
from merflow.evaluation.literature.official import (
    COMPOSITE,
    COMPOSITE_PROTOCOL,
    POOLED,
    SHORT,
    official_digest,
)
from merflow.evaluation.literature.results import Result
from merflow.evaluation.run_id import NESTED, Run
from merflow.evaluation.schema import records as rows_of
from merflow.evaluation.table_marks import ORACLE_NOTE
from merflow.evaluation.tasks import TASKS
from merflow.evaluation.unit_scores import DATASETS, MEAN
from merflow.io.files import file_digest
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import read_facts

FRAMES_USED = {"onset-apex": "onset, apex", "all": "onset, offset"}


def own_result(plan: Plan, run: Run, settings: str = "") -> Result:
    """Return a scored run as a result.

    settings: how its settings were chosen, if not as the config shows: one value for all folds
    (`stated`), or inside the folds (`nested`).
    """
    folder, task = Path(run.folder), plan.task(run)
    if task not in TASKS:
        raise MerflowError(run.folder, f"a run of task {task}", f"task {' or '.join(TASKS)}")
    check_finished(folder)
    entry, classes = plan.experiment(plan.lead(run)), plan.data.classes(plan.lead(run))
    pooled = TASKS[task].read_pooled(folder / "pooled.csv", classes=classes)
    rows = rows_of(TASKS[task].scores.read(folder / "scores.csv"))
    full = next(r for r in rows if r.part == "full" and getattr(r, "unit", MEAN) == MEAN)
    trained = [] if run.factor == NESTED else [read_facts(f) for f in _facts_files(plan, run)]
    digest = ids_digest(pooled.keys)[:SHORT]
    facts: dict[str, Any] = dict.fromkeys((column.name for column in FACTS), "")
    facts |= {
        "result": f"{run.experiment}/{full.factor}/seed{run.seed}/"
        f"{file_digest(folder / 'pooled.csv')[:8]}",
        "method": f"{entry.label or run.experiment} {full.factor}",
        "commit": ", ".join(sorted({f"merflow {fold['merflow']}" for fold in trained})),
        "task": task,
        "classes": str(len(classes)),
        "list_digest": digest,
        "clips": str(full.n),
        "subjects": str(full.subjects),
        "sheets": _sheets(plan, run),
        "epoch": _epoch(entry, full.note),
        "epoch_place": f"experiments.{plan.lead(run)}.training of the config",
        "settings": settings or ("nested" if run.factor == NESTED else "stated"),
        "settings_place": f"experiments.{plan.lead(run)} of the config",
        "seeds": f"seed {run.seed}",
        "floors": _floors(full),
        "ran_by": "own",
        "parameters": _parameters(trained),
        "evidence": "predictions",
        "verdict": "own run",
        "source": run.folder,
        "remark": full.note,
    }
    facts |= _clips_and_folds(entry, digest) | _input(plan, entry)
    if task == "action_units":
        scores = unit_scores(rows, len(classes), entry.action_units.threshold)
    else:
        scores = [_score(row) for row in rows]
    return Result(Facts(**facts), tuple(scores))


def check_finished(folder: Path) -> None:
    """Refuse a run without scores."""
    for name in ("pooled.csv", "scores.csv"):
        if not (folder / name).is_file():
            raise MerflowError(
                str(folder / name),
                "no such file: the run is not finished",
                "a run with all folds trained and scored",
                f"`merflow run {folder}/scores.csv`",
            )


def _facts_files(plan: Plan, run: Run) -> list[Path]:
    return [Path(run.folder) / fold / "run.json" for fold in plan.fold_names(run.experiment)]


def _sheets(plan: Plan, run: Run) -> str:
    known = read_sheets()
    return "; ".join(
        f"{name}: {', '.join(Path(sheet).name for sheet in known[name]) or 'folder names'}"
        for name in plan.data.members(plan.lead(run))
        if name in known
    )


def _epoch(entry: Experiment, note: str) -> str:
    if ORACLE_NOTE in note:
        return "test"
    if entry.method == "command":
        return "unknown"
    if entry.method in SVMS:
        return "none"
    return "inner" if entry.training.stopping == "inner" else "fixed"


def _floors(full: Any) -> str:  # noqa: ANN401
    if hasattr(full, "unit"):
        return (
            f"all present: binary F1 {full.floor_f1:.4f}; guessing {full.guess_f1:.4f} "
            f"[{full.guess_f1_lo:.4f}, {full.guess_f1_hi:.4f}]"
        )
    return (
        f"largest class UF1 {full.floor_uf1:.4f} UAR {full.floor_uar:.4f}; guessing UF1 "
        f"{full.guess_uf1:.4f} [{full.guess_uf1_lo:.4f}, {full.guess_uf1_hi:.4f}]"
    )


def _parameters(trained: list[dict[str, Any]]) -> str:
    """Return the weights of the network; empty where no fold knows them."""
    known = {fold.get("parameters") for fold in trained} - {None, 0}
    return str(int(known.pop())) if len(known) == 1 else ""


def _clips_and_folds(entry: Experiment, digest: str) -> dict[str, str]:
    """Return the names of the clips and of the folds: those of the challenge for its clips."""
    if digest == official_digest() and entry.protocol == "composite":
        return {"sample_list": COMPOSITE, "protocol": COMPOSITE_PROTOCOL}
    what = "action units" if entry.task == "action_units" else f"scheme {entry.scheme}"
    return {"sample_list": f"{entry.collection}, {what} ({digest})",
            "protocol": entry.protocol}  # fmt: skip


def _input(plan: Plan, entry: Experiment) -> dict[str, str]:
    chosen = preparation_named(plan.settings, entry.preparation)
    start = entry.pretrain or entry.training.start_weights
    frozen = entry.training.features
    pretrained = start or frozen.pretraining or Path(frozen.file).name or "none"
    if chosen.kind == "flow":
        used = {"privileged": "onset, apex", "flow": f"{chosen.flow.method}, {chosen.flow.scale}"}
        return {"input": f"flow onset to apex, {chosen.flow.size} px", **used,
                "pretraining": pretrained}  # fmt: skip
    steps = chosen.interpolate
    return {
        "input": f"{steps.length} frames of {steps.size} px, {chosen.crop.colour}",
        "privileged": FRAMES_USED.get(chosen.select.frames, "onset, apex, offset"),
        "flow": "none",
        "pretraining": pretrained,
    }


def unit_scores(rows: Sequence[Any], units: int, threshold: str) -> list[Any]:
    """Return the means over units as scores, binary and macro; rows: of action_units.csv."""
    chosen = ".5" if threshold == "fixed" else "chosen inside the folds"
    parts = {"full": "mean of AUs", DATASETS: "mean of datasets"}
    found = []
    for row in rows:
        if row.unit == MEAN:
            part = parts.get(row.part, row.part)
            ends = {"f1_lo": row.f1_lo, "f1_hi": row.f1_hi}
            for flavour, values in (
                ("binary", {"f1": row.f1, **ends}),
                ("macro", {"f1": row.macro_f1}),
            ):
                metric = f"{flavour} F1 of {units} AUs, threshold {chosen}"
                found.append(_filled(metric, part, values))
    return sorted(found, key=lambda score: score.metric)


def _score(row: Any) -> Any:  # noqa: ANN401
    """Return a row of scores.csv."""
    names = ("acc", "uf1", "uf1_lo", "uf1_hi", "uar", "uar_lo", "uar_hi")
    return _filled(POOLED, row.part, {name: getattr(row, name) for name in names})


def _filled(metric: str, part: str, values: Mapping[str, float]) -> Any:  # noqa: ANN401
    """Return a score; NaN becomes None. An interval of few subjects may end outside 0 to 1."""
    empty: dict[str, Any] = dict.fromkeys(column.name for column in SCORES[1:])
    known = {n: None if v != v else min(1.0, max(0.0, v)) for n, v in values.items()}
    return Score(**{**empty, **known, "metric": metric, "part": part})
