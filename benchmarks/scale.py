"""Cost of Snakemake for 500, 2,000 and 10,000 clips: a project of empty videos.

A manifest with ten clips per subject, four factors, LOSO. For each size: a dry run without results,
a pass in which Snakemake schedules and records every job without running it (`--touch`), merflow's
own share (reading the datasets, and comparing all records with the plan), a dry run with nothing to
do, and a dry run after a clip was added. CPU seconds, because machines are shared.

`python benchmarks/scale.py [--clips 500 2000 10000] [--touch-to 2000]`
`python benchmarks/scale.py --before CHECKOUT [--rounds 2]`: dry runs, those of another checkout in
turn with this one's, each with results as its own version makes them.
"""

from merflow import paths
from merflow.workflow import plan_files
from merflow.workflow.expected import Expected
from merflow.workflow.setup import start
from merflow.workflow.stale import find_stale

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PER_SUBJECT = 10
EMOTIONS = ("happiness", "disgust", "surprise", "anger")
CONFIG = {
    "datasets": {"mine": {"root": "data", "reader": "manifest"}},
    "collections": {"all": ["mine"]},
    "preparations": {"grey64": {}},
    "experiments": {
        "scale": {"preparation": "grey64", "collection": "all", "factors": [1, 10, 25, 50]}
    },
    "folds_per_job": 10,
    "keep_intermediate": True,
}


def write_project(folder: Path, clips: int) -> None:
    """Write a config and a manifest of `clips` empty videos."""
    (folder / "data").mkdir(parents=True)
    lines = ["subject,clip,path,fps,onset,offset,emotion"]
    for number in range(clips):
        (folder / f"data/c{number}.mp4").touch()
        lines.append(_row(number))
    (folder / "data/manifest.csv").write_text("\n".join(lines) + "\n")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))


def _row(number: int) -> str:
    emotion = EMOTIONS[number % len(EMOTIONS)]
    return f"p{number // PER_SUBJECT:04d},c{number},c{number}.mp4,100,0,60,{emotion}"


def add_clip(folder: Path, number: int) -> None:
    """Add a clip to the first subject."""
    (folder / f"data/c{number}.mp4").touch()
    row = _row(number).replace(f"p{number // PER_SUBJECT:04d}", "p0000", 1)
    with open(folder / "data/manifest.csv", "a") as table:
        table.write(row + "\n")


def snakemake(folder: Path, *words: str, code: Path = ROOT) -> tuple[float, float, str]:
    """Run Snakemake in a project; return CPU seconds, peak MB and what it said.

    code: the checkout that it runs.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", code / "Snakefile"]
    command += ["--configfile", "config.yaml", *words]
    env = os.environ | {"PYTHONPATH": str(code / "src")}
    with open(folder / "said.txt", "w+") as said:
        child = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, env=env
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}:\n{text[-2000:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def jobs(text: str) -> int:
    """Return the number of jobs that a dry run lists."""
    found = re.search(r"^total +(\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def make_outputs(folder: Path) -> int:
    """Create every file of the workflow, empty and of one age, with its record; return how many."""
    count = 0
    with contextlib.chdir(folder):
        plan = start(yaml.safe_load(Path("config.yaml").read_text()))
        for clips in plan.data.clips.values():
            for owner in sorted({clip.key.subject_key for clip in clips}):
                plan.data.frames.of(plan.data.of_subject(*owner))
        for step in Expected(plan).steps():
            kept = {"step": step.name, "made": step.made, "read": {}, "facts": {}}
            kept["wrote"] = dict.fromkeys(step.outputs, "0" * 64)
            for name in step.outputs:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).touch()
                os.utime(name, (1e9, 1e9))
                count += 1
            place = Path(paths.record(step.outputs[0]))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(kept))
        plan_files.put(plan_files.stage(plan_files.texts(plan)))
    return count


def own_check(folder: Path) -> tuple[float, float, int]:
    """Return the CPU seconds of the plan and of the look at all records, and what is stale."""
    with contextlib.chdir(folder):
        began = time.process_time()
        plan = start(yaml.safe_load(Path("config.yaml").read_text()))
        planned = time.process_time()
        found = find_stale(plan)
        return planned - began, time.process_time() - planned, len(found.stale)


def measure(folder: Path, clips: int, touched: bool) -> None:
    """Print the costs of one size."""
    write_project(folder, clips)
    dry = ("--dry-run", "--quiet", "rules")
    seconds, peak, text = snakemake(folder, *dry)
    count = jobs(text)
    print(f"{clips:6} clips {count:6} jobs: from nothing {seconds:6.1f} s {peak:5.0f} MB")
    make_outputs(folder)
    if touched:
        seconds, peak, _ = snakemake(folder, "--touch", "--forceall", "--quiet", "all")
        each = f"{1000 * seconds / count:.1f} ms a job"
        print(f"{clips:6} clips: every job kept {seconds:6.1f} s {peak:5.0f} MB, {each}")
    planned, seconds, stale = own_check(folder)
    print(f"{clips:6} clips: plan {planned:4.1f} s, records {seconds:4.1f} s, {stale} stale")
    seconds, peak, text = snakemake(folder, *dry)
    print(f"{clips:6} clips: nothing to do {seconds:6.1f} s {peak:5.0f} MB, {jobs(text)} jobs")
    if touched:
        add_clip(folder, clips)
        seconds, peak, text = snakemake(folder, *dry)
        print(f"{clips:6} clips: one more clip {seconds:6.1f} s {peak:5.0f} MB, {jobs(text)} jobs")


def compare(folder: Path, clips: int, before: Path, rounds: int) -> None:
    """Print the costs of dry runs with another checkout and with this one, in turn."""
    dry = ("--dry-run", "--quiet", "rules")
    codes = {"before": before.resolve(), "now": ROOT}
    places = {name: folder / name for name in codes}
    for place in places.values():
        write_project(place, clips)
    for state in ("from nothing", "nothing to do"):
        spent: dict[str, list[float]] = {name: [] for name in codes}
        for _ in range(rounds):
            for name, code in codes.items():
                seconds, peak, text = snakemake(places[name], *dry, code=code)
                spent[name].append(seconds)
                print(
                    f"{clips:6} clips {state:13} {name:6} {seconds:6.1f} s {peak:5.0f} MB, "
                    f"{jobs(text)} jobs",
                    flush=True,
                )
        print(f"{clips:6} clips {state:13} ratio {min(spent['now']) / min(spent['before']):.2f}")
        if state == "from nothing":
            for name, code in codes.items():
                _make_outputs_of(code, places[name])


def _make_outputs_of(code: Path, folder: Path) -> None:
    """Make the outputs of a project by the benchmark of a checkout, with its form of records."""
    make = "import sys, pathlib, scale; scale.make_outputs(pathlib.Path(sys.argv[1]))"
    path = f"{code / 'src'}{os.pathsep}{code / 'benchmarks'}"
    env = os.environ | {"PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", make, folder], check=True, env=env)


def main() -> None:
    """Measure every size in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, nargs="*", default=[500, 2000, 10000])
    parser.add_argument("--touch-to", type=int, default=2000, help="largest size that is touched")
    parser.add_argument("--before", type=Path, help="another checkout to compare with")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    for clips in chosen.clips:
        with tempfile.TemporaryDirectory() as folder:
            if chosen.before:
                compare(Path(folder), clips, chosen.before, chosen.rounds)
                continue
            measure(Path(folder) / "project", clips, clips <= chosen.touch_to)


if __name__ == "__main__":
    main()
