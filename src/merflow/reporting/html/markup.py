"""HTML that cannot be broken by a name: every plain string is escaped on its way into an element.

Only `Html`, which this module alone makes, passes as it is; so a clip called `<script>` is text.
"""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

VOID = {"br", "col", "hr", "meta"}
DASH = "–"


class Html(str):
    """Text that is already markup."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return a value as escaped text; control and direction characters become visible marks."""
    if isinstance(value, Html):
        return value
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return Html(html.escape(shown, quote=True))


def join(pieces: Iterable[object], between: str = "") -> Html:
    """Return pieces one after the other, each escaped unless it is markup."""
    return Html(between.join(text(piece) for piece in pieces))


def el(tag: str, *children: object, **attributes: object) -> Html:
    """Return an element. Attributes None or False are left out, True has no value.

    `class_` is written `class`, an underscore elsewhere becomes a hyphen.

    >>> el("td", "a < b", class_="n", data_v=0.5)
    '<td class="n" data-v="0.5">a &lt; b</td>'
    """
    named = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        named.append(f" {name}" if value is True else f' {name}="{text(value)}"')
    opened = f"<{tag}{''.join(named)}>"
    return Html(opened if tag in VOID else f"{opened}{join(children)}</{tag}>")


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its heading, what hovering says, whether its cells are numbers."""

    name: object
    about: str = ""
    number: bool = False
    sorts: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """A cell that shows one thing and is sorted by a number (NaN: always last)."""

    shown: object
    by: float


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    foot: Iterable[Sequence[object]] = (),
    caption: object = "",
    sortable: bool = True,
    label: str = "",
) -> Html:
    """Return a table that scrolls sideways on a small screen; `foot` rows stay where they are."""
    heads = [_head(column, sortable and column.sorts) for column in columns]
    body = [_row(columns, row) for row in rows]
    last = [_row(columns, row) for row in foot]
    made = el(
        "table",
        el("caption", caption) if caption else "",
        el("thead", el("tr", *heads)),
        el("tbody", *body),
        el("tfoot", *last) if last else "",
    )
    return el("div", made, class_="scroll", tabindex=0, role="region", aria_label=label or "table")


def _head(column: Column, sortable: bool) -> Html:
    kind = "n" if column.number else None
    about = column.about or None
    if not sortable:
        return el("th", column.name, scope="col", class_=kind, title=about)
    inner = el("button", column.name, type="button", title=about)
    return el("th", inner, scope="col", class_=kind, aria_sort="none")


def _row(columns: Sequence[Column], row: Sequence[object]) -> Html:
    cells = []
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        kind = "n" if column.number else None
        by = None
        if isinstance(cell, Value):
            by = "" if math.isnan(cell.by) else f"{cell.by:.9g}"
            cell = cell.shown
        if place == 0:
            cells.append(el("th", cell, scope="row", class_=kind, data_v=by))
        else:
            cells.append(el("td", cell, class_=kind, data_v=by))
    return el("tr", *cells)


def details(summary: object, *inside: object, **attributes: Any) -> Html:  # noqa: ANN401
    """Return a part that is folded until opened; printing opens all of them."""
    return el("details", el("summary", summary), *inside, **attributes)


def listing(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
