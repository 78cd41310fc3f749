"""`merflow skipped`: every clip that did not reach the training arrays, and why."""

from pathlib import Path

from merflow.evaluation.columns import SKIPPED
from merflow.io import records
from merflow.io.packed import read_skipped
from merflow.text import plural
from merflow.workflow import run_fingerprints
from merflow.workflow.delivered_gain import write_delivered


def skipped(out: Path, *packs: Path, delivered: Path | None = None) -> None:
    """List in OUT every clip that did not reach the training arrays PACKS, and why.

    Examples:
        merflow skipped results/skipped.csv results/p/packed/c/x1.h5
        merflow skipped skipped.csv results/p/packed/c/*.h5

    Args:
        out: CSV to write: dataset, subject, clip, stage, reason.
        packs: Packed files.
        delivered: CSV to write besides: what magnification delivered, for every clip and factor.
    """
    with records.job("skipped", out) as job:
        rows = sorted({row for path in packs for row in read_skipped(path)})
        SKIPPED.write(out, SKIPPED.frame(row._asdict() for row in rows))
        if delivered:
            write_delivered(delivered, packs)
        made = run_fingerprints.skipped({records.named(p): records.made_of(p) for p in packs})
        job.done(made, [out, *([delivered] if delivered else [])])
    print(f"{plural(len(rows), 'clip')} skipped")
