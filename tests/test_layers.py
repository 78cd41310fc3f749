"""Rules of the source code that import-linter cannot check (`make lint` runs its contracts)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "merflow"
FILES = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}
each_file = pytest.mark.parametrize("name", FILES)


def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def calls_of(name: str) -> list[tuple[str, ast.Call]]:
    """Return (last name, call) of every call in a file."""
    calls = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.Call)]
    return [(getattr(c.func, "attr", getattr(c.func, "id", "")), c) for c in calls]


@each_file
def test_files_are_short_enough_to_read(name):
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= 350


def test_functions_are_short():
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for name in FILES
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(0.5 * len(lengths))] <= 10
    assert lengths[int(0.9 * len(lengths))] <= 30


@each_file
def test_nothing_is_pickled_or_evaluated(name):
    found = {called for called, call in calls_of(name) if isinstance(call.func, ast.Name)}
    assert not found & {"eval", "exec"}
    modules = {
        module.split(".")[0]
        for node in ast.walk(tree_of(name))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not modules & {"pickle", "dill", "joblib"}


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from merflow.cli import build; build()",
        "import merflow.workflow.plan, merflow.config.fingerprints, merflow.workflow.preflight",
        "import merflow.commands.align, merflow.commands.crop, merflow.commands.magnify",
        "import merflow.commands.interpolate, merflow.commands.pack, merflow.commands.split",
    ],
)
def test_light_commands_import_no_heavy_package(code):
    heavy = {"tensorflow", "keras", "pandas", "matplotlib", "sklearn", "scipy", "jinja2", "av"}
    assert not loaded_by(code) & heavy


WRITES = {"write_text", "write_bytes", "savez", "savez_compressed", "imwrite", "savefig", "to_csv",
          "save_weights"}  # fmt: skip
GIVEN_A_PATH = {
    "io/hdf5.py": "open(path, 'ab')",
    "io/video_encoder.py": "av.open(output",
    "inference/annotation_jitter.py": "page.savefig",
    "inference/recording_output.py": "page.savefig",
}
"""The call in each file whose caller passes it a path, or an open file, from `atomic`."""
NOT_ATOMIC = {
    *("models/training/gpu_choice.py", "io/file_lock.py", "io/files.py"),
    *("workflow/export.py", "workflow/shared_start.py", "studio/uploads.py"),
}
"""Lock files and logs; the atomic writer itself; files in a folder of `new_folder`, which appears whole; uploads,
which are linked to a name that is not in use, since they replace nothing."""
HDF5 = {"io/hdf5.py": 2, "models/weights_file.py": 2}
"""How often a file opens an HDF5 file: `models/weights_file.py` reads back what Keras wrote into its
scratch folder, and asks whether a file with a given SHA-256 is one of Keras' collection."""


def opened_to_write(call: ast.Call) -> bool:
    """Return whether `open(path, mode)` or `path.open(mode)` opens a file for writing."""
    given = [*call.args[:2], *(k.value for k in call.keywords if k.arg == "mode")]
    words = [str(a.value) for a in given if isinstance(a, ast.Constant)]
    return any(set(w) <= set("rwaxbt+") and set(w) & set("wax+") for w in words)


def unguarded_writes(source: str) -> list[str]:
    """Return the calls that write a file outside a `with` of the atomic writer."""
    found = []

    def look(node: ast.AST, guarded: bool) -> None:
        if isinstance(node, ast.With):
            items = " ".join(ast.unparse(item) for item in node.items)
            guarded = guarded or bool(
                re.search(r"\b(atomic|create_hdf5|temporary_folder)\(", items)
            )
        if isinstance(node, ast.Call) and not guarded:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            known = name in WRITES and isinstance(node.func, ast.Attribute)
            if known or (name == "open" and opened_to_write(node)):
                found.append(ast.unparse(node))
        for child in ast.iter_child_nodes(node):
            look(child, guarded)

    look(ast.parse(source), False)
    return found


@each_file
def test_files_are_written_through_the_atomic_writer(name):
    if name not in NOT_ATOMIC:
        found = unguarded_writes(FILES[name].read_text(encoding="utf-8"))
        given = [call for call in found if call.startswith(GIVEN_A_PATH.get(name, "?"))]
        assert found == given and len(given) == (name in GIVEN_A_PATH)


@pytest.mark.parametrize(
    "plain",
    ['p.open("w")', 'open(p, "wb")', 'open(p, mode="a")', 'p.write_text("x")', "im.savefig(p)"],
)
def test_a_plain_write_is_found_beside_an_atomic_one(plain):
    held = f'with atomic(p) as part:\n    part.open("w")\n{plain}\nopen(p)\np.open("rb")\n'
    assert unguarded_writes(held) == [ast.unparse(ast.parse(plain))]


@each_file
def test_only_the_checked_hdf5_module_opens_hdf5_files(name):
    opened = [c for n, c in calls_of(name) if n == "File" and "h5py" in ast.unparse(c.func)]
    assert len(opened) == HDF5.get(name, 0)
