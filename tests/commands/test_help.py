"""Help texts: true to the commands, without forms that mean nothing, every example accepted."""

import inspect
import io
import re

import pytest
from rich.console import Console

from merflow.cli import GROUPS, OLD_NAMES, build
from merflow.command_help import commands, described, example_lines

NAMES = sorted(commands())
BEGINNER = ["init", "make-manifest", "check", "run", "studio"]


def shown(*words, width=100):
    console = Console(file=io.StringIO(), width=width)
    build(words[0] if words else "").help_print(list(words), console=console)
    return console.file.getvalue()


def flat(text):
    """Return a text without frames and line ends."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_has_nothing_empty_and_no_flag_that_means_nothing(name):
    text = shown(name)
    assert not re.search(r"ARGS|--no-|--empty-|\[default: *(\"\"|\(\)|False|None|\.)?\]", text)
    assert text.splitlines()[0].startswith(f"Usage: merflow {name}")
    assert max(map(len, text.splitlines())) <= 100
    assert "Exit codes: 0 done" in text


@pytest.mark.parametrize("name", NAMES)
def test_what_must_be_given_is_marked_and_stands_in_the_usage_line(name):
    text = shown(name)
    usage = flat(text.split("\n\n")[0])
    for one in inspect.signature(described(name)).parameters.values():
        flag = f"--{one.name.rstrip('_').replace('_', '-')}"
        if one.kind is one.VAR_POSITIONAL:
            continue
        needed = one.default is one.empty
        named = f"{flag} {one.name.upper()}" if one.kind is one.KEYWORD_ONLY else one.name.upper()
        assert (re.search(rf"(?<![\[\w]){named}(?!\S)", usage) is not None) == needed, usage
        row = re.search(rf"^│ ?(\*?) +(?:[A-Z_-]+ )?{flag}\b", text, re.MULTILINE)
        assert row and (row[1] == "*") == needed, one.name


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_described(name):
    for one in inspect.signature(described(name)).parameters:
        (parameter,) = described(name).__annotations__[one].__metadata__
        assert parameter.help and len(parameter.help) > 10, one


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_accepted_by_the_command_line(name):
    lines = example_lines(commands()[name])
    assert len(lines) >= 2
    for words in lines:
        assert words[0] == name
        build(name).parse_args(words, print_error=False, exit_on_error=False)


def test_help_begins_with_the_commands_for_a_beginner_in_order():
    text = shown(width=80)
    first = text.split("╭")[1]
    assert "Start here" in first.splitlines()[0]
    assert re.findall(r"^│ ([a-z-]+)  ", first, re.MULTILINE) == BEGINNER
    assert re.findall(r"^│ ([a-z-]+)  ", text, re.MULTILINE)[: len(BEGINNER)] == BEGINNER


def test_every_command_is_in_one_group():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == NAMES and not {*grouped} & {*OLD_NAMES}


def test_several_files_that_must_be_given_are_no_option():
    assert shown("predict").startswith("Usage: merflow predict INPUTS... --run RUN [OPTIONS]")
    assert shown("crop").startswith("Usage: merflow crop SOURCE OUT [MORE...] [OPTIONS]")


def test_paragraphs_fill_the_line():
    text = flat(shown("make-manifest"))
    assert flat(commands()["make-manifest"].text) in text


def test_a_code_for_warnings_is_named_only_where_strict_exists():
    codes = {name for name in NAMES if "--strict" in shown(name).split("Exit codes:")[1]}
    assert codes == {"check", "verify"}
