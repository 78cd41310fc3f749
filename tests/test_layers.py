"""The walls of the house, read from the imports: who may know files, and who may know what."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "merflow"
FILES = {"h5py", "pathlib", "io", "os", "shutil", "tempfile", "csv", "openpyxl", "pandas"}
PURE = [
    "align", "crop", "magnify", "select", "interpolate", "flow", "register", "resample",
    "geometry", "scores", "intervals", "protocols", "controls", "prepare",
]  # fmt: skip
PURE_FOLDERS = ["magnification", "networks"]
HEAVY = {"tensorflow", "keras", "pandas", "matplotlib", "sklearn"}
HEAVY_AT_HOME = {"networks", "methods", "training"}


def imported(path: Path, top_only: bool = False) -> set[str]:
    """Return the first names of all modules a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module.split(".")[0], node.module}
    return names


def pure_files() -> list[Path]:
    inside = [f for folder in PURE_FOLDERS for f in (SOURCE / folder).glob("*.py")]
    return [SOURCE / f"{name}.py" for name in PURE] + [f for f in inside if f.stem != "__init__"]


@pytest.mark.parametrize("path", pure_files(), ids=lambda p: p.stem)
def test_a_stage_knows_arrays_and_no_files(path):
    assert not imported(path) & (
        FILES | {"merflow.io.clip_store", "merflow.io.files", "merflow.io.packed"}
    )


@pytest.mark.parametrize("path", sorted((SOURCE / "networks").glob("*.py")), ids=lambda p: p.stem)
def test_a_network_knows_keras_and_no_backend(path):
    assert not imported(path) & {"tensorflow", "torch", "jax", "numpy"} or path.stem == "__init__"


def every_file() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", every_file(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_heavy_packages_are_imported_only_where_they_are_used(path):
    if path.relative_to(SOURCE).parts[0] not in HEAVY_AT_HOME:
        assert not imported(path, top_only=True) & HEAVY


def test_only_one_module_touches_a_backend():
    touching = {
        str(path.relative_to(SOURCE))
        for path in every_file()
        if imported(path) & {"tensorflow", "torch", "jax"}
    }
    allowed = {"training/backend.py", "training/gpus.py", "commands/doctor.py", "doctor.py"}
    assert touching <= allowed


@pytest.mark.parametrize("path", every_file(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_functions_are_short():
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for path in every_file()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(0.9 * len(lengths))] <= 30


def test_nothing_is_pickled_or_evaluated():
    for path in every_file():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {n.func.id for n in ast.walk(tree)
                 if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}  # fmt: skip
        assert not calls & {"eval", "exec"}, path
        # torchpickle reads PyTorch's files with an unpickler that calls nothing.
        if path.name != "torchpickle.py":
            assert not imported(path) & {"pickle", "dill", "joblib"}, path


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from merflow.cli import build; build()",
        "import merflow.plan, merflow.recipes",
        "import merflow.commands.align, merflow.commands.crop, merflow.commands.magnify",
        "import merflow.commands.interpolate, merflow.commands.pack, merflow.commands.split",
    ],
)
def test_light_commands_stay_light(code):
    heavy = {"tensorflow", "keras", "pandas", "matplotlib", "sklearn", "scipy"}
    assert not loaded_by(code) & heavy


WRITES = {"write_text", "write_bytes", "savez", "savez_compressed", "imwrite", "savefig", "to_csv",
          "save_weights", "VideoWriter"}  # fmt: skip
HANDED_ON = {
    "guard.py": "open(path, 'ab')",
    "jitter.py": "page.savefig",
    "predict.py": "page.savefig",
}
"""The one helper of each file whose caller hands it the place that `atomic` gave."""
DRAWN_AGAIN = {"demo/published/_form.py", "training/gpus.py", "files.py"}
"""Empty stand-ins of published file names; a lock; the atomic writer itself."""


def calls_of(path: Path) -> list[tuple[str, ast.Call]]:
    """Return (last name, call) of every call in a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found.append((name, node))
    return found


def opened_to_write(call: ast.Call) -> bool:
    """Tell whether `open(path, mode)` or `path.open(mode)` asks for more than reading."""
    given = [*call.args[:2], *(k.value for k in call.keywords if k.arg == "mode")]
    words = [str(a.value) for a in given if isinstance(a, ast.Constant)]
    return any(set(w) <= set("rwaxbt+") and set(w) & set("wax+") for w in words)


def unguarded_writes(source: str) -> list[str]:
    """Return the calls that write a file outside a `with` of the atomic writer."""
    found = []

    def look(node: ast.AST, guarded: bool) -> None:
        if isinstance(node, ast.With):
            items = " ".join(ast.unparse(item) for item in node.items)
            guarded = guarded or bool(re.search(r"\b(atomic|create_hdf5|scratch)\(", items))
        if isinstance(node, ast.Call) and not guarded:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            known = name in WRITES and isinstance(node.func, ast.Attribute)
            if known or (name == "open" and opened_to_write(node)):
                found.append(ast.unparse(node))
        for child in ast.iter_child_nodes(node):
            look(child, guarded)

    look(ast.parse(source), False)
    return found


@pytest.mark.parametrize("path", every_file(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_are_written_through_the_one_atomic_writer(path):
    name = str(path.relative_to(SOURCE))
    if name not in DRAWN_AGAIN:
        found = unguarded_writes(path.read_text(encoding="utf-8"))
        handed = [call for call in found if call.startswith(HANDED_ON.get(name, "?"))]
        assert found == handed and len(handed) == (name in HANDED_ON)


@pytest.mark.parametrize(
    "bare",
    ['p.open("w")', 'open(p, "wb")', 'open(p, mode="a")', 'p.write_text("x")', "im.savefig(p)"],
)
def test_a_bare_write_is_seen_beside_an_atomic_one(bare):
    held = f'with atomic(p) as part:\n    part.open("w")\n{bare}\nopen(p)\np.open("rb")\n'
    assert unguarded_writes(held) == [ast.unparse(ast.parse(bare))]


@pytest.mark.parametrize("path", every_file(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_hdf5_is_opened_only_by_the_guard(path):
    opened = [c for n, c in calls_of(path) if n == "File" and "h5py" in ast.unparse(c.func)]
    # saved.py reads back what Keras wrote a moment before into a folder of its own, and asks
    # whether a file whose SHA-256 was given is one of Keras' collection.
    allowed = {"guard.py": 2, "methods/saved.py": 2}
    assert len(opened) == allowed.get(str(path.relative_to(SOURCE)), 0)
