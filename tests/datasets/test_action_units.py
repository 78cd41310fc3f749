"""Cells of action units: every form in circulation, with what MEB's digit rule loses."""

import pytest

from merflow.datasets.action_units import ActionUnits, Unit, parse

SURE = {
    "4+L10+R12": "4 10 12",
    "R12A + L15B": "12 15",
    "ref(7B)+4C": "7 4",
    "ref(L10)+A12B": "10 12",
    "T28+14": "28 14",
    "B28": "28",
    "24+T18+16": "24 18 16",
    "10A/B": "10",
    "4A/B": "4",
    "A/L12": "12",
    "12+15 ": "12 15",
    "L12 + 61": "12 61",
    "4B+7B+43E": "4 7 43",
    "14,12": "14 12",
    "4\uff0cL7": "4 7",
    "4,7,": "4 7",
    "13?": "13",
    "AU4+AU7": "4 7",
    "AD31+AD38+AD39+M57+M58": "AD31 AD38 AD39 M57 M58",
    "AD31 M57": "AD31 M57",
    "L14+R14": "14 14",
    "12": "12",
    "04": "4",
    "": "",
}


@pytest.mark.parametrize("cell", SURE)
def test_units_without_an_alternative(cell):
    found = parse(cell)
    assert [unit.code for unit in found.units] == SURE[cell].split()
    assert found.codes == set(SURE[cell].split())
    assert not (found.choices or found.unknown or found.unparsed)


@pytest.mark.parametrize("cell", ["?", "/", "NULL", "NaN", " ? ", "none"])
def test_a_cell_that_nobody_coded_is_unknown_and_not_empty(cell):
    assert parse(cell) == ActionUnits(unknown=True)


CHOICES = {
    "L12 or L14": ("", "12 14"),
    "R12 or R14": ("", "12 14"),
    "(R6 or R12)+R15": ("15", "6 12"),
    "R14A or 17A or 24A": ("", "14 17 24"),
    "10or11": ("", "10 11"),
    "14or23": ("", "14 23"),
    "4+10 OR 12": ("4", "10 12"),
}


@pytest.mark.parametrize("cell", CHOICES)
def test_alternatives_are_a_choice_and_no_unit(cell):
    sure, choice = CHOICES[cell]
    found = parse(cell)
    assert [unit.code for unit in found.units] == sure.split()
    assert [[unit.code for unit in one] for one in found.choices] == [choice.split()]
    assert not found.unparsed and "1214" not in found.codes


def test_sides_intensities_and_marks_are_kept():
    assert parse("R12A").units == (Unit("12", "R", "A"),)
    assert parse("10a/b").units == (Unit("10", intensity="A/B"),)
    assert parse("A/L12").units == (Unit("12", "A/L"),)
    assert parse("AU9").units == (Unit("9"),) and parse("AD31").units == (Unit("AD31"),)
    assert parse("LAU9").units == (Unit("9", "L"),)
    assert parse("13?").units == (Unit("13", doubt=True),)


def test_static_units_are_listed_and_do_not_move():
    found = parse("AU4+L7(k)+12 (k)")
    assert found.units == (Unit("4"), Unit("7", "L", static=True), Unit("12", static=True))
    assert found.codes == {"4"}


@pytest.mark.parametrize("cell", ["soft focus", "x4", "412", "4.7", "R", "2013-02-01", "4-7"])
def test_pieces_that_are_no_unit_are_named(cell):
    found = parse(f"R14+{cell}+17")
    assert found.unparsed == (cell,) and found.codes == {"14", "17"}
