"""Edits of a config's text: what changes, and everything that stays."""

import difflib
import random
from pathlib import Path

import pytest
import yaml

import merflow
from merflow.config import yaml_text
from merflow.config.edit import Put, Remove, Rename, edit_config
from merflow.errors import MerflowError

CONFIGS = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))
TEXT = (Path(__file__).parents[2] / "config/config.yaml").read_text()


def changed(*changes, text=TEXT):
    """Return the lines that edits remove and add."""
    found = difflib.unified_diff(text.split("\n"), edit_config(text, changes).split("\n"), n=0)
    return [line for line in found if line[0] in "+-" and line[:3] not in ("+++", "---")]


def read(text, *where):
    found = yaml.safe_load(text)
    for part in where:
        found = found[part]
    return found


def test_one_value_changes_one_line_and_keeps_its_comment():
    assert changed(Put(("experiments", "demo", "factors"), [1, 5])) == [
        "-    factors: [1, 10, 25, 50] # multiply the displacement; x10 was chosen before any run",
        "+    factors: [1, 5] # multiply the displacement; x10 was chosen before any run",
    ]


def test_a_new_entry_stands_below_the_comments_of_the_last_one_and_a_removed_one_takes_its_own():
    text = "datasets:\n  mine:\n    root: data\n    # fps: 200\n\n# next\nseeds: 1\n"
    both = edit_config(text, [Put(("datasets", "more"), {"root": "x"})])
    assert both.startswith(
        "datasets:\n  mine:\n    root: data\n    # fps: 200\n  more:\n    root: x\n\n# next\n"
    )
    left = edit_config(both, [Remove(("datasets", "mine"))])
    assert "# fps" not in left and read(left, "datasets") == {"more": {"root": "x"}}


def test_an_equal_value_changes_nothing():
    assert changed(Put(("experiments", "frozen", "seeds"), [0])) == []


def test_a_section_is_replaced_by_its_differences():
    entry = read(TEXT, "experiments", "demo") | {"scheme": "raw"}
    del entry["seeds"]
    assert changed(Put(("experiments", "demo"), entry)) == [
        "-    scheme: three # negative, positive, surprise",
        "+    scheme: raw # negative, positive, surprise",
        "-    seeds: [0]",
    ]


def test_an_inherited_section_is_written_out_where_one_value_of_it_changes():
    text = edit_config(TEXT, [Put(("experiments", "frozen", "training", "epochs"), 3)])
    frozen, demo = (read(text, "experiments", name, "training") for name in ("frozen", "demo"))
    assert demo["epochs"] == 14 and frozen == demo | {"epochs": 3}


def test_a_removed_entry_leaves_its_values_to_those_that_inherit_them():
    text = edit_config(TEXT, [Remove(("experiments", "demo"))])
    assert read(text, "experiments") == {"frozen": read(TEXT, "experiments", "frozen")}
    assert "# A negative control" in text and "# Folds share a start" in text


def test_a_removed_entry_takes_the_comment_above_it_and_no_other():
    lines = changed(Remove(("experiments", "frozen")))
    assert not any(line.startswith("+") for line in lines)
    assert "# A negative control" in lines[1] + lines[0] and len(lines) == 7


def test_a_removed_inherited_key_is_gone():
    text = edit_config(TEXT, [Remove(("experiments", "frozen", "seeds"))])
    expected = read(TEXT, "experiments", "frozen")
    del expected["seeds"]
    assert read(text, "experiments", "frozen") == expected


def test_a_key_of_an_inherited_section_is_gone_there_and_stays_in_the_other_entry():
    text = (Path(merflow.__file__).parent / "workflow/templates/own.yaml").read_text()
    left = edit_config(text, [Remove(("experiments", "frozen", "training", "learning_rate"))])
    own = read(text, "experiments", "own")
    assert read(left, "experiments", "own") == own
    assert read(left, "experiments", "frozen", "training") == {"epochs": 20, "batch_size": 8}
    shared = "a:\n  x: &x {one: 1, two: 2}\n  y: *x\n"
    left = edit_config(shared, [Remove(("a", "y", "one"))])
    assert read(left) == {"a": {"x": {"one": 1, "two": 2}, "y": {"two": 2}}}


def test_a_value_of_a_section_with_an_anchor_changes_in_those_that_take_it():
    text = "base: &base\n  x: {a: 1}\nexperiments:\n  <<: *base\n  y: {a: 2}\n"
    changed = edit_config(text, [Put(("base", "x"), {"a": 3})])
    assert read(changed, "experiments") == {"x": {"a": 3}, "y": {"a": 2}}


def test_a_name_that_is_there_already_is_refused():
    text = "experiments:\n  a: {seeds: [0]}\n  b: {seeds: [1]}\n"
    with pytest.raises(MerflowError, match="'b' is there already"):
        edit_config(text, [Rename(("experiments", "a"), "b")])


def test_a_change_of_anything_else_is_refused_also_in_a_file_with_aliases(monkeypatch):
    text = "a:\n  x: &x {one: 1}\n  y: {<<: *x, two: 2}\n  z: {one: 3} # *\n"
    assert read(edit_config(text, [Put(("a", "x", "one"), 5)]), "a", "y") == {"one": 5, "two": 2}
    put = yaml_text.put
    for harm in (("one: 3", "one: 4"), ("two: 2", "two: 4")):
        monkeypatch.setattr(yaml_text, "put", lambda *given, h=harm: put(*given).replace(*h))
        where = ("a", "y", "three") if "3" in harm[0] else ("a", "z", "one")
        with pytest.raises(MerflowError, match="without changing other parts"):
            edit_config(text, [Put(where, 7)])


def test_a_new_entry_stands_in_its_section_before_the_next_comment():
    entry = {"preparation": "grey64", "collection": "composite", "training": {"epochs": 2}}
    text = edit_config(TEXT, [Put(("experiments", "mine"), entry)])
    assert "    training: {epochs: 2}\n\n# Folds share a start" in text
    assert list(read(text, "experiments")) == ["demo", "frozen", "mine"]


def test_new_sections_are_made_in_an_empty_file_and_after_an_empty_key():
    assert edit_config("", [Put(("datasets", "own"), {"root": "a b"})]) == (
        "datasets:\n  own:\n    root: a b\n"
    )
    assert edit_config(
        "datasets: # none yet\nbootstrap: 100\n", [Put(("datasets", "own"), {"root": "x"})]
    ) == ("datasets: # none yet\n  own:\n    root: x\nbootstrap: 100\n")


def test_line_ends_of_windows_and_a_missing_last_one_stay():
    text = TEXT.replace("\n", "\r\n").rstrip()
    new = edit_config(text, [Put(("max_skipped",), 0.1)])
    assert new == text.replace("max_skipped: 0.05", "max_skipped: 0.1")


@pytest.mark.parametrize(
    "value",
    ["on", "no", "null", "~", "1e3", "0x1f", "12:30", "2026-01-01", "a: b", "a #b", "#a", "*a", "&a",
     "!x", "- a", "", " a ", "'", '"', "{a}", "[", "a, b", "ä\u2028b", "a\nb", "\x07", "%a", "@a", "`a",
     "<<", "=", "x\ty", "---", "...", "\ufeff", 1e-5, 1e300, -0.0, True, None, 10**20, [], ["a, b", "]"]],
)  # fmt: skip
def test_any_value_and_any_key_is_read_back_and_breaks_out_of_nothing(value):
    for where in (("experiments", "demo", "label"), ("preparations", "grey64", "crop", "label")):
        text = edit_config(TEXT, [Put(where, value)])
        back = read(text, *where)
        assert (type(back), back) == (type(value), value)
        rest = read(edit_config(text, [Remove(where)]))
        assert rest == read(TEXT)
    if isinstance(value, str) and value:
        text = edit_config(TEXT, [Put(("experiments", value), {"seeds": [1]})])
        assert read(text, "experiments", value) == {"seeds": [1]}


def test_half_a_character_is_refused():
    with pytest.raises(MerflowError, match="UTF-16"):
        edit_config(TEXT, [Put(("experiments", "demo", "label"), "\ud800")])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_random_edits_of_every_config_change_what_they_should(path):
    draw, text = random.Random(3), path.read_text()
    for _ in range(12):
        values = yaml.safe_load(text)
        section = draw.choice(
            [name for name in values if isinstance(values[name], dict) and values[name]]
        )
        name = draw.choice(list(values[section]))
        others = {k: v for k, v in values[section].items() if k != name}
        kind = draw.randrange(4)
        if kind == 0:
            text = edit_config(text, [Remove((section, name))])
            assert (read(text, section) or {}) == others
        elif kind == 1:
            text = edit_config(text, [Rename((section, name), f"{name}2")])
            assert read(text, section) == others | {f"{name}2": values[section][name]}
        elif kind == 2:
            text = edit_config(text, [Put((section, "added"), {"a": {"b": [1]}, "c": None})])
            assert read(text, section) == values[section] | {"added": {"a": {"b": [1]}, "c": None}}
        elif isinstance(values[section][name], dict):
            key = draw.choice(list(values[section][name]) or ["new"])
            text = edit_config(text, [Put((section, name, key), "other")])
            assert read(text, section, name, key) == "other"
    comments = [line for line in path.read_text().split("\n") if line.startswith("#")]
    assert all(line in text for line in comments)


def test_a_name_that_is_not_in_the_config_is_reported():
    with pytest.raises(MerflowError, match="experiments.nobody"):
        edit_config(TEXT, [Remove(("experiments", "nobody"))])
    with pytest.raises(MerflowError, match="nobody"):
        edit_config(TEXT, [Rename(("nobody",), "x")])


def test_a_comment_with_another_line_separator_is_no_line():
    text = "a: 1 # x\u2028# y\nb:\n  # z\u2028\n  c: 1\n  # of d\n  d: 2\n"
    assert edit_config(text, [Remove(("b", "d"))]) == text[: text.index("  # of d")]
