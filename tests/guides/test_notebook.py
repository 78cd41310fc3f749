"""The notebook: nothing of a run left in it, and every cell runs on the demo."""

import html
import json
import sys
import zipfile
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks/colab.ipynb"


def test_no_output_is_kept():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert len(cells) > 10
    for cell in cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.timeout(1200)
def test_the_whole_notebook_runs_on_the_demo(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    # The kernel must find this interpreter's merflow, whatever kernels the machine has.
    kernels = tmp_path / "kernels/python3"
    kernels.mkdir(parents=True)
    words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": words, "display_name": "Python 3", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(about))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("MERFLOW_CHECKOUT", str(ROOT))
    work = tmp_path / "work"
    work.mkdir()
    book = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(work)}}
    nbclient.NotebookClient(book, timeout=900, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    printed = "".join(output.get("text", "") for output in outputs)
    shown = [output["data"] for output in outputs if "data" in output]
    device = [line for line in printed.splitlines() if "GPU was found" in line]
    assert len(device) == 1
    assert Path("/dev/nvidia0").exists() or device[0].startswith("No GPU was found")
    assert "6 clips of 2 subjects" in printed and "no dataset is read" in printed
    assert "frozen              x10" in printed and "Written to predictions" in printed
    kinds = [kind for data in shown for kind in data if kind != "text/plain"]
    assert kinds == ["image/svg+xml", "image/svg+xml", "image/png", "text/html", "image/png"]
    report = (work / "merflow_notebook/results/report.html").read_text()
    assert html.escape(report) in shown[3]["text/html"]


def test_a_copy_is_unpacked_and_gets_an_environment_of_its_own(tmp_path, monkeypatch):
    """The cell of the installation, up to the downloads."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    source = next("".join(c["source"]) for c in cells if "def environment" in "".join(c["source"]))
    space = {"VERSION": ""}
    exec(source[: source.index("\nHOME = ")], space)
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("merflow-main.zip", "w") as archive:
        for name in ("Snakefile", "src/merflow/__init__.py", "requirements.lock"):
            archive.writestr(f"merflow-main/{name}", "tensorflow==9.9 \\\n")
    home = space["fetched"]("merflow-main.zip")
    assert home == (tmp_path / "merflow_source/merflow-main").resolve()
    assert space["fetched"]("gone.zip") == home == space["working_copy"](home / "src")
    ran = []
    monkeypatch.setitem(space, "run", lambda *words: ran.append(words))
    (home / ".venv").mkdir()
    # A copy called merflow in this folder is no installed merflow.
    (tmp_path / "merflow").mkdir()
    with monkeypatch.context() as alone:
        alone.delitem(sys.modules, "merflow", raising=False)
        alone.setattr(sys, "meta_path", [PathFinder])
        alone.setattr(sys, "path", [str(tmp_path)])
        python, again = space["environment"](home), space["environment"](home)
    assert python == again == home / ".venv/bin/python"
    assert space["environment"](home) == Path(sys.executable)
    assert not any(sys.executable == word for words in ran for word in words[2:])
    into = [words for words in ran if "install" in words]
    assert all(python in words for words in into) and "--require-hashes" in into[0]
