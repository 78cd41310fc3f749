"""`merflow report`: all results as one HTML file, and what goes into a paper."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from merflow import paths
from merflow.commands.options import Config
from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.io import records
from merflow.io.files import write_text
from merflow.workflow.plan import Plan
from merflow.workflow.run_manifest import reported_from

if TYPE_CHECKING:
    from merflow.inference.clip_strip import Example
    from merflow.reporting.html_report import Content

LOG = logging.getLogger("merflow")


def report(
    out: Path = Path(paths.REPORT),
    *,
    figures: bool = False,
    methods: bool = False,
    cards: bool = False,
    config: Config = Path(paths.CONFIG),
) -> None:
    """Write all results as one HTML page OUT, which needs no network and no other file.

    Run it in the folder that holds `results/`. Only the table of scores is required; the page
    lists other files that are missing or damaged.

    Examples:
        merflow report results/report.html
        merflow report --figures --methods --cards

    Args:
        out: HTML file to write.
        figures: Also write all figures as PDF and SVG, at the width of a column, into the folder
            `figures` beside OUT.
        methods: Also write methods.md, the methods of this run as a text for a paper with its
            citations, and methods.bib, beside OUT.
        cards: Also write model_card.md and data_card.md beside OUT.
    """
    from merflow.inference.clip_strip import examples, faces
    from merflow.reporting.html_report import page, read_content

    if not Path(paths.SCORES).exists():
        raise MerflowError(paths.SCORES, "no such file", "the scores", "call `merflow run` first")
    plan = Plan(load(config))
    with records.job("report", out) as job:
        content = read_content(plan)
        shown, unread = examples(plan)
        content.results.problems.extend(unread)
        for problem in content.results.problems:
            LOG.warning("not in the report: %s", problem)
        text = page(content, faces(shown))
        write_text(out, text)
        made = _write_texts(out.parent, content, methods=methods, cards=cards)
        if figures:
            found = _write_figures(out.parent / "figures", content, shown)
            made.append(f"{out.parent / 'figures'}: {len(found)} files")
        job.done(reported_from(plan), [out])
    print("\n".join([f"{out}: {len(text.encode()) / 1e6:.1f} MB", *made]))


def _write_texts(folder: Path, content: "Content", *, methods: bool, cards: bool) -> list[str]:
    """Write the texts that were asked for into a folder; return their paths."""
    from merflow.reporting.paper.cards import data_card, model_card
    from merflow.reporting.paper.methods import methods_text
    from merflow.reporting.paper.references import bibtex

    texts = {}
    if methods:
        text = methods_text(content.results)
        texts |= {"methods.md": text, "methods.bib": bibtex(text)}
    if cards:
        texts["model_card.md"] = model_card(content.results, content.tables)
        texts["data_card.md"] = data_card(content.results)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [str(folder / name) for name in texts]


def _write_figures(folder: Path, content: "Content", shown: "list[Example]") -> list[Path]:
    """Write the figures of all runs, effects and example clips; return their paths."""
    from merflow.inference.clip_strip import write_strips
    from merflow.reporting.figures.gallery import write_gallery

    effects = content.effects
    return [
        *write_gallery(folder, content.results.runs, effects["effect_panels"], effects["effects"]),
        *write_strips(folder, shown),
    ]
