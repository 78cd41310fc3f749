"""`merflow report`: all results as one HTML file, and what goes into a paper."""

import logging
from contextlib import ExitStack
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
    from merflow.inference.clip_strip import examples, faces, remove_strips
    from merflow.reporting.html_report import page, read_content

    if not Path(paths.SCORES).exists():
        raise MerflowError(paths.SCORES, "no such file", "the scores", "call `merflow run` first")
    plan = Plan(load(config))
    kinds = {"methods": methods, "cards": cards, "figures": figures}
    asked = {kind: _place(out.parent, kind) for kind, wanted in kinds.items() if wanted}
    with ExitStack() as stack:
        job = stack.enter_context(records.job("report", out))
        jobs = {kind: stack.enter_context(records.job("report", asked[kind])) for kind in asked}
        content = read_content(plan)
        shown, unread = examples(plan)
        content.results.problems.extend(unread)
        remove_strips(out.parent / "figures", shown, plan.settings.datasets)
        for problem in content.results.problems:
            LOG.warning("not in the report: %s", problem)
        text = page(content, faces(shown))
        write_text(out, text)
        made = reported_from(plan)
        job.done(made, [out])
        files = {kind: _write(kind, out.parent, content, shown) for kind in asked}
        for kind, wrote in files.items():
            jobs[kind].done(made, wrote)
    lines = [f"{out}: {len(text.encode()) / 1e6:.1f} MB"]
    if found := files.pop("figures", []):
        lines.append(f"{found[0].parent}: {len(found)} files")
    print("\n".join([*lines, *(str(path) for wrote in files.values() for path in wrote)]))


def _place(folder: Path, kind: str) -> Path:
    """Return a file of one kind, which stands for all of them in the records."""
    names = {"methods": paths.METHODS[0], "cards": paths.CARDS[0], "figures": "figures/all"}
    return folder / names[kind]


def _write(kind: str, folder: Path, content: "Content", shown: "list[Example]") -> list[Path]:
    """Write the figures, the methods or the cards into a folder; return their paths."""
    from merflow.reporting.paper.cards import data_card, model_card
    from merflow.reporting.paper.methods import methods_text
    from merflow.reporting.paper.references import bibtex

    if kind == "figures":
        return _write_figures(folder / "figures", content, shown)
    if kind == "methods":
        text = methods_text(content.results)
        texts = dict(zip(paths.METHODS, (text, bibtex(text)), strict=True))
    else:
        cards = (model_card(content.results, content.tables), data_card(content.results))
        texts = dict(zip(paths.CARDS, cards, strict=True))
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _write_figures(folder: Path, content: "Content", shown: "list[Example]") -> list[Path]:
    """Write the figures of all runs, effects and example clips; return their paths."""
    from merflow.inference.clip_strip import write_strips
    from merflow.reporting.figures.gallery import write_gallery

    effects = content.effects
    return [
        *write_gallery(
            folder,
            content.results.runs,
            effects["effect_panels"],
            effects["effects"],
            content.results.noise,
        ),
        *write_strips(folder, shown),
    ]
