"""`merflow export`: the prepared clips of an experiment in the layouts other programs read."""

from pathlib import Path

import numpy as np

from merflow import paths
from merflow.commands.options import Config
from merflow.config.fingerprints import factor_value
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.io.files import new_folder
from merflow.io.packed import Packed, read_packed
from merflow.workflow.export import Form, Layout, Prepared, summary, write_layout
from merflow.workflow.plan import Plan


def export(
    out: Path,
    *,
    experiment: str,
    layout: Layout,
    factor: str = "x1",
    form: Form = "frames",
    copies: bool = False,
    config: Config = Path(paths.CONFIG),
) -> None:
    """Write the prepared clips of an EXPERIMENT below OUT, for other programs.

    Layouts: htnet, 8-bit flow pictures in a folder per tested subject with u_train and u_test;
    stsnet, the same pictures in one folder, and a list; npz, one file of arrays; class-folders and
    frames, a clip each, by class or by subject, and a manifest that reads them back. Flow pictures
    are stretched channel by channel to 0..255: the strength of the motion is lost in them.

    Examples:
        merflow export htnet/ --experiment flow --layout htnet
        merflow export clips/ --experiment demo --layout class-folders --form video --factor x10

    Args:
        out: New or empty folder.
        experiment: Experiment of the config; its packed file must exist.
        layout: htnet, stsnet, npz, class-folders or frames.
        factor: Magnification factor, as x10.
        form: Of class-folders and frames: a folder of PNGs a clip, a video (lossy), or a .npy
            array (exact, also of signed flow).
        copies: Write the training pictures of htnet as copies instead of hard links.
    """
    plan = Plan.read(load(config), fresh=False)
    entry, name = plan.experiment(experiment), f"x{factor_value(factor):g}"
    asked = {one for pooled in entry.factors for one in pooled.split("+")}
    if name not in asked:
        raise MerflowError(
            f"--factor {factor}", f"'{experiment}' has no such factor", ", ".join(sorted(asked))
        )
    (path,) = plan.packed(experiment, name)
    if not Path(path).is_file():
        raise MerflowError(
            path, "no such file yet", "the packed clips", f"call `merflow run {path}`"
        )
    packed = read_packed(path)
    clips, without = _prepared(plan, experiment, packed)
    about = {
        "experiment": experiment,
        "factor": name,
        "layout": layout,
        "form": form,
        "made_by": packed.made_by,
    }
    with new_folder(out) as folder:
        write_layout(folder, clips, layout, form, copies, about)
    print(summary(clips, without))


def _prepared(plan: Plan, experiment: str, packed: Packed) -> tuple[Prepared, int]:
    """Return the packed clips that the scheme keeps, and the number of those that are not there."""
    known, names = plan.data.labelled(experiment)
    row = {key: number for number, key in enumerate(packed.keys)}
    kept = [(c, name) for c, name in zip(known, names, strict=True) if c.key in row]
    rows = [row[clip.key] for clip, _ in kept]
    x = packed.x[rows]
    lengths = np.array(packed.lengths)[rows]
    frames = 1 if x.ndim == 4 else x.shape[1]
    clips = Prepared(
        x,
        [clip.key for clip, _ in kept],
        [name for _, name in kept],
        [clip.emotion for clip, _ in kept],
        [
            clip.fps * frames / max(1, int(length))
            for (clip, _), length in zip(kept, lengths, strict=True)
        ],
        plan.data.classes(experiment),
    )
    return clips, len(known) - len(kept)
