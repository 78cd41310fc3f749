"""A finished run as a row of the table of published and own results."""

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
from merflow.evaluation.predictions import read_pooled
from merflow.evaluation.run_id import NESTED, Run
from merflow.evaluation.schema import records as rows_of
from merflow.evaluation.score_table import read_scores
from merflow.evaluation.table_marks import ORACLE_NOTE
from merflow.io.files import file_digest
from merflow.workflow.plan import Plan
from merflow.workflow.training_log import read_facts

FRAMES_USED = {"onset-apex": "onset, apex", "all": "onset, offset"}


def own_result(plan: Plan, run: Run, settings: str = "") -> Result:
    """Return a scored run as a result.

    settings: how its settings were chosen, if not as the config shows: one value for all folds
    (`stated`), or inside the folds (`nested`).
    """
    folder = Path(run.folder)
    check_finished(folder)
    entry = plan.experiment(plan.lead(run))
    pooled = read_pooled(folder / "pooled.csv", classes=plan.data.classes(plan.lead(run)))
    rows = rows_of(read_scores(folder / "scores.csv"))
    full = next(row for row in rows if row.part == "full")
    trained = [] if run.factor == NESTED else [read_facts(f) for f in _facts_files(plan, run)]
    digest = ids_digest(pooled.keys)[:SHORT]
    facts: dict[str, Any] = dict.fromkeys((column.name for column in FACTS), "")
    facts |= {
        "result": f"{run.experiment}/{full.factor}/seed{run.seed}/"
        f"{file_digest(folder / 'pooled.csv')[:8]}",
        "method": f"{entry.label or run.experiment} {full.factor}",
        "commit": ", ".join(sorted({f"merflow {fold['merflow']}" for fold in trained})),
        "task": "emotion",
        "classes": str(len(pooled.classes)),
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
    return Result(Facts(**facts), tuple(_score(row) for row in rows))


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
    return {"sample_list": f"{entry.collection}, scheme {entry.scheme} ({digest})",
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


def _score(row: Any) -> Any:  # noqa: ANN401
    """Return a row of scores.csv; NaN becomes None."""
    values: dict[str, Any] = dict.fromkeys(column.name for column in SCORES[1:])
    for name in ("acc", "uf1", "uf1_lo", "uf1_hi", "uar", "uar_lo", "uar_hi"):
        value = getattr(row, name)
        # An interval of few subjects may end outside 0 to 1.
        values[name] = None if value != value else min(1.0, max(0.0, value))
    return Score(**{**values, "metric": POOLED, "part": row.part})
