"""Arithmetic level: the instructions that numerical libraries may use, set before they load.

OpenCV, NumPy, BLAS, oneDNN, XLA and the other backends choose their code by the processor, and
each choice rounds differently. `portable` limits all of them to AVX2, which every x86-64 processor
of the last decade has, so the same input gives the same bytes on all of them. `native` sets no
limit: it is faster on some machines, and its bytes repeat on one machine only.
`merflow/__init__.py` calls `fix` before any other import; child processes inherit the variables.
"""

import importlib.util
import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path

from merflow.errors import BAD_INPUT, FAILED, MerflowError

_log = logging.getLogger(__name__)

VARIABLE = "MERFLOW_ARITHMETIC"
LEVELS = ("portable", "native")
BEFORE = "MERFLOW_ARITHMETIC_BEFORE"
"""The values that `portable` replaced (JSON), for child processes at the native level."""
NOTED = "MERFLOW_ARITHMETIC_NOTED"
"""Set after the note that this processor cannot keep the portable level was printed."""
LIBRARIES = ("numpy", "cv2", "scipy", "tensorflow", "jax", "torch")
"""Modules that read their variables once, while they load."""

_X86_64_V3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}
_X86_64_V4 = _X86_64_V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_state = {"level": "native", "early": ""}


def fix() -> None:
    """Set the libraries' variables for the requested level; called when merflow is imported."""
    if asked() not in LEVELS:
        sys.stderr.write(f"merflow: {VARIABLE}: '{asked()}'\n  expected: {' or '.join(LEVELS)}\n")
        raise SystemExit(BAD_INPUT)
    if asked() == "native":
        restore(os.environ)
        return
    if processor_level() not in ("x86-64-v3", "x86-64-v4"):
        restore(os.environ)  # The node of a job may be older than the one that submitted it.
        _note_once()
        return
    early = [name for name in LIBRARIES if name in sys.modules]
    changed = replace(os.environ, portable_variables(os.environ))
    _state["level"] = "portable"
    if not (early and changed):
        return
    _state.update(level="native", early=", ".join(early))
    # Snakemake loads NumPy but computes nothing: its jobs are separate processes.
    if "snakemake" not in sys.modules:
        warnings.warn(
            f"{_state['early']} loaded before merflow: this process computes with this processor's "
            "own arithmetic, and its bytes may differ on another machine; import merflow first",
            stacklevel=4,
        )


def asked(otherwise: str = LEVELS[0]) -> str:
    """Return the level that the environment sets, else `otherwise` (for example the config's)."""
    return os.environ.get(VARIABLE) or otherwise


def portable_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the portable level, given the present environment."""
    chosen = {
        # IPP chooses code by the processor and cannot be limited to a level, so it is off.
        "OPENCV_IPP": "disabled",
        # OpenCV prints on every import that IPP is off; errors are still shown.
        "OPENCV_LOG_LEVEL": environment.get("OPENCV_LOG_LEVEL", "ERROR"),
        "OPENBLAS_CORETYPE": "Haswell",
        # BLAS adds in another order with another number of threads.
        "OPENBLAS_NUM_THREADS": "1",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        # Off by default in TensorFlow on processors without AVX512-VNNI: other, slower kernels.
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "XLA_FLAGS": _with_flag(environment.get("XLA_FLAGS", ""), "--xla_cpu_max_isa=AVX2"),
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "AVX2",
    }
    disabled = {
        "OPENCV_CPU_DISABLE": opencv_names(processor_flags()),
        "NPY_DISABLE_CPU_FEATURES": "",
    }
    if "avx512f" in processor_flags():  # Without it, NumPy warns about the names.
        disabled["NPY_DISABLE_CPU_FEATURES"] = numpy_names(_numpy_version())
    # Features that were disabled for another purpose change the results, too: "" replaces them.
    return chosen | {n: names for n, names in disabled.items() if names or n in environment}


def opencv_names(flags: Iterable[str]) -> str:
    """Return OpenCV's names of the features above AVX2 among a processor's; it warns about others.

    Versions before 5.1 have no code for the last two, and know their names.
    """
    names = {"avx512f": "AVX512-SKX", "avx512_vnni": "AVX512-CLX", "avx_vnni": "AVX_VNNI"}
    return ",".join(name for flag, name in names.items() if flag in flags)


def numpy_names(version: tuple[int, ...]) -> str:
    """Return NumPy's names of the features above AVX2; it ignores unknown names."""
    newer = "AVX512_ICL AVX512_SPR"
    if version >= (2, 4):
        return f"X86_V4 {newer}"
    return f"AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL {newer}"


def replace(environment: MutableMapping[str, str], values: Mapping[str, str]) -> bool:
    """Set `values`, keep the old ones for `restore`; return whether anything changed."""
    changed = {name: environment.get(name) for name in values}
    changed = {name: old for name, old in changed.items() if old != values[name]}
    if "NPY_ENABLE_CPU_FEATURES" in environment:  # NumPy refuses both at once.
        changed["NPY_ENABLE_CPU_FEATURES"] = environment.pop("NPY_ENABLE_CPU_FEATURES")
    if changed:
        before = changed | json.loads(environment.get(BEFORE, "{}"))
        environment[BEFORE] = json.dumps(before)
        environment.update(values)
    return bool(changed)


def restore(environment: MutableMapping[str, str]) -> None:
    """Restore the variables that a parent process replaced."""
    for name, value in json.loads(environment.pop(BEFORE, "{}")).items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value


def level() -> str:
    """Return the level of this process, as in manifests: `portable`, `native (x86-64-v4)`."""
    if _state["level"] == "portable":
        return "portable"
    early = f", {_state['early']} loaded before merflow" if _state["early"] else ""
    return f"native ({processor_level()}{early})"


def note_config(wanted: str) -> None:
    """Warn if the config sets another level than this process was started with."""
    if wanted == "native" and _state["level"] == "portable" and not os.environ.get(VARIABLE):
        _log.warning(
            "config: arithmetic: native holds for the workflow's jobs; this command computes "
            "portably unless %s=native is set before it",
            VARIABLE,
        )


def together(*levels: str) -> str:
    """Return the levels of a file's stage and of the stages before it, each once: `a; b`."""
    return "; ".join(sorted({one for words in levels for one in words.split("; ") if one}))


def check() -> None:
    """Refuse to compute if a loaded library does not keep the level that was set.

    Libraries silently ignore names that they do not know.
    """
    numpy, cv2 = sys.modules.get("numpy"), sys.modules.get("cv2")
    if numpy is not None:
        from numpy._core import _multiarray_umath as core

        _check_numpy(
            os.environ.get("NPY_DISABLE_CPU_FEATURES", ""),
            core.__cpu_dispatch__,
            {name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]},
        )
    if cv2 is not None and _state["level"] == "portable":
        _check_opencv(cv2.getCPUFeaturesLine(), cv2.ipp.useIPP())


def _check_numpy(asked: str, known: Iterable[str], used: set[str]) -> None:
    unknown = sorted({*re.split(r"[\s,]+", asked.strip())} - {*known, ""})
    if unknown:
        raise _ignored(
            "NPY_DISABLE_CPU_FEATURES", f"NumPy does not know {', '.join(unknown)}", known
        )
    above = sorted(name for name in used if "512" in name or name == "X86_V4")
    if above and _state["level"] == "portable":
        raise _ignored("NumPy", f"uses {', '.join(above)}", ["at most AVX2"])


def _check_opencv(line: str, ipp: bool) -> None:
    """Refuse an OpenCV with features above AVX2 in its line (`*AVX2 *AVX512-SKX?`, ?: off)."""
    used = [word for word in line.split() if not word.endswith("?")]
    above = [word for word in used if "512" in word or "VNNI" in word]
    if above or ipp:
        found = ", ".join([word.lstrip("*") for word in above] + ["IPP"] * ipp)
        raise _ignored("OpenCV", f"uses {found}", ["at most AVX2, without IPP"])


def no_sixteen_bits(where: str) -> MerflowError:
    """Return the error for mixed precision on a processor at the portable level."""
    return MerflowError(
        where,
        "is set for training on a processor at the portable level, which has no 16-bit floats",
        "a GPU, or another arithmetic level",
        "set mixed_precision: false, or arithmetic: native",
    )


def _ignored(where: str, found: str, expected: Iterable[str]) -> MerflowError:
    return MerflowError(
        where,
        f"{found}: the {_state['level']} level is not kept",
        ", ".join(expected),
        f"install the locked versions, correct the variable, or set {VARIABLE}=native",
        code=FAILED,
    )


@cache
def processor_flags() -> frozenset[str]:
    """Return the processor's features by their Linux names; empty if they are not known."""
    return frozenset(re.split(r"\s+", _cpuinfo("flags")))


def processor_name() -> str:
    """Return the processor's name; `unknown` if the system does not give it."""
    return _cpuinfo("model name") or "unknown"


def processor_level() -> str:
    """Return the x86-64 level of this processor (`x86-64-v3` has AVX2), or the architecture."""
    machine = os.uname().machine if hasattr(os, "uname") else sys.platform
    return level_of(machine, processor_flags())


def level_of(machine: str, flags: Iterable[str]) -> str:
    """Return the level of a machine with these features.

    >>> level_of("x86_64", _X86_64_V3), level_of("x86_64", []), level_of("aarch64", [])
    ('x86-64-v3', 'x86-64', 'aarch64')
    """
    have = set(flags)
    if machine.lower() not in ("x86_64", "amd64"):
        return machine
    levels = {"x86-64-v4": _X86_64_V4, "x86-64-v3": _X86_64_V3, "x86-64": set()}
    return next(name for name, needed in levels.items() if needed <= have)


@cache
def _cpuinfo(field: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{field}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _numpy_version() -> tuple[int, ...]:
    """Return NumPy's version from its file: importing it, or `importlib.metadata`, is too slow."""
    spec = importlib.util.find_spec("numpy")
    try:
        text = Path(str(spec and spec.origin)).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return (2, 4)
    found = re.search(r"^version = [\"'](\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else (2, 4)


def _with_flag(flags: str, flag: str) -> str:
    if flag in flags.split():
        return flags
    name = flag.partition("=")[0]
    kept = [word for word in flags.split() if not word.startswith(f"{name}=")]
    return " ".join([*kept, flag])


def _note_once() -> None:
    if os.environ.get(NOTED):
        return
    os.environ[NOTED] = "1"
    sys.stderr.write(
        f"note: portable arithmetic needs Linux on x86-64 with AVX2, and this is {sys.platform} on "
        f"{processor_level()}; results repeat on this machine and may differ on others\n"
    )
