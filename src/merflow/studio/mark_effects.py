"""What the next run makes again after a correction: two plans compared, nothing is written."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from merflow import paths
from merflow.clip import Clip
from merflow.config.settings import Settings
from merflow.datasets.frame_contents import FrameContents
from merflow.errors import MerflowError
from merflow.workflow.changes import changes
from merflow.workflow.expected import Expected, Step
from merflow.workflow.experiment_data import ExperimentData
from merflow.workflow.plan import Plan
from merflow.workflow.preflight import check_folds

STORE_STEPS = ("align", "crop", "magnify", "interpolate", "flow")


def reruns(settings: Settings, dataset: str, clips: Sequence[Clip]) -> dict[str, Any]:
    """Return the made steps that differ with other clips of a dataset.

    steps: [step, made again, of how many]; folds: [experiment, folds again, of how many]; subjects:
    `dataset/subject` of stores that are made again; fault: why no experiment could run then.
    """
    data = ExperimentData.read(settings)
    if dataset not in data.clips:
        return {"steps": [], "folds": [], "subjects": [], "used": False, "fault": ""}
    data.frames = FrameContents(notes=False)
    before = {step.outputs[0]: step for step in Expected(Plan(settings, data=data)).steps()}
    after = Plan(settings, data=_with_clips(data, dataset, clips))
    fault = _fault(after)
    found = [] if fault else list(Expected(after).steps())
    made = [step for step in found if _is_made(step)]
    again = [step for step in made if _differs(before.get(step.outputs[0]), step)]
    return {
        "steps": _counts([s.name for s in again], [s.name for s in made]),
        "folds": _counts([*map(_experiment, again)], [*map(_experiment, made)]),
        "subjects": sorted({_subject(s) for s in again if s.name in STORE_STEPS}),
        "used": True,
        "fault": fault,
    }


def _with_clips(data: ExperimentData, dataset: str, clips: Sequence[Clip]) -> ExperimentData:
    others = {**data.clips, dataset: list(clips)}
    return ExperimentData(data.settings, others, data.sheets, FrameContents(notes=False))


def _fault(plan: Plan) -> str:
    """Return why an experiment would be refused with these clips; empty for none."""
    try:
        for name in plan.experiments:
            made, data = plan.data.folds(name), plan.data.labelled(name)
            keys = [clip.key for clip in data.clips]
            check_folds(plan.settings, name, keys, data.labels, made)
    except MerflowError as error:
        return str(error)
    return ""


def _is_made(step: Step) -> bool:
    """Return whether a job made the files before; what was never made is no rerun."""
    return Path(paths.record(step.outputs[0])).is_file() or os.path.exists(step.outputs[0])


def _differs(before: Step | None, after: Step) -> bool:
    return before is None or bool(changes(before.made, after.made))


def _counts(again: list[str], made: list[str]) -> list[list[Any]]:
    """Return [name, made again, made] in the order of the plan; without empty names."""
    counts, total = Counter(again), Counter(made)
    return [[name, counts[name], total[name]] for name in dict.fromkeys(again) if name]


def _experiment(step: Step) -> str:
    """Return the experiment and factor of a trained fold; empty for other steps."""
    found = paths.parts(f"{paths.RUN}/{{fold}}/{{file}}", step.outputs[0])
    return f"{found['experiment']} {found['factor']}" if found and step.name == "train" else ""


def _subject(step: Step) -> str:
    path = Path(step.outputs[0])
    return f"{path.parent.name}/{path.stem}"
