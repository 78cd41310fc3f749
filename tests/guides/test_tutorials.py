"""The tutorials: their commands run as they stand in the text, on fewer and smaller clips.

Training is left to the tests of `merflow run`; here everything up to it is done.
"""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from merflow.cli import OLD_NAMES, build
from merflow.config.loading import load
from merflow.errors import MerflowError

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs/tutorials"
PAGES = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md"
]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def calls(page):
    """The calls of merflow in the shell blocks of a page, as lists of words."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if "merflow" in line]
    return [w[1 : w.index("&&") if "&&" in w else None] for w in words if w[:1] == ["merflow"]]


@pytest.fixture(scope="module")
def command_line():
    return build()


@pytest.fixture
def call(command_line):
    """Return a function that runs a call of merflow in this process."""

    def run(words):
        function, bound, _ = command_line.parse_args(words, exit_on_error=False)
        return function(*bound.args, **bound.kwargs)

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_call_in_a_page_is_one_that_merflow_takes(page, command_line):
    for words in calls(page):
        assert words[0] not in OLD_NAMES, words
        command_line.parse_args(words, exit_on_error=False, print_error=False)


def test_own_videos(tmp_path, monkeypatch, capsys, call):
    monkeypatch.chdir(tmp_path)
    init, demo, manifest, check, run, *_ = calls(TUTORIALS / "own_videos.md")
    call(init)
    monkeypatch.chdir(init[1])
    assert demo[:4] == ["demo", "data/clips", "--videos", "--subjects"]
    call([*demo[:4], "2", "--small", "--clips", "3"])
    call(manifest)
    capsys.readouterr()
    call(check)
    found = capsys.readouterr().out
    assert "mine (a table of your own clips): 6 clips of 2 subjects" in found
    assert "0 errors" in found
    assert run == ["run"]


def test_licensed_datasets_rehearsed(tmp_path, monkeypatch, capsys, call):
    monkeypatch.chdir(tmp_path)
    page = TUTORIALS / "licensed_datasets.md"
    first, *_ = calls(page)
    at = calls(page).index(["init", "rehearsal", "--template", "megc2019"])
    init, demo, check, again, run, score = calls(page)[at:]
    call(init)
    assert first == ["init", "megc", *init[2:]]
    monkeypatch.chdir(init[1])
    call([*demo, "--annotations-only"])
    real, look = blocks(page, "yaml")
    hint = Path("config/local.yaml").read_text().replace("# ", "")
    assert yaml.safe_load(real) == yaml.safe_load(hint[hint.index("datasets:") :])
    Path("config/local.yaml").write_text(look)
    with pytest.raises((MerflowError, SystemExit)):
        call(check)
    assert "official" in capsys.readouterr().out
    config = Path("config/config.yaml")
    text = config.read_text()
    assert text.count("scheme: megc2019") == 1
    config.write_text(text.replace("scheme: megc2019", "scheme: three"))
    call(again)
    assert "0 errors" in capsys.readouterr().out
    assert run == ["run", "lbptop"] and "lbptop" in load(config).experiments
    assert score[1] == "results/runs/lbptop/x1/seed0"


def test_new_network_prints_the_file_of_the_reference_and_a_config_that_loads(tmp_path):
    page = TUTORIALS / "new_network.md"
    assert blocks(page, "python") == blocks(ROOT / "docs/add_a_network.md", "python")
    (text,) = blocks(page, "yaml")
    config = tmp_path / "config.yaml"
    config.write_text(text)
    settings = load(config)
    assert settings.experiments["mine"].network == "two_rates"
    mine, baseline = (settings.experiments[name] for name in ("mine", "baseline"))
    assert mine.training == baseline.training and mine.preparation == baseline.preparation
