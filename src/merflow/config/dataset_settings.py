"""Settings of one dataset: where it lies, how it is read, and what may be shown of it."""

from typing import Literal

from pydantic import Field, model_validator

from merflow.clip import Entry
from merflow.config.stage_settings import Tree
from merflow.config.values import PathText, later


class FlowFiles(Tree):
    """How the files of prepared flow are read."""

    channels: tuple[Literal["u", "v", "strain"], ...] = ("u", "v", "strain")
    """What the channels of a file are, in their order; of a picture, red, green and blue. u is the
    motion to the right, v the motion down."""
    zero: float | None = Field(None, ge=0, le=255)
    """Grey level of no motion in u and v of 8-bit pictures. Empty: unknown, since every channel of
    every picture was stretched to its own range; methods that need the sign or the strength of the
    motion then refuse the pictures. Arrays of floats have their zero at 0."""
    unit: float = Field(1.0, gt=0)
    """Motion of one grey level, for pictures with a `zero`."""

    @model_validator(mode="after")
    def _fits(self) -> "FlowFiles":
        if sorted(self.channels) != ["strain", "u", "v"]:
            raise ValueError("channels: u, v and strain, each once")
        if self.zero is None and self.unit != 1:
            raise ValueError("unit: has no effect without `zero`; give both or neither")
        return self


class DatasetEntry(Tree):
    """A dataset on this machine."""

    root: PathText
    """Dataset root: the folder that holds the dataset as its owners distribute it. A relative path
    counts from the folder Snakemake runs in."""
    reader: str = ""
    """Reader of the dataset. Empty: the reader named like the dataset. Name it when one published
    dataset is listed under two names."""
    variant: str = ""
    """Release or folder tree of the dataset to read. Empty: found by looking at the folders."""
    sheet: PathText = ""
    """Annotation file. Empty: found below the root."""
    clips: PathText = ""
    """List of the clips to keep: a CSV or workbook of dataset, subject, clip (and class), or a
    folder of train and test lists; docs/interoperability.md has the forms. A relative path counts
    from the folder Snakemake runs in. Clips listed and not found are named by `merflow check`.
    Empty: all clips."""
    fps: float | None = Field(None, gt=0)
    """Frame rate (Hz). Empty: the published rate. Magnification depends on it."""
    enters_at: Entry | None = None
    """Entry stage: the first stage these frames still need. Earlier stages are not run for them.
    Empty: the entry stage of the variant."""
    kind: Literal["frames", "flow"] | None = later(None)
    """What the files hold: `frames`, or prepared `flow`, one image of u, v and strain a clip, which
    enters interpolated. Empty: as the reader says."""
    flow: FlowFiles = later(FlowFiles())
    """How prepared flow is read."""
    publishable: tuple[str, ...] = later(())
    """Ids of subjects with consent to have their faces shown, in the report, previews and a page
    open on another machine: those that the dataset's licence lists. Of your own clips, write it
    into the column `publishable` of the manifest instead. A change makes the report again."""

    @model_validator(mode="after")
    def _kind_fits(self) -> "DatasetEntry":
        if self.kind == "flow" and self.enters_at not in (None, "interpolated"):
            raise ValueError(f"enters_at: {self.enters_at} with kind: flow; flow is interpolated")
        if self.kind == "frames" and self.flow != FlowFiles():
            raise ValueError("flow: has no effect with kind: frames; leave it out")
        return self
