"""Write the demo's scores into README.md from results/tables/scores.csv: `make figures`.

Only scores of the portable arithmetic level are written: other machines give the same.
"""

from merflow.evaluation.score_table import read_scores
from merflow.io.files import write_text
from merflow.reporting.captions import bracket, number

import json
import re
import sys
from pathlib import Path

from pandas import DataFrame

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- figures: written by `make figures` -->", "<!-- end of figures -->"
BLOCK = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)


def table(scores: DataFrame) -> str:
    """Return the rows of part full as Markdown, one line per run."""
    lines = ["| experiment | factor | UF1 | UAR | a guess scores (UF1) |", "|---|---|---|---|---|"]
    for row in scores.itertuples():
        if row.part == "full":
            uf1 = number(row.uf1) + bracket(row.uf1_lo, row.uf1_hi)
            uar = number(row.uar) + bracket(row.uar_lo, row.uar_hi)
            guess = f"{number(row.guess_uf1_lo, 3)} to {number(row.guess_uf1_hi, 3)}"
            lines.append(f"| {row.experiment} | {row.factor} | {uf1} | {uar} | {guess} |")
    return "\n".join(lines)


def filled(text: str, scores: DataFrame) -> str:
    """Return README's text with the figures of these scores."""
    if not BLOCK.search(text):
        sys.exit(f"README.md has no lines {BEGIN} and {END}")
    return BLOCK.sub(lambda _: f"{BEGIN}\n\n{table(scores)}\n\n{END}", text)


def main() -> None:
    """Write the figures of the demo run in this folder."""
    results = ROOT / "results"
    levels = {
        json.loads(path.read_text()).get("arithmetic", "not recorded")
        for path in results.glob("runs/*/x*/seed*/*/run.json")
    }
    if levels != {"portable"}:
        sys.exit(f"the runs are {', '.join(sorted(levels)) or 'not recorded'}, not portable")
    readme = ROOT / "README.md"
    write_text(readme, filled(readme.read_text(), read_scores(results / "tables" / "scores.csv")))
    print(f"{readme.name}: the figures of {results / 'tables' / 'scores.csv'}")


if __name__ == "__main__":
    main()
