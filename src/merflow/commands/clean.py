"""`merflow clean`: list or delete stale, intermediate and unfinished files."""

from pathlib import Path

from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.workflow.cleanup import faces as every_face
from merflow.workflow.cleanup import intermediate as every_intermediate
from merflow.workflow.cleanup import remove
from merflow.workflow.cleanup import stale as every_stale
from merflow.workflow.plan import Plan


def clean(
    *,
    stale: bool = False,
    intermediate: bool = False,
    faces: bool = False,
    delete: bool = False,
    config: Path = Path("config/config.yaml"),
) -> None:
    """List, and with --delete remove, what is no longer needed under results/.

    Examples:
        merflow clean --stale
        merflow clean --faces --delete

    Args:
        stale: Files that the config no longer makes: removed subjects, experiments, factors; and
            what killed jobs left unfinished.
        intermediate: Stores between crop and pack, needed for no training, and unfinished files.
        faces: Everything under results/ that shows a face: all stores, packed arrays, previews,
            videos. Scores, predictions, weights and the report stay. The datasets are not touched.
        delete: Remove the files listed.
        config: Config file that says what is still made (for --stale).
    """
    if not (stale or intermediate or faces):
        raise MerflowError("clean", "nothing chosen", "--stale, --intermediate or --faces")
    files: set[Path] = set()
    if stale:
        local = Path("config/local.yaml")
        settings = load(config, *([local] if local.exists() else []))
        files.update(every_stale(Plan.read(settings)))
    if intermediate:
        files.update(every_intermediate())
    if faces:
        files.update(every_face())
    size = sum(file.stat().st_size for file in files) / 1e6
    for file in sorted(files):
        print(file)
    if delete:
        remove(sorted(files))
    done = "removed" if delete else "would be removed by --delete"
    print(f"{len(files)} files, {size:.1f} MB {done}" if files else "nothing to remove")
