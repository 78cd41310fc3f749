"""The arithmetic level: fixed before any library loads, kept by each of them and in every record."""

import json
import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from pandas import DataFrame

from merflow import arithmetic
from merflow.clip import ClipArrays, ClipKey
from merflow.commands.compare import compare
from merflow.errors import MerflowError
from merflow.io.clip_store import write_store
from merflow.io.packed import read_packed, survey, write_packed
from merflow.reporting.cost import levels_of
from merflow.workflow.environment_check import arithmetic_level
from merflow.workflow.protocol_text import with_levels
from merflow.workflow.provenance import level_apart
from merflow.workflow.stage_job import run_stage
from merflow.workflow.train_fold import RunClips, made_with

AVX2 = pytest.mark.skipif(
    arithmetic.processor_level() not in ("x86-64-v3", "x86-64-v4"),
    reason="this processor cannot keep the portable level",
)
OWN = {arithmetic.VARIABLE, arithmetic.BEFORE, arithmetic.NOTED, *arithmetic.portable_variables({})}
"""What this process set itself when it imported merflow: a user's shell has none of it."""


def python(code, **variables):
    """Run code in a process whose environment is a user's, with `variables` set."""
    clean = {name: value for name, value in os.environ.items() if name not in OWN}
    return subprocess.run(
        [sys.executable, "-c", code], env=clean | variables, capture_output=True, text=True
    )


def printed(code, **variables):
    done = python(code, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LIBRARIES = """
import json, merflow, cv2, numpy, scipy.linalg
from numpy._core import _multiarray_umath as core
from threadpoolctl import threadpool_info
print(json.dumps({
    "numpy": [n for n in core.__cpu_dispatch__ if core.__cpu_features__[n]],
    "opencv": cv2.getCPUFeaturesLine().split(),
    "ipp": cv2.ipp.useIPP(),
    "blas": [[i["architecture"], i["num_threads"]] for i in threadpool_info()
             if i["user_api"] == "blas"],
}))
"""


@AVX2
def test_every_library_keeps_to_avx2_whatever_the_shell_asks_of_it():
    asked = {
        "OPENBLAS_CORETYPE": "Nehalem",
        "OPENCV_IPP": "sse42",
        "OPENBLAS_NUM_THREADS": "3",
        "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    }
    found = json.loads(printed(LIBRARIES, **asked))
    assert found["numpy"] == ["X86_V3"]
    used = [w for w in found["opencv"] if w.startswith("*") and not w.endswith("?")]
    assert "*AVX2" in used and not [word for word in used if "512" in word]
    assert not found["ipp"]
    assert found["blas"] == [["Haswell", 1]] * 3  # NumPy's, SciPy's and OpenCV's own


@AVX2
def test_onednn_keeps_to_avx2():
    code = "import merflow, keras; keras.ops.matmul(*[keras.ops.ones((64, 64))] * 2)"
    done = python(code, ONEDNN_VERBOSE="1")
    levels = re.findall(r"cpu,isa:([^\n]*)", done.stdout + done.stderr)
    assert levels and all(level.strip() == "Intel AVX2" for level in levels), done.stderr[-2000:]


@AVX2
def test_native_leaves_the_libraries_as_they_are_even_below_a_portable_parent():
    ours = sorted(OWN - {arithmetic.VARIABLE})
    code = f"import os, merflow; print({{n for n in os.environ if n in {ours!r}}})"
    assert printed(code, MERFLOW_ARITHMETIC="native") == "set()"
    child = f"import os, subprocess, sys, merflow; os.environ['MERFLOW_ARITHMETIC'] = 'native'; \
subprocess.run([sys.executable, '-c', {code!r}], check=True)"
    assert printed(child) == "set()"
    kept = "import os, merflow; print(os.environ['OPENBLAS_CORETYPE'])"
    below = child.replace(repr(code), repr(kept))
    assert printed(below, OPENBLAS_CORETYPE="Zen") == "Zen"


def test_a_level_that_is_none_is_refused_before_anything_runs():
    done = python("import merflow", MERFLOW_ARITHMETIC="fast")
    assert done.returncode == 2
    assert done.stderr == "merflow: MERFLOW_ARITHMETIC: 'fast'\n  expected: portable or native\n"


@AVX2
@pytest.mark.parametrize("module", ["numpy", "cv2"])
def test_a_library_loaded_before_merflow_is_named_and_recorded(module):
    code = f"import {module}, merflow; from merflow import arithmetic; print(arithmetic.level())"
    done = python(code)
    assert re.search(rf"UserWarning: .*\b{module} loaded before merflow", done.stderr)
    assert re.match(rf"native \(x86-64-v\d, .*\b{module} loaded before merflow\)", done.stdout)


@AVX2
def test_what_was_set_before_python_began_counts_whatever_was_loaded():
    inherited = printed("import json, os, merflow; print(json.dumps(dict(os.environ)))")
    code = "import numpy, merflow; from merflow import arithmetic; print(arithmetic.level())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=json.loads(inherited), capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("portable", "")


def test_a_name_numpy_ignores_is_an_error():
    code = "import merflow, numpy; from merflow import arithmetic; arithmetic.check()"
    done = python(code, MERFLOW_ARITHMETIC="native", NPY_DISABLE_CPU_FEATURES="AVX512F_OLD")
    assert "NPY_DISABLE_CPU_FEATURES: NumPy does not know AVX512F_OLD" in done.stderr
    assert "X86_V4" in done.stderr


def test_numpys_names_follow_its_version():
    assert arithmetic.numpy_names((2, 4)) == "X86_V4 AVX512_ICL AVX512_SPR"
    assert arithmetic.numpy_names((2, 3)).startswith("AVX512F AVX512CD AVX512_SKX")


def test_opencvs_names_follow_the_processor():
    """OpenCV 5.1 has code for all three; a name that the processor lacks would be a warning."""
    assert arithmetic.opencv_names({"avx2"}) == ""
    assert arithmetic.opencv_names({"avx2", "avx_vnni"}) == "AVX_VNNI"
    server = {"avx512f", "avx512_vnni", "avx_vnni"}
    assert arithmetic.opencv_names(server) == "AVX512-SKX,AVX512-CLX,AVX_VNNI"


@pytest.mark.parametrize("line", ["SSE *AVX2 *AVX512-SKX", "SSE *AVX2 *AVX512-SKX? *AVX512-ICL"])
def test_an_opencv_above_avx2_is_refused(line):
    with pytest.raises(MerflowError, match="OpenCV: uses AVX512") as error:
        arithmetic._check_opencv(line, False)
    assert "MERFLOW_ARITHMETIC=native" in str(error.value)
    with pytest.raises(MerflowError, match="OpenCV: uses AVX_VNNI"):
        arithmetic._check_opencv("SSE *AVX2 *AVX_VNNI *AVX512-SKX?", False)
    with pytest.raises(MerflowError, match="IPP"):
        arithmetic._check_opencv("SSE *AVX2", True)
    arithmetic._check_opencv("SSE SSE2 *SSE4.1 *AVX2 *AVX512-SKX?", False)


@pytest.fixture
def old_processor(monkeypatch):
    """A process on a processor without AVX2."""
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(arithmetic, "processor_flags", lambda: frozenset({"sse2", "avx"}))
    monkeypatch.setattr(arithmetic, "_state", {"level": "native", "early": ""})
    yield
    os.environ.pop(arithmetic.NOTED, None)


def test_a_processor_without_avx2_keeps_its_own_arithmetic_with_one_note(old_processor, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        arithmetic.fix()
        arithmetic.fix()
    said = capsys.readouterr().err
    assert said.count("note: portable arithmetic needs Linux on x86-64 with AVX2") == 1
    assert "OPENBLAS_CORETYPE" not in os.environ
    assert re.match(r"native \((x86-64|aarch64|arm64)\)", arithmetic.level())
    arithmetic.check()


@pytest.fixture(params=[("linux", "aarch64"), ("darwin", "arm64")], ids=lambda p: p[1])
def arm(request, old_processor, monkeypatch):
    """A process on an ARM machine: no field of /proc/cpuinfo has the name that it has on x86."""
    system, machine = request.param
    uname = os.uname()
    monkeypatch.setattr(os, "uname", lambda: type(uname)((*uname[:4], machine)))
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(arithmetic, "processor_flags", lambda: frozenset({""}))
    monkeypatch.setattr(arithmetic, "_cpuinfo", lambda field: "")
    return machine


def test_an_arm_machine_sets_no_variable_of_x86_and_records_its_architecture(arm, capsys):
    arithmetic.fix()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"this is {sys.platform} on {arm}; results repeat" in said
    assert not {n for n in OWN if n in os.environ} - {arithmetic.NOTED}
    assert arithmetic.level() == f"native ({arm})"
    assert arithmetic.processor_name() == "unknown"
    arithmetic.check()


def test_an_arm_machine_takes_back_what_an_x86_one_set(arm, monkeypatch):
    """A cluster of both: Slurm hands the environment of the login node to the job."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setenv(arithmetic.BEFORE, json.dumps({"ONEDNN_MAX_CPU_ISA": None}))
    arithmetic.fix()
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_the_doctor_of_an_arm_machine_warns_and_does_not_fail(arm):
    found = arithmetic_level()
    assert (found.state, found.found) == ("warning", f"native ({arm})")
    assert found.todo == "nothing: results are identical on this machine only"


def test_what_a_newer_host_set_is_taken_back_on_an_older_node(old_processor, monkeypatch):
    kernel = {"OPENBLAS_CORETYPE": "Haswell"}
    before = {arithmetic.BEFORE: json.dumps({"OPENBLAS_CORETYPE": None})}
    for name, value in (kernel | before).items():
        monkeypatch.setenv(name, value)
    arithmetic.fix()
    assert "OPENBLAS_CORETYPE" not in os.environ  # Haswell's code would crash there


def test_the_levels_of_processors():
    v3 = ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"]
    v4 = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]
    assert arithmetic.level_of("x86_64", v3 + v4) == "x86-64-v4"
    assert arithmetic.level_of("AMD64", v3 + v4[:-1]) == "x86-64-v3"
    assert arithmetic.level_of("x86_64", v3[1:]) == "x86-64"
    assert arithmetic.level_of("arm64", v3) == "arm64"


# --- what records and tables say ------------------------------------------------------------


def costs(*levels):
    """As much of the costs as names their levels: (experiment, arithmetic) pairs."""
    return DataFrame(levels, columns=["experiment", "arithmetic"])


def test_a_table_names_the_levels_only_where_they_differ():
    lines = {"a": "a: cnn3d", "b": "b: cnn3d"}
    same = levels_of(costs(("a", "portable"), ("b", "portable"), ("b", "")))
    assert with_levels(lines, same) == lines
    mixed = levels_of(costs(("a", "native (x86-64-v4); portable")))
    assert with_levels({"a": "a: cnn3d"}, mixed) == {
        "a": "a: cnn3d; arithmetic native (x86-64-v4); portable"
    }
    other = levels_of(costs(("a", "portable"), ("b", "native (x86-64-v4)")))
    assert with_levels(lines, other) == {
        "a": "a: cnn3d; arithmetic portable",
        "b": "b: cnn3d; arithmetic native (x86-64-v4)",
    }


def run_folder(folder, level, **changes):
    """Write a run's folder with one fold's record and its pooled predictions."""
    record = {"recipe": {"epochs": 4}, "factor": "x10", "seed": 0, "skipped": []}
    record |= {"arithmetic": level, **changes}
    (folder / "f").mkdir(parents=True)
    (folder / "f" / "run.json").write_text(json.dumps(record))
    head = "dataset,subject,clip,fold,truth,predicted,p_no,p_yes\n"
    rows = [f"smic,s{i:02d},c{i},f,{'no' if i % 2 else 'yes'},no,0.6,0.4\n" for i in range(4)]
    (folder / "pooled.csv").write_text(head + "".join(rows))
    return folder


def test_compare_names_runs_that_differ_only_in_level(tmp_path, capsys):
    one = run_folder(tmp_path / "one", "portable")
    other = run_folder(tmp_path / "other", "native (x86-64-v4)")
    compare(one, other)
    assert f"{one} is portable, {other} is native (x86-64-v4)" in capsys.readouterr().out
    compare(one, run_folder(tmp_path / "same", "portable"))
    assert "arithmetic" not in capsys.readouterr().out
    longer = run_folder(tmp_path / "longer", "native (x86-64-v4)", recipe={"epochs": 5})
    assert level_apart(one, longer) == ""


def test_a_file_keeps_the_levels_of_all_stages_before_it(tmp_path):
    clip = ClipArrays(
        ClipKey("smic", "s01", "a"), np.zeros((3, 4, 4, 1), np.uint8), 100.0, np.arange(3), 0, 1, 2
    )
    recipe, source, cropped = {}, tmp_path / "a.h5", tmp_path / "b.h5"
    write_store(source, "align", [clip], recipe, {}, "native (x86-64-v4)")
    run_stage(source, cropped, "crop", lambda c: c, recipe)
    write_packed(tmp_path / "p.h5", survey([cropped]), recipe)
    pack = read_packed(tmp_path / "p.h5")
    expected = arithmetic.together(arithmetic.level(), "native (x86-64-v4)")
    assert "native" in expected
    assert pack.made_by["arithmetic"] == expected
    assert made_with(RunClips([pack], ["x1"], "none"), {})["arithmetic"] == expected
