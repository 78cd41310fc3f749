"""The clips of an experiment of action units, and what the run should know of the others."""

from collections.abc import Sequence

from merflow.clip import Clip
from merflow.config.task_settings import ActionUnitTask
from merflow.datasets.spec import Problem
from merflow.datasets.unit_labels import UnitLabels, apply
from merflow.errors import MerflowError
from merflow.text import plural


def coded(
    task: ActionUnitTask, clips: Sequence[Clip], where: str
) -> tuple[UnitLabels, Problem | None]:
    """Return the clips whose action units are coded, and a warning on those without a label.

    Recordings are left out; a dataset without a coded clip is refused.
    """
    clips = [clip for clip in clips if clip.intervals is None]
    found = apply(task, clips)
    lacking = {clip.key.dataset for clip in clips} - {clip.key.dataset for clip in found.clips}
    if lacking or not found.clips:
        names = ", ".join(sorted(lacking)) or "the collection"
        raise MerflowError(
            where,
            f"{names} has no clip with action units",
            "coded action units in every dataset of a task of action units",
            f"take {names} out of the collection; `merflow check` shows what its sheet has",
        )
    if not found.left_out:
        return found, None
    text = "; ".join(
        f"{name}: {plural(count, 'clip')}, {why}"
        for (name, why), count in sorted(found.left_out.items())
    )
    return found, Problem(
        "warning",
        where,
        f"{found.left_out.total()} of {plural(len(clips), 'clip')} have no label: {text}",
        "action units of every clip",
        "nothing, where the sheet leaves them open; action_units.alternatives and "
        "action_units.unknown decide what counts",
    )
