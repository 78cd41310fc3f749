"""`merflow crop`: squares of the face at the working size, from raw frames and their geometry."""

from pathlib import Path

from merflow.clip import ClipArrays
from merflow.commands.options import Archive, MaybeConfig, Preparations, Threads, paired
from merflow.config.fingerprints import of_stage
from merflow.config.planned_settings import preparation_settings
from merflow.stages.crop import crop_together
from merflow.workflow.stage_job import Output, run_together


def crop(
    source: Path,
    out: Path,
    *more: Path,
    preparation: Preparations = (),
    catalogue: Path | None = None,
    archive: Archive = None,
    config: MaybeConfig = None,
    threads: Threads = 1,
) -> None:
    """Crop every clip of the aligned store SOURCE into the store OUT.

    Several preparations, one OUT each, share one reading of the frames.

    Examples:
        merflow crop aligned.h5 cropped.h5 --catalogue results/catalogue/smic.json
        merflow crop aligned.h5 cropped.h5 --catalogue C.json --preparation grey64 --config C.yaml

    Args:
        source: Clip store that `merflow align` wrote.
        out: Clip store to write.
        more: Further stores, one for each further preparation.
        catalogue: JSON that the aligned store was made from: the files of the frames stand in it.
    """
    pairs = paired("--preparation", preparation, "crop", out, *more)
    chosen, outputs = [], []
    for name, path in pairs:
        settings, name = preparation_settings(config, name or None)
        chosen.append(settings.preparations[name].crop)
        outputs.append(Output(path, of_stage(settings, "crop", name)))

    def cropped(clip: ClipArrays) -> list[ClipArrays]:
        return crop_together(clip, chosen)

    frames = {"catalogue": catalogue, "archive": archive}
    run_together(source, outputs, "crop", cropped, threads=threads, **frames)
