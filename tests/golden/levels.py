"""Shown on one machine: which arrays stay equal under other instruction levels and processors.

python tests/golden/levels.py [WORD ...]      variants whose name has a word; `make levels` for all

Every variant computes the golden cases in a process of its own; its arrays are compared with the
portable ones. Exit status 1: a variant that must be equal is not, or SSE4 equals AVX2 in native,
so that the test sees nothing. Processors are imitated in two ways. `other_cpuid.c` runs at full
speed and changes what libraries learn of vendor, features and caches (cpuid), not instructions.
qemu-user emulates all instructions, the estimates of 1/x and 1/sqrt(x) included, which are one
processor's own: slow, so its cases are few and small.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import merflow  # noqa: F401 - first: it fixes the arithmetic level

# isort: split
import numpy as np

from merflow import arithmetic

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STAGES = [
    "drawn face",
    "video mjpg",
    "video mpeg4",
    "align",
    "crop",
    "magnify phase",
    "magnify linear",
    "magnify lagrangian",
    "select",
    "interpolate",
    "flow",
    "features",
]
FOLDS = ["svm weights", "fold weights", "fold predictions"]
DEFAULT = ["training with 2"]
EMULATED = [
    *("two drawn frames", "video mjpg", "video mpeg4", "align", "crop", "magnify phase"),
    *("magnify linear", "magnify lagrangian", "select", "interpolate", "flow", "features"),
    *("svm weights", "small step weights", "small step predictions"),
    *("default step weights", "default step predictions"),
]
SEEN = {name: os.environ.get(name) for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")}
HIDDEN = "-AVX512F,-AVX512VL,-AVX512BW,-AVX512CD,-AVX512DQ,-AVX512ER,-AVX512PF"
SSE4 = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,AVX,FMA3",
    "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {arithmetic.numpy_names((2, 4))}",
    "OPENBLAS_CORETYPE": "Nehalem",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENCV_IPP": "disabled",
}
AVX2 = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
    "NPY_DISABLE_CPU_FEATURES": arithmetic.numpy_names((2, 4)),
    "OPENBLAS_CORETYPE": "Haswell",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENCV_IPP": "disabled",
}
FOREIGN = {
    "OPENBLAS_NUM_THREADS": "4",
    "ONEDNN_MAX_CPU_ISA": "ALL",
    "DNNL_MAX_CPU_ISA": "ALL",
    "OPENCV_IPP": "avx2",
    "OPENCV_CPU_DISABLE": "AVX2",
    "NPY_ENABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX512",
    "MKL_CBWR": "AUTO",
}


@dataclass(frozen=True)
class Variant:
    """One way to compute the cases; must: `equal`, `differ` (from `against`) or `` (only shown)."""

    name: str
    changes: dict[str, str] = field(default_factory=dict)
    must: str = "equal"
    cases: tuple[str, ...] = (*STAGES, *FOLDS, *DEFAULT)
    before: tuple[str, ...] = ()
    """The command before Python's: taskset, an emulator."""
    against: str = "portable"


def native(
    name: str, changes: dict[str, str], must: str = "", against: str = "portable"
) -> Variant:
    """Return a variant of the native level."""
    return Variant(name, {"MERFLOW_ARITHMETIC": "native"} | changes, must, against=against)


def variants(library: Path | None) -> list[Variant]:
    """Return all variants this machine can run, `portable` first."""
    first = str(min(os.sched_getaffinity(0)))
    one = ("taskset", "-c", first)
    listed = [
        Variant("portable", must=""),
        Variant("portable again"),
        Variant("portable, one core", before=one),
        *(Variant(f"portable, OpenCV's threads {n}", {"OPENCV_FOR_THREADS_NUM": n}) for n in "124"),
        *(Variant(f"portable, OMP_NUM_THREADS={n}", {"OMP_NUM_THREADS": n}) for n in "14"),
        Variant("portable, PYTHONHASHSEED=7", {"PYTHONHASHSEED": "7"}),
        Variant("portable, glibc hides AVX-512", {"GLIBC_TUNABLES": f"glibc.cpu.hwcaps={HIDDEN}"}),
        *(
            Variant(f"portable, inherited: {core}", FOREIGN | {"OPENBLAS_CORETYPE": core})
            for core in ("SkylakeX", "Zen")
        ),
    ]
    for threads in (1, 2, 4):
        case = (f"training with {threads}",)
        every = f"training.threads {threads}"
        listed += [
            Variant(every, must="", cases=case),
            Variant(f"{every}, one core", cases=case, before=one, against=every),
        ]
    listed += [
        native("native AVX2", AVX2),
        native("native SSE4", SSE4, must="differ", against="native AVX2"),
        native("native", {}),
        native("native, IPP off", {"OPENCV_IPP": "disabled"}, against="native"),
        native("native, IPP avx2", {"OPENCV_IPP": "avx2"}, against="native"),
        native("native, IPP sse42", {"OPENCV_IPP": "sse42"}, against="native"),
    ]
    if library:
        loaded = {"LD_PRELOAD": str(library), "CPUID_NO_AVX512": "1"}
        listed += [
            Variant(
                f"cpuid {name}",
                loaded | dict(zip(("CPUID_L1", "CPUID_L2", "CPUID_L3"), sizes, strict=True)),
            )
            for name, sizes in (
                ("Intel 32 KB, 256 KB, 8 MB", ("32", "256", "8192")),
                ("Intel 48 KB, 1.25 MB, 24 MB", ("48", "1280", "24576")),
            )
        ] + [
            Variant(
                f"cpuid {name}",
                loaded | {"CPUID_AMD": "1", "CPUID_L1": "32", "CPUID_L2": l2, "CPUID_L3": l3},
            )
            for name, l2, l3 in (
                ("AMD 32 KB, 512 KB, 16 MB", "512", "16384"),
                ("AMD 32 KB, 1 MB, 96 MB", "1024", "98304"),
            )
        ]
    if qemu := shutil.which("qemu-x86_64"):
        listed.append(Variant("portable, small cases", must="", cases=tuple(EMULATED)))
        listed += [
            Variant(
                f"qemu {model}",
                cases=tuple(EMULATED),
                before=(qemu, "-cpu", model),
                against="portable, small cases",
            )
            for model in ("Haswell", "EPYC-Rome")
        ]
    return listed


def compute(variant: Variant, drawn: Path | None, folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a variant's cases, made in a process of its own."""
    out = folder / f"{variant.name.replace(' ', '_')}.npz"
    environment = {name: value for name, value in SEEN.items() if value is not None}
    environment |= {
        "MERFLOW_ARITHMETIC": "portable",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": str(ROOT / "src"),
    }
    script = [sys.executable, str(HERE / "more_cases.py"), str(out), str(drawn or "-")]
    done = subprocess.run(
        [*variant.before, *script, *variant.cases],
        env=environment | variant.changes,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{variant.name}: exit {done.returncode}\n{done.stderr[-2000:]}")
    with np.load(out) as saved:
        return dict(saved)


def difference(a: np.ndarray, b: np.ndarray) -> str:
    """Return how two arrays differ, empty when their types, shapes and bytes are the same."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} {a.shape} against {b.dtype} {b.shape}"
    if a.tobytes() == b.tobytes():
        return ""
    gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return f"{gap.max():.2g} in {np.mean(gap > 0):.1%}"


def compiled(folder: Path) -> Path | None:
    """Return the library that changes cpuid, None where it cannot be made or cannot work."""
    compiler = shutil.which("cc")
    if not arithmetic.processor_level().startswith("x86-64"):
        print("not x86-64: variants by cpuid left out")
        return None
    if not compiler:
        print("no C compiler: variants by cpuid left out")
        return None
    library = folder / "other_cpuid.so"
    flags = ["-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "other_cpuid.c")]
    subprocess.run([compiler, *flags], check=True)
    tried = subprocess.run(["true"], env={"LD_PRELOAD": str(library)}, capture_output=True)
    if tried.returncode:
        print("cpuid cannot be made to fault here: variants by cpuid left out")
        return None
    return library


def main(words: list[str]) -> int:
    """Print the table; return the exit status."""
    print(f"{arithmetic.processor_name()}, {arithmetic.processor_level()}, {os.cpu_count()} cores")
    failed = []
    with tempfile.TemporaryDirectory(prefix="merflow-levels-") as name:
        folder = Path(name)
        listed = variants(compiled(folder))
        if not shutil.which("qemu-x86_64"):
            print("no qemu-x86_64 (Debian: apt-get install qemu-user): its variants left out")
        if words:
            asked = {v.name for v in listed if any(word in v.name for word in words)}
            asked |= {v.against for v in listed if v.name in asked}
            listed = [v for v in listed if v.name in asked | {"portable"}]
        print(
            f"{'variant':34} {'against':22} {'must':7} {'equal':>7}  {'s':>4}  different",
            flush=True,
        )
        made: dict[str, dict[str, np.ndarray]] = {}
        for variant in listed:
            started = time.monotonic()
            drawn = folder / "portable.npz" if variant.cases == tuple(EMULATED) else None
            arrays = made[variant.name] = compute(variant, drawn, folder)
            seconds = time.monotonic() - started
            against = made[variant.against]
            gaps = {
                case: difference(arrays[case], against[case]) for case in arrays if case in against
            }
            gaps = {case: gap for case, gap in gaps.items() if gap}
            shown = "; ".join(f"{case} {gap}" for case, gap in gaps.items())
            compared = [case for case in arrays if case in against]
            if variant.must and (not compared or bool(gaps) == (variant.must == "equal")):
                failed.append(variant.name)
            print(
                f"{variant.name:34} {variant.against:22} {variant.must:7} "
                f"{len(arrays) - len(gaps):3}/{len(arrays):<3}  {seconds:4.0f}  {shown}",
                flush=True,
            )
    print(f"not as they must be: {', '.join(failed)}" if failed else "all as they must be")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
