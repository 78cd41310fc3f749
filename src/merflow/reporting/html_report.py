"""The report: one HTML file with every number, curve and caveat of a run, readable anywhere.

It holds no picture of a face and asks the network for nothing: style, script and drawings are
inside, and its own content policy forbids anything else. The same results give the same bytes,
but for the part on cost and timings.
"""

from importlib.resources import files

from merflow.config.grid import members
from merflow.reporting.html.data_card import data_section, generated
from merflow.reporting.html.magnification import effect_section
from merflow.reporting.html.markup import Html, details, el, join, text
from merflow.reporting.html.read import Results, read_results
from merflow.reporting.html.reproduction import (
    cost_section,
    provenance_section,
    settings_section,
    timing_section,
    version_section,
)
from merflow.reporting.html.runs import run_section
from merflow.reporting.html.scores import score_section
from merflow.reporting.html.words import (
    control_line,
    how_to_read,
    in_short,
    verdict,
    warnings,
    what_was_run,
)
from merflow.reporting.results_table import wide_tables
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_lines import protocol_lines


def build_report(plan: Plan) -> tuple[str, list[str]]:
    """Return the page of a plan's results, and what could not be read for it."""
    results = read_results(plan)
    return page(results), results.problems


def page(results: Results) -> str:
    """Return the whole page."""
    plan = results.plan
    tables = wide_tables(results.rows, protocol_lines(plan), grids=members(plan.settings))
    sections = (
        ("scores", "Scores", score_section(tables, plan)),
        ("magnification", "Magnification", effect_section(tables, results)),
        ("runs", "Runs", join([_fold_buttons(), run_section(results)])),
        ("data", "Data card", data_section(results)),
        ("settings", "Settings", settings_section(results)),
        ("versions", "Versions", version_section(results)),
        ("cost", "Cost and timings", _cost(results)),
        ("provenance", "Provenance", provenance_section(results)),
    )
    links = [el("a", title, href=f"#{name}") for name, title, _ in sections]
    alarms = [el("div", said, class_="warning", role="note") for said in warnings(results, tables)]
    head = el(
        "header",
        el("h1", f"merflow: {_name(plan)}"),
        *what_was_run(results, generated(results)),
        verdict(tables, plan),
        control_line(plan),
        *alarms,
        in_short(),
        details("What the numbers mean", how_to_read()),
    )
    body = [el("section", el("h2", title), inside, id=name) for name, title, inside in sections]
    return _filled(_name(plan), join([el("nav", *links, aria_label="sections"), head, *body]))


def _name(plan: Plan) -> str:
    names = plan.experiments
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} others"


def _fold_buttons() -> Html:
    buttons = [
        el("button", word, type="button", data_fold=way)
        for word, way in (("Open all", "open"), ("Close all", "close"))
    ]
    return el("p", *buttons, class_="tools")


def _cost(results: Results) -> Html:
    said = "Measured times: they differ from one run to the next, and between machines."
    return join([
        el("p", said, class_="legend"),
        el("h3", "Each run"),
        cost_section(results),
        el("h3", "Each stage"),
        timing_section(results.jobs),
    ])  # fmt: skip


def _filled(title: str, body: Html) -> str:
    """Return the page's frame with its parts put in; the body last, so it is searched by none."""
    folder = files("merflow.reporting.html")

    def asset(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    frame = asset("page.html")
    frame = frame.replace("/*style*/", asset("report.css")).replace(
        "/*script*/", asset("report.js")
    )
    before, _, after = frame.partition("<!--body-->")
    return before.replace("<!--title-->", text(title)) + body + after
