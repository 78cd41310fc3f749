"""`merflow studio` as a command: with and without a project, and what it refuses to start with."""

from pathlib import Path

import pytest

from merflow.commands.studio import studio as command
from merflow.errors import MerflowError
from merflow.studio import server
from merflow.workflow.project_template import create_project


@pytest.fixture
def served(monkeypatch, tmp_path):
    """What the command would serve: (project, browse folder, host, port)."""
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(server, "serve", lambda *words: calls.append(words))
    return calls


def test_a_folder_with_a_config_is_opened_and_one_without_begins_with_a_choice(served, tmp_path):
    create_project(tmp_path / "pilot", "own")
    command(root=tmp_path / "pilot", browse=tmp_path)
    command(root=tmp_path, browse=tmp_path)
    (project, browse, host, _), (none, *_) = served
    assert project.root == tmp_path / "pilot" and none is None
    assert browse == tmp_path and host == "127.0.0.1"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"root": "nothing"}, "no such folder"),
        ({"browse": "nothing"}, "no such folder"),
        ({"config": Path("config/other.yaml")}, "no such file below"),
        ({"port": 70000}, "--port"),
        ({"host": "0.0.0.0"}, "cannot be chosen from another machine"),
    ],
)
def test_what_it_cannot_start_with_is_refused(served, tmp_path, words, found):
    paths = {k: tmp_path / v if k in ("root", "browse") else v for k, v in words.items()}
    with pytest.raises(MerflowError, match=found):
        command(**{"root": tmp_path, **paths})
    assert not served
