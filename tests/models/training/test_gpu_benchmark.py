"""`benchmarks/gpu.py`: on the processor, with tiny sizes; what it measures on a GPU was not tried."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import gpu
import pytest

ROOT = Path(__file__).parents[3]
TINY = (
    *("--device", "cpu", "--backends", "tensorflow", "--networks", "ststnet"),
    *("--shares", "1", "--folds", "1", "--clips", "12", "--epochs", "1"),
)


def figures(text):
    """Return the cells of the only row of a table."""
    (line,) = [line for line in text.splitlines() if line.startswith("| tensorflow |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_it_measures_and_writes_nothing_on_a_processor():
    page = gpu.PAGE.read_bytes()
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), *TINY]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = figures(done.stdout)
    assert cells[:3] == ["tensorflow", "`ststnet`", "1"] and cells[8] == "–"
    assert all(float(cell) > 0 for cell in cells[3:8])
    assert "on cpu" in done.stdout and "Not written" in done.stdout
    assert gpu.PAGE.read_bytes() == page


def test_a_training_that_fails_is_a_row_that_says_so(monkeypatch):
    given = gpu.arguments().parse_args([*TINY, "--networks", "ststnet"])
    monkeypatch.setattr(gpu, "__file__", "no such file.py")
    found = gpu.measured("tensorflow", "ststnet", 2, given)
    assert found == {"error": "ended with code 2"}
    head = gpu.HEAD.splitlines()[0]
    assert gpu.row("tensorflow", "ststnet", 2, found).count("|") == head.count("|")


def test_without_a_gpu_it_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu.main(gpu.arguments().parse_args([])) == 3
    assert "--device cpu" in capsys.readouterr().out


def test_rates_count_all_trainings_at_a_time():
    found = {"start": 3.0, "first": 20.0, "further": 10.0, "device": "H", "used": 900}
    line = gpu.row("jax", "cnn3d", 4, found)
    assert line == "| jax | `cnn3d` | 4 | 3.0 | 20.0 | 10.0 | 12.0 | 24.0 | 900 |"


def test_the_table_replaces_the_one_before(monkeypatch, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(gpu.PAGE.read_text())
    monkeypatch.setattr(gpu, "PAGE", page)
    for text in ("first\n", "second\n"):
        gpu.write(text)
    assert "second" in page.read_text() and "first\n" + gpu.MARKS[1] not in page.read_text()
    assert page.read_text().replace("second\n", "") == _without_table(
        gpu.ROOT / "docs/performance.md"
    )


def _without_table(path):
    before, rest = path.read_text().split(gpu.MARKS[0])
    return before + gpu.MARKS[0] + gpu.MARKS[1] + rest.split(gpu.MARKS[1])[1]


@pytest.mark.parametrize(("count", "held"), [(442, 6), (12, 1)])
def test_a_fold_leaves_one_subject_out(monkeypatch, count, held):
    seen = []

    def predict(x):
        seen.append(len(x))

    def fit(data):
        seen.append(len(data.y))
        return SimpleNamespace(facts={"device": "cpu"}, predict=predict)

    monkeypatch.setattr(gpu, "make_method", lambda *given: SimpleNamespace(fit=fit))
    gpu.fold(None, gpu.drawn(count, gpu.FLOW), 3)
    assert seen == [count - held, held]


def test_it_imports_no_backend():
    code = "import gpu, sys; print({'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stderr
