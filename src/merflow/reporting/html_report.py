"""The report: one HTML file with every score, curve and warning of a run.

It shows no face and makes no network request: style, script and drawings are inside, and its
content security policy forbids anything else. The same results give the same bytes, except for
the section on cost and timings. The templates are in `html/templates`.
"""

from functools import partial

from merflow.config.display_names import shown_row
from merflow.config.grid import members
from merflow.reporting.control_notes import control_named
from merflow.reporting.doubt_notes import with_doubts
from merflow.reporting.html.data_card import data_context
from merflow.reporting.html.environment import render
from merflow.reporting.html.magnification import effect_context
from merflow.reporting.html.reproduction import reproduction_context
from merflow.reporting.html.run_data import Results, read_results
from merflow.reporting.html.runs import run_context
from merflow.reporting.html.scores import score_context
from merflow.reporting.html.summary import summary
from merflow.reporting.results_table import wide_tables
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines


def build_report(plan: Plan) -> tuple[str, list[str]]:
    """Return the page of a plan's results, and the files that could not be read for it."""
    results = read_results(plan)
    return page(results), results.problems


def page(results: Results) -> str:
    """Return the whole page."""
    plan = results.plan
    lines, grids, names = protocol_lines(plan), members(plan.settings), results.names
    tables = wide_tables(results.rows, lines, grids=grids, names=names)
    tables = with_doubts(tables, results.delivered)
    context = {
        "experiments": [names[name] for name in plan.experiments],
        "shown": partial(shown_row, shown=names),
        "problems": results.problems,
        "control_of": partial(control_named, plan),
        "summary": summary(results, tables),
        **score_context(tables),
        **effect_context(tables, results),
        **run_context(results),
        **data_context(results),
        **reproduction_context(results),
    }
    return render("report.html.jinja", context)
