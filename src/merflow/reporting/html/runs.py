"""One card a run: confusion matrices, subjects, training curves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from merflow.evaluation.metrics import confusion, per_class_f1, per_class_recall, uar, uf1
from merflow.evaluation.predictions import Pooled
from merflow.evaluation.score_table import parts_of
from merflow.reporting.control_notes import control_named
from merflow.reporting.html.markup import Column, Html, details, el, join, listing, table
from merflow.reporting.html.read import BAND, Results, RunResults
from merflow.reporting.html.words import badge
from merflow.reporting.svg_plots import Bar, Curve, curves, subject_bars
from merflow.reporting.table_text import number, part_name
from merflow.text import plural

SUREST = 8
INNER = "inner folds"
OPEN = 1
"""Cards that are open at the start."""


def run_section(results: Results) -> Html:
    """Return a card for every run; losses are drawn to one scale, so that runs compare."""
    top = highest_loss([curve for run in results.runs for curve in run.training.curves])
    cards = [
        details(_summary(run, results), *_card(run, top), id=run.anchor, open=i < OPEN)
        for i, run in enumerate(results.runs)
    ]
    return join(cards)


def _summary(run: RunResults, results: Results) -> Html:
    kind = control_named(results.plan, run.run.experiment)
    name = f"{run.run.experiment} {run.run.factor}, seed {run.run.seed}"
    if run.pooled is None:
        return join(
            [el("b", name), *badge(kind), el("span", "no pooled predictions", class_="bad")], " "
        )
    matrix = confusion(run.pooled.truth, run.pooled.predicted, len(run.pooled.classes))
    said = f"UF1 {number(float(uf1(matrix)), 3)}, UAR {number(float(uar(matrix)), 3)}"
    return join([el("b", name), *badge(kind), said], " ")


def _card(run: RunResults, top: float) -> list[Html]:
    blocks = []
    if run.pooled is not None:
        parts = parts_of(run.pooled)
        # One dataset alone is the full table again.
        shown = parts[:1] if len(parts) == 2 else parts
        figures = [_matrix(run.pooled, part) for part in shown]
        blocks += [
            el("h4", "Confusion matrices"),
            el("p", "Rows: truth. Each cell: clips, and its share of the row.", class_="legend"),
            el("div", *figures, class_="panels"),
            el("h4", "Clips right of clips, by subject"),
            el("div", subjects_drawn(run.pooled), class_="scroll", tabindex=0),
        ]
        blocks += _mistakes(run.pooled)
    blocks.append(el("h4", "Training"))
    blocks.append(_training(run, top))
    return blocks


def _matrix(pooled: Pooled, part: str) -> Html:
    rows = pooled.part(part)
    matrix = confusion(rows.truth, rows.predicted, len(pooled.classes))
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    recall, f1 = per_class_recall(matrix), per_class_f1(matrix)
    head = el(
        "tr",
        el("td"),
        *(el("th", c, scope="col") for c in pooled.classes),
        el("th", "recall", scope="col", class_="n"),
        el("th", "F1", scope="col", class_="n"),
    )
    body = []
    for i, name in enumerate(pooled.classes):
        cells = [_cell(int(n), float(s)) for n, s in zip(matrix[i], share[i], strict=True)]
        ends = [
            el("td", number(float(v), 2), class_="n") if matrix[i].sum() else el("td", "–")
            for v in (recall[i], f1[i])
        ]
        body.append(el("tr", el("th", name, scope="row"), *cells, *ends))
    caption = f"{part_name(part)}, {plural(len(rows.keys), 'clip')}"
    made = el("table", el("caption", caption), el("thead", head), el("tbody", *body), class_="cm")
    return el("div", made, class_="scroll", tabindex=0)


def _cell(count: int, share: float) -> Html:
    return el("td", str(count), el("i", f"{share:.0%}"), class_="k", style=f"--p:{share:.2f}")


def subjects_drawn(pooled: Pooled) -> Html:
    """Return a bar for every subject: its clips, those predicted right filled."""
    right = pooled.truth == pooled.predicted
    counts: dict[tuple[str, str], list[int]] = {}
    for key, good in zip(pooled.keys, right, strict=True):
        pair = counts.setdefault(key.subject_key, [0, 0])
        pair[0] += int(good)
        pair[1] += 1
    bars = [Bar(part_name(d), s, *counts[d, s]) for d, s in sorted(counts)]
    none = sum(bar.right == 0 for bar in bars)
    said = f"{plural(len(bars), 'subject')}; {none} with no clip right"
    return subject_bars(bars, label=said)


def _mistakes(pooled: Pooled) -> list[Html]:
    """Return the wrong answers that were given with the most confidence, the surest first."""
    if pooled.probabilities is None:
        return []
    sure = pooled.probabilities.max(1)
    wrong = np.flatnonzero(pooled.truth != pooled.predicted)
    surest = wrong[np.argsort(-sure[wrong], kind="stable")][:SUREST]
    if not len(surest):
        return [el("p", "No clip is wrong.")]
    rows = [
        (
            str(pooled.keys[i]),
            pooled.classes[pooled.truth[i]],
            pooled.classes[pooled.predicted[i]],
            number(float(sure[i]), 3),
        )
        for i in surest
    ]
    columns = (
        Column("clip"),
        Column("truth"),
        Column("predicted"),
        Column("how sure", number=True),
    )
    made = table(columns, rows, sortable=False, label="surest mistakes")
    return [details(f"The surest of {plural(len(wrong), 'mistake')}", made, class_="small")]


def _training(run: RunResults, top: float) -> Html:
    found = run.training.curves
    if not found:
        return el("p", "No epochs: this method writes no history, or it was not trained here.")
    if max(len(curve.epochs) for curve in found) == 1:
        ends = [f"{c.name} {c.mid[0]:.3g}" for c in found]
        return el("p", f"Fitted in one step; on the training clips, median: {listing(ends)}.")
    panels = [
        el("figure", drawn, el("figcaption", name)) for name, drawn in training_drawn(found, top)
    ]
    legend = _curve_legend(run, any("val_" in curve.name for curve in found))
    return join([el("div", *panels, class_="panels"), el("p", legend, class_="legend")])


def training_drawn(found: Sequence[Curve], top: float) -> list[tuple[str, Html]]:
    """Return the drawings of losses, 0 to `top`, and of measures in 0..1, each with its name."""
    panels = []
    for group, height in ((_losses(found), top), (_shares(found), 1.0)):
        if group:
            name = group[0].name.removeprefix("val_")
            named = [replace(c, name=INNER if "val_" in c.name else "training") for c in group]
            said = f"{name}, at the end: " + ", ".join(f"{c.name} {c.mid[-1]:.3g}" for c in named)
            panels.append((name, curves(named, height, label=said)))
    return panels


def highest_loss(found: Sequence[Curve]) -> float:
    """Return the top of the scale on which losses are drawn."""
    return max((float(np.nanmax(curve.high)) for curve in _losses(found)), default=1.0) or 1.0


def _curve_legend(run: RunResults, inner: bool) -> str:
    words = [
        f"Line: median over {plural(len(run.folds), 'fold')}; band: {BAND[0]:.0%} to "
        f"{BAND[1]:.0%} of them. The subject left out plays no part here.",
    ]
    if inner:
        words.append(f"{INNER.capitalize()}: training subjects held out to choose the epochs.")
    epochs = run.training.numbers("epochs")
    if len(epochs) and epochs.min() < epochs.max():
        words.append(
            f"Epochs chosen, fewest, median, most: {epochs.min():g} – {np.median(epochs):g} – "
            f"{epochs.max():g}."
        )
    return " ".join(words)


def _losses(found: Sequence[Curve]) -> list[Curve]:
    return [curve for curve in found if "loss" in curve.name]


def _shares(found: Sequence[Curve]) -> list[Curve]:
    """Return the measures that lie in 0..1; any other has no scale to be drawn to."""
    return [c for c in found if "loss" not in c.name and np.nanmax(c.high) <= 1 + 1e-9]
