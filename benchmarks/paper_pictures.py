"""Draw the pictures of docs/paper.md from the demo run in this folder: `make paper-pictures`.

Needs pdflatex and pdftoppm. The figures are those of the run; the table is set by LaTeX.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RESULTS, OUT = ROOT / "results", ROOT / "docs/pictures"
WIDTH = 1080
"""Width of a picture (px)."""
COLOURS = 256
PAPER = r"""\documentclass[10pt,twocolumn]{article}
\setlength{\textwidth}{516pt}\setlength{\oddsidemargin}{-23pt}\pagestyle{empty}
\usepackage{booktabs}\begin{document}\input{%s}\end{document}
"""


def cut(image: np.ndarray, margin: int = 10) -> np.ndarray:
    """Return an image (H, W, 3) without its white border, but for a margin (px)."""
    rows, columns = np.nonzero(image.min(axis=2) < 250)
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    return image[top : rows.max() + margin, left : columns.max() + margin]


def picture(pdf: Path, out: Path) -> None:
    """Write the first page of a PDF as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page"
        subprocess.run(["pdftoppm", "-r", "300", "-png", "-singlefile", pdf, page], check=True)
        image = cut(cv2.imread(f"{page}.png"))
    height = round(image.shape[0] * WIDTH / image.shape[1])
    small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    Image.fromarray(small[..., ::-1]).quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
        out, optimize=True
    )


def table(out: Path) -> None:
    """Write the table over both columns of a paper as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        source = RESULTS / "tables/scores_twocolumn"
        (Path(folder) / "paper.tex").write_text(PAPER % source, encoding="utf-8")
        call = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "paper.tex"]
        for _ in range(2):  # the second run knows the labels
            subprocess.run(call, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        picture(Path(folder) / "paper.pdf", out)


def main() -> None:
    """Draw the three pictures."""
    figures = RESULTS / "figures"
    clips = sorted(figures.glob("clip_smic_*.pdf"))
    if not clips:
        sys.exit(f"{figures}: no figure of a clip; run `make demo` first")
    table(OUT / "paper_table.png")
    shutil.copyfile(figures / "demo_magnification.svg", OUT / "paper_magnification.svg")
    picture(clips[0], OUT / "paper_clip.png")


if __name__ == "__main__":
    main()
