"""CPU seconds of a stage's job until its command is called, against importing its libraries alone.

Runs in the folder of a finished project: `make quick`, then in quick/
`python ../benchmarks/job_start.py [--rounds 7] [--before CHECKOUT]`
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

LIBRARIES = "import merflow, numpy, cv2, h5py"
IMPORTS = """
import merflow, sys
from merflow.io.scheduled_plan import require_scheduled
require_scheduled()
try:
    from merflow.plain_call import plain_call
    plain_call(sys.argv[1:])
except ImportError:
    from merflow.cli import build
    build()
    from importlib import import_module
    import_module(f"merflow.commands.{sys.argv[1]}")
try:
    from merflow.config.planned_settings import stage_settings
    from pathlib import Path
    stage_settings(Path("results/config.yaml"))
except ImportError:
    from merflow.config.loading import load
    load("results/config.yaml")
"""
STAGES = ("align", "crop", "magnify", "interpolate", "flow", "pack")
PACK = ("results/o.h5", "results/i.h5", "--preparation", "p", "--factor", "x1")


def seconds(command: list[str], source: Path) -> float:
    """Return the CPU time of a process (s)."""
    record = json.loads(Path("results/records/plan.json").read_text(encoding="utf-8"))
    env = os.environ | {"PYTHONPATH": str(source), "MERFLOW_PLAN": record["made"]["plan"]}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print one row a stage: the least CPU time of several alternating rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", type=Path)
    options = parser.parse_args()
    sources = {"now": Path(__file__).parents[1].resolve() / "src"}
    if options.before:
        sources = {"before": options.before.resolve() / "src", **sources}
    words = dict.fromkeys(STAGES, ("results/a.h5", "results/b.h5")) | {"pack": PACK}
    words["align"] = (*words["align"], "--subject", "s")
    common = ("--config", "results/config.yaml")
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for code, source in sources.items():
            libraries = [sys.executable, "-c", LIBRARIES]
            found.setdefault(("libraries", code), []).append(seconds(libraries, source))
            for stage in STAGES:
                command = [sys.executable, "-c", IMPORTS, stage, *words[stage], *common]
                found.setdefault((stage, code), []).append(seconds(command, source))
    print(f"| | {' | '.join(sources)} |\n|---|{'---|' * len(sources)}")
    for name in ("libraries", *STAGES):
        cells = [f"{min(found[name, code]):.2f}" for code in sources]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
