"""The report: one HTML file with every score, curve and warning of a run.

It makes no network request: style, script, drawings and pictures are inside, and its content
security policy forbids anything else. Faces are those of generated or consenting subjects. The
same results give the same bytes, except for the section on cost and timings. The templates are in
`html/templates`.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from merflow.config.display_names import shown_row
from merflow.config.grid import members
from merflow.reporting.control_notes import control_named, control_rows
from merflow.reporting.doubt_notes import with_doubts
from merflow.reporting.html.data_card import data_context
from merflow.reporting.html.environment import render
from merflow.reporting.html.magnification import effect_context
from merflow.reporting.html.reproduction import reproduction_context
from merflow.reporting.html.run_data import Results, read_results
from merflow.reporting.html.runs import run_context
from merflow.reporting.html.scores import score_context
from merflow.reporting.html.summary import summary
from merflow.reporting.key_frames_section import noise_context
from merflow.reporting.results_table import Wide, wide_tables
from merflow.reporting.spotting_section import spotting_context
from merflow.reporting.table import Table
from merflow.reporting.unit_tables import unit_tables
from merflow.workflow.plan import Plan
from merflow.workflow.protocol_text import protocol_lines


@dataclass(frozen=True, slots=True)
class Content:
    """What the page and the figures show: results, tables, and the effect of magnification."""

    results: Results
    tables: list[Wide]
    effects: dict[str, Any]
    units: list[Table]


class Face(NamedTuple):
    """Pictures of a clip that may be shown: its name, what they show, a JPEG and its size (px)."""

    clip: str
    about: str
    picture: bytes
    width: int
    height: int

    @property
    def source(self) -> str:
        """The picture as an address that needs no other file."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.picture).decode()}"


def read_content(plan: Plan) -> Content:
    """Return the content of a plan's results."""
    results = read_results(plan)
    lines, grids, names = protocol_lines(plan), members(plan.settings), results.names
    about = (lines, control_rows(plan), grids, names)
    tables = with_doubts(wide_tables(results.rows, *about), results.delivered)
    units = [] if results.unit_rows is None else unit_tables(results.unit_rows, *about)
    return Content(results, tables, effect_context(tables, results), units)


def build_report(plan: Plan, faces: Sequence[Face] = ()) -> tuple[str, list[str]]:
    """Return the page of a plan's results, and the files that could not be read for it."""
    content = read_content(plan)
    return page(content, faces), content.results.problems


def page(content: Content, faces: Sequence[Face] = ()) -> str:
    """Return the whole page; faces: pictures of clips that may be shown."""
    results, tables = content.results, content.tables
    plan = results.plan
    context = {
        "experiments": [results.names[name] for name in plan.experiments],
        "shown": partial(shown_row, shown=results.names),
        "problems": results.problems,
        "control_of": partial(control_named, plan),
        "faces": faces,
        "summary": summary(results, tables),
        **score_context(tables, results.runs, content.units),
        **content.effects,
        **noise_context(results),
        **spotting_context(results),
        **run_context(results),
        **data_context(results),
        **reproduction_context(results),
    }
    return render("report.html.jinja", context)
