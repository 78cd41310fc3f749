"""Parse the action units of an annotation cell, as the sheets in circulation write them.

`4+L10+R12`, `R12A + L15B`, `ref(7B)+4C`, `14,12`, `AD31+M57`, `L12 or L14`, `4(k)`, `?`.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

UNKNOWN = frozenset({"?", "/", "-", "null", "nan", "none"})
"""Cells that stand for units that nobody coded: not the same as a cell without a unit."""

_SEPARATOR = re.compile(r"\s*[+,;\uff0c]\s*")
_OR = re.compile(r"\s*\bor\b\s*|(?<=[0-9])\s*or\s*(?=[0-9])", re.IGNORECASE)
_UNIT = re.compile(
    r"(?P<side>A/?[LR]|[LRA](?!U|D))?[TB]?(?P<kind>AU|AD|M)?\s*(?P<number>[0-9]{1,2})\s*"
    r"(?P<intensity>[A-E](?:/[A-E])?)?\s*(?P<static>\(k\))?(?P<doubt>\?)?",
    re.IGNORECASE,
)


class Unit(NamedTuple):
    """One coded unit.

    code: `12`, `AD38`, `M57`. side: L, R, A (unequal sides), A/L or empty. intensity: as written,
    such as B or A/B, or empty. static: present but not part of the movement. doubt: the coder was
    not sure.
    """

    code: str
    side: str = ""
    intensity: str = ""
    static: bool = False
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class ActionUnits:
    """The content of a cell.

    units: coded without an alternative, in order. choices: units of which one is present.
    unknown: nobody coded the clip. unparsed: pieces that are no unit, such as a remark.
    """

    units: tuple[Unit, ...] = ()
    choices: tuple[tuple[Unit, ...], ...] = ()
    unknown: bool = False
    unparsed: tuple[str, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes that move: without choices, and without those marked static."""
        return frozenset(unit.code for unit in self.units if not unit.static)


def parse(cell: str) -> ActionUnits:
    """Parse a cell.

    >>> sorted(parse("4+L10+R12").codes)
    ['10', '12', '4']
    >>> [[unit.code for unit in choice] for choice in parse("L12 or L14").choices]
    [['12', '14']]
    """
    text = cell.strip()
    if text.casefold() in UNKNOWN:
        return ActionUnits(unknown=True)
    units: list[Unit] = []
    choices: list[tuple[Unit, ...]] = []
    unparsed: list[str] = []
    for piece in filter(None, _SEPARATOR.split(text)):
        choice = _units(_OR.split(_bare(piece)))
        listed = choice if len(choice) == 1 else _units(piece.split())
        if listed:
            units += listed
        elif choice:
            choices.append(tuple(choice))
        else:
            unparsed.append(piece)
    return ActionUnits(tuple(units), tuple(choices), unparsed=tuple(unparsed))


def _bare(piece: str) -> str:
    """Return a piece without `ref` and the brackets of a group.

    >>> _bare("ref(7B)"), _bare("(R6 or R12)"), _bare("4(k)")
    ('7B', 'R6 or R12', '4(k)')
    """
    inner = re.sub(r"^(?:ref)?\s*\(?\s*", "", piece, flags=re.IGNORECASE)
    return inner if inner.lower().endswith("(k)") else inner.rstrip(") ")


def _units(parts: list[str]) -> list[Unit]:
    """Return the units of all parts; nothing if one part is no unit."""
    found = [_UNIT.fullmatch(part) for part in parts]
    matches = [match for match in found if match]
    return [_unit(match) for match in matches] if len(matches) == len(found) else []


def _unit(match: re.Match[str]) -> Unit:
    kind = (match["kind"] or "").upper()
    return Unit(
        ("" if kind == "AU" else kind) + str(int(match["number"])),
        (match["side"] or "").upper(),
        (match["intensity"] or "").upper(),
        match["static"] is not None,
        match["doubt"] is not None,
    )
