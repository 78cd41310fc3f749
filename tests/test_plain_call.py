"""Commands that are called without the command line get what the command line would give them."""

import pytest

from merflow.cli import build
from merflow.plain_call import plain_call

STAGE = "--catalogue results/catalogue/smic.json --config results/config.yaml --threads 2"
PLAIN = (
    "align results/catalogue/smic.json out.h5 --subject s01 --config c.yaml --threads 1",
    f"crop a.h5 b.h5 --preparation grey64 {STAGE}",
    f"crop a.h5 b.h5 c.h5 --preparation grey64 --preparation rgb {STAGE}",
    f"crop --preparation rgb a.h5 {STAGE} b.h5",
    f"magnify a.h5 b.h5 --factor x10 --preparation p {STAGE}",
    "magnify frames/ out/ --alpha 9.5 --fps 200 --method lagrangian",
    f"interpolate a.h5 b.h5 --factor x1 --length 10 --preparation p {STAGE}",
    f"flow a.h5 b.h5 --preparation p {STAGE}",
    "pack out.h5 a.h5 b.h5 --preparation p --factor x1 --config c.yaml",
    "skipped s.csv a.h5 b.h5 --delivered d.csv",
    "split e --config c.yaml",
)
NOT_PLAIN = (
    *("", "--help", "--version", "crop", "crop --help", "crp a.h5 b.h5", "options a"),
    *("crop a.h5", "crop a.h5 b.h5 --nothing 1", "crop a.h5 b.h5 --config", "flow a.h5 b.h5 c.h5"),
    *("flow a b --threads x", "flow a b --threads -1", "flow a b --threads 0x2", "flow a b -- c"),
    *("flow a b --threads=2", "flow a b --threads 1 --threads 2", "flow a b --config none"),
    *(
        "magnify a b --factor 2 --json",
        "magnify a b --factor 2 --method best",
        "manifest r --config c",
    ),
    *("magnify a b --alpha 1e1", "magnify a b --alpha nan", "flow --source a b", "table t x"),
)


@pytest.mark.parametrize("line", PLAIN)
def test_plain_words_give_what_the_command_line_gives(line):
    words = line.split()
    call = plain_call(words)
    command, bound, _ = build().parse_args(words)
    given, named = list(bound.args), bound.kwargs
    assert call.func is command
    assert list(call.args) == given and call.keywords == named
    assert [*map(type, call.args)] == [*map(type, given)]


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_other_words_are_left_to_the_command_line(line):
    assert plain_call(line.split()) is None
