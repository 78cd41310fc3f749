"""Keep records of results that a test wrote itself, so that readers take them as a job's."""

import json
from collections import defaultdict
from pathlib import Path

from merflow import paths
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.run_id import run_of
from merflow.io import records
from merflow.workflow.fold_record import made_from, pixels_of
from merflow.workflow.plan import Plan


def keep_records(plan: Plan | None = None, *, again: bool = False) -> None:
    """Write the records that are missing or lack files below results/; again: all of them.

    plan: folds are kept as trained by it, where their fold files exist.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for path in sorted(Path("results").rglob("*")):
        if path.is_file() and (place := paths.record(path)):
            groups[place].append(path.as_posix())
    for place, files in sorted(groups.items(), key=lambda item: "/runs/" in item[0]):
        known = records.read(place)
        if again or known is None or not set(files) <= set(known.wrote):
            made, facts = (
                _of_fold(plan, files[0]) if plan else ({"rows": "r"}, {"clips": {"p": "c"}})
            )
            step = Path(place).relative_to(paths.RECORDS).parts[0].removesuffix(".json")
            wrote = {file: records.checksum(file) for file in files}
            kept = {"step": step, "made": made, "read": {}, "wrote": wrote, "facts": facts}
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            Path(place).write_text(json.dumps(kept), encoding="utf-8")  # without a sync: thousands


def _of_fold(plan: Plan, file: str) -> tuple[dict, dict]:
    found = paths.parts(f"{paths.RUN}/{{fold}}/{{file}}", file)
    path = Path(paths.FOLD.format(**found)) if found else Path()
    if not path.is_file() or found["experiment"] not in plan.experiments:
        return {}, {}
    run, fold = run_of(Path(file).parents[1]), read_fold(path)
    made = json.loads(json.dumps(made_from(plan, run, fold)))
    return made, {"clips": pixels_of(plan, run, fold)}
