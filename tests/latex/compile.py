"""Compile every form of the score tables with LaTeX; an overfull line is an error. `make latex`.

Each form stands in the document that it is made for: an article of one column, and one of two
columns with the measures of IEEE's class. The PDFs stay in the folder that is printed.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "helpers")]

from paper_cases import paper_cases, texts  # noqa: E402

ONE = r"\documentclass[10pt]{article}"
TWO = (
    r"\documentclass[10pt,twocolumn]{article}"
    r"\setlength{\textwidth}{516pt}\setlength{\columnsep}{12pt}\setlength{\oddsidemargin}{-23pt}"
)
CLASSES = {"scores.tex": ONE, "scores_onecolumn.tex": TWO, "scores_twocolumn.tex": TWO}
TEXT = (
    "Table~\\ref{%s} has the scores. " + "The quick brown fox jumps over the lazy dog. " * 40 + "\n"
)


def document(text: str, file: str) -> str:
    """Return a whole document with some text and the tables."""
    first = re.search(r"\\label{([^}]*)}", text).group(1)
    return "\n".join(
        [
            CLASSES[file],
            r"\usepackage{booktabs}\usepackage[utf8]{inputenc}",
            r"\setlength{\textheight}{650pt}\setlength{\topmargin}{-30pt}",
            *(r"\begin{document}", TEXT % first, text, TEXT % first, r"\end{document}", ""),
        ]
    )


def compiled(folder: Path, name: str, source: str) -> list[str]:
    """Return what is wrong with a document: errors, overfull lines, unknown references."""
    (folder / f"{name}.tex").write_text(source, encoding="utf-8")
    for _ in range(2):  # the second run knows the labels
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    log = (folder / f"{name}.log").read_text(encoding="latin-1")
    faults = re.findall(
        r"^(?:! .*|Overfull .*|LaTeX Warning: .*undefined.*|.*multiply.*)$", log, re.M
    )
    return faults or (["no PDF"] if done.returncode else [])


def main() -> int:
    """Compile all; return 1 for any fault."""
    folder = Path(tempfile.mkdtemp(prefix="merflow-latex-"))
    found = 0
    for (case, file), text in texts(paper_cases()).items():
        faults = compiled(folder, f"{case}-{Path(file).stem}", document(text, file))
        print(f"{case:9} {file:22} {'; '.join(faults) or 'fits'}")
        found += bool(faults)
    print(f"{found} documents with faults; PDFs: {folder}")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
