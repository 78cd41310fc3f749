"""The effect of magnification: scores against factors, and paired differences from x1."""

from collections.abc import Sequence

from merflow.errors import MerflowError
from merflow.evaluation.effects import Effect, Row, magnification_effects
from merflow.evaluation.predictions import Pooled
from merflow.reporting.control_notes import control_named
from merflow.reporting.effects_table import EFFECTS
from merflow.reporting.html.markup import Column, Html, Value, details, el, join, table
from merflow.reporting.html.read import Results
from merflow.reporting.html.words import badge, factor_number, guess_of
from merflow.reporting.results_table import Line, Wide
from merflow.reporting.svg_plots import Point, effect
from merflow.reporting.table_text import bracket, number, part_name

LONG = 24
COLUMNS = (
    Column("experiment"),
    Column("factor"),
    Column("against"),
    Column("part"),
    Column("UF1 difference [95%]", "paired: the same clips on both sides", number=True),
    Column("p", "swap test over subjects, Holm-corrected over this table", number=True),
    Column("visible", "smallest true difference that these subjects could show", number=True),
)


DELIVERED = (
    Column("preparation"),
    Column("factor"),
    Column("method"),
    Column("clips", "of them measured: those in which enough moves", number=True),
    Column("delivered", "factor found in the result, median over clips", number=True),
    Column("share", "of the factor asked for, median over clips", number=True),
    Column("credible", "clips asked for at most 25 px at 256 px", number=True),
)


def effect_section(tables: Sequence[Wide], results: Results) -> Html:
    """Return UF1 against factor, a panel a part, for every experiment with several factors."""
    seeds: dict[tuple[str, str, str], list[float]] = {}
    for row in results.rows:
        seeds.setdefault((row.experiment, row.factor, row.part), []).append(row.uf1)
    blocks = []
    for wide in tables:
        for name in dict.fromkeys(line.experiment for line in wide.lines):
            lines = [line for line in wide.lines if line.experiment == name]
            if len(lines) > 1:
                blocks.append(_panels(name, lines, wide, seeds, control_named(results.plan, name)))
    if not blocks:
        return el("p", "No experiment has more than one magnification factor.")
    legend = (
        "Dot: UF1; bar: 95% interval over subjects; shaded: band of guesses; dashes: always the "
        "largest class; small dots: single seeds. The intervals are of each score; the table has "
        "those of the differences, which are another matter, since the clips are the same."
    )
    end = (el("p", legend, class_="legend"), _delivered(results), _differences(results))
    return join([*blocks, *end])


def _delivered(results: Results) -> Html:
    """Return what magnification delivered beside what was asked for."""
    if not results.delivered:
        return join([])
    rows = [
        [
            one.preparation,
            Value(one.factor, factor_number(one.factor)),
            one.method,
            Value(f"{one.measured} of {one.clips}", one.measured),
            Value("x" + number(one.delivered, 1), one.delivered),
            Value(number(one.gain, 2), one.gain),
            Value(f"{one.credible} of {one.measured}", one.credible),
        ]
        for one in results.delivered
    ]
    made = table(DELIVERED, rows, label="what magnification delivered")
    legend = el("p", "Clip by clip: results/delivered.csv. A blink counts as motion.")
    return details("What magnification delivered", made, legend, open=len(rows) <= LONG)


def _panels(
    name: str,
    lines: Sequence[Line],
    wide: Wide,
    seeds: dict[tuple[str, str, str], list[float]],
    control: str,
) -> Html:
    panels = []
    for part, facts in wide.parts.items():
        points = [
            Point(
                line.factor,
                line.cells[part].uf1,
                line.cells[part].uf1_lo,
                line.cells[part].uf1_hi,
                tuple(seeds.get((name, line.factor, part), ())),
            )
            for line in lines
        ]
        said = ", ".join(f"{p.label} {number(p.value, 3)}" for p in points)
        mark = " †" if facts.few else ""
        panels.append(
            el(
                "figure",
                effect(points, guess_of(facts), label=f"{name}, {part_name(part)}: UF1 {said}"),
                el("figcaption", part_name(part), mark),
            )
        )
    heading = el("h3", join([name, *badge(control)], " "))
    return el("section", heading, el("div", *panels, class_="panels"), class_="effect")


def _differences(results: Results) -> Html:
    """Return the paired differences between each factor and x1."""
    runs: dict[Row, dict[int, Pooled]] = {}
    for one in results.runs:
        if one.pooled is not None:
            row = Row(one.run.experiment, one.run.factor)
            runs.setdefault(row, {})[one.run.seed] = one.pooled
    try:
        found = magnification_effects(runs, resamples=results.plan.settings.bootstrap)
    except MerflowError as error:
        return el("p", f"No paired differences: {error.where}: {error.found}", class_="bad")
    if not found:
        return el("p", "No experiment has both x1 and another factor: no paired differences.")
    made = table(COLUMNS, [_difference(e) for e in found], label="differences from x1")
    legend = el("p", EFFECTS, class_="legend")
    return details("Paired differences from x1", made, legend, open=len(found) <= LONG)


def _difference(found: Effect) -> list[object]:
    sign = "+" if found.difference >= 0 else "-"
    change = sign + number(abs(found.difference), 3)
    change += bracket(found.lo, found.hi, "†" if found.note else "")
    return [
        found.experiment,
        Value(found.factor, factor_number(found.factor)),
        found.against,
        part_name(found.part),
        Value(change, found.difference),
        Value(number(found.p_holm, 3), found.p_holm),
        Value(number(found.detectable, 3), found.detectable),
    ]
