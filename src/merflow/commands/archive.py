"""`merflow archive`: the raw frames of a subject as one file, for nodes without the dataset."""

from pathlib import Path

from merflow.datasets.catalogue import read_catalogue
from merflow.datasets.frame_contents import FrameContents
from merflow.errors import MerflowError
from merflow.io.frame_archive import write_archive
from merflow.text import plural


def archive(catalogue: Path, out: Path, *, subject: str) -> None:
    """Write all raw files of one SUBJECT of a CATALOGUE into the tar archive OUT.

    Runs with results in a storage send it to the nodes, which do not see the dataset.

    Examples:
        merflow archive results/catalogue/smic.json results/raw/smic/s03.tar --subject s03
        merflow archive results/catalogue/samm.json samm/006.tar --subject 006

    Args:
        catalogue: JSON that `merflow catalogue` wrote.
        out: Archive to write, named <dataset>/<subject>.tar.
        subject: Subject id, as in the catalogue.
    """
    clips = [clip for clip in read_catalogue(catalogue) if clip.key.subject == subject]
    if not clips:
        raise MerflowError(str(catalogue), f"no clip of subject '{subject}'", "a subject in it")
    count = write_archive(out, clips)
    if not FrameContents().known(*clips[0].key.subject_key):
        FrameContents().sums(clips)  # The next plan compares them with what align read.
    print(f"{out}: {plural(count, 'file')}")
