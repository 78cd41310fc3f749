"""The small demo with its results in a storage: the same tables as here, byte for byte.

python tests/storage/run.py ENVIRONMENT [1] [2] [3]      `make storage` makes the environment

1. A folder as the storage (Snakemake's fs plugin), jobs on this machine.
2. The same storage, jobs on nodes that see neither the project nor the datasets, nor each other.
3. Such nodes, and the server of moto, which answers as Amazon S3 does, on the loopback interface.
After each: a second run has nothing to do. At the end other settings rerun what depends on them,
and a copy of the stored results verifies.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("bwrap", "rsync", "git")
NODE = Path(__file__).with_name("node.py")
SNAKEFILE = """from merflow.shipped import shipped

include: str(shipped("Snakefile"))

rule everything:
    default_target: True
    input:
        rules.all.input,
"""
UNSHARED = ("--shared-fs-usage", "none")


class Place:
    """A project in a folder of its own. python: of the environment with the plugins."""

    def __init__(self, folder: Path, python: Path, data: Path | None = None) -> None:
        self.folder, self.python = folder, python
        (folder / "config").mkdir(parents=True)
        shutil.copy(ROOT / "config/quick.yaml", folder / "config")
        (folder / "Snakefile").write_text(SNAKEFILE)
        if data:
            shutil.copytree(data, folder / "data")

    def call(self, *words: str, **variables: str) -> str:
        """Run Python in the project; return its output."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **variables}
        environment["PATH"] = f"{self.python.parent}:{environment['PATH']}"
        done = subprocess.run(
            [str(self.python), "-m", *words],
            cwd=self.folder, env=environment, text=True, capture_output=True,
        )  # fmt: skip
        text = done.stdout + done.stderr
        check(done.returncode == 0, f"{' '.join(words[:3])} ends well", text)
        return text

    def run(self, *words: str, **variables: str) -> str:
        """Run the workflow."""
        common = ["--cores", "2", "--resources", "gpu=1", "--configfile", "config/quick.yaml"]
        return self.call("snakemake", *common, *words, **variables)


def main(environment: Path, *parts: str) -> None:
    """Run everything, or some parts; stop at the first thing that is not as it must be."""
    lacking = [name for name in NEEDED if not shutil.which(name)]
    if lacking:
        print(f"skipped: needs {', '.join(NEEDED)}; lacking: {', '.join(lacking)}")
        return
    python = environment / "bin/python"
    with tempfile.TemporaryDirectory(prefix="merflow-storage-", dir="/var/tmp") as name:
        folder = Path(name)
        here = Place(folder / "here", python)
        here.call("merflow", "demo", "data/quick", "--small", "--subjects", "2", "--clips", "3")
        started = time.monotonic()
        here.run()
        seconds = time.monotonic() - started
        expected = outcome(here.folder)
        check(len(expected) > 40, f"{len(expected)} files to compare")
        print(f"without a storage: {seconds:.0f} s, {len(expected)} files to compare")
        for number, part in enumerate((on_this_machine, on_nodes, on_nodes_with_s3), start=1):
            if not parts or str(number) in parts:
                part(folder, here, expected)


def on_this_machine(folder: Path, here: Place, expected: dict[str, bytes]) -> None:
    """Run with a folder as the storage, and this machine's jobs."""
    place, store = Place(folder / "1", here.python, here.folder / "data"), folder / "store1"
    words = ["--default-storage-provider", "fs", "--default-storage-prefix", str(store), *UNSHARED]
    timed("1. a folder as the storage", lambda: place.run(*words))
    same(outcome(store), expected)
    nothing_to_do(place, words)
    shown = {name: data for name, data in expected.items() if name.startswith("results/tables")}
    check(shown.items() <= outcome(place.folder).items(), "the tables are in results/ as well")
    settings = place.folder / "config/quick.yaml"
    settings.write_text(settings.read_text().replace("epochs: 4", "epochs: 3"))
    text = place.run(*words, "--dry-run")
    check("other training settings" in text or "12 of train" in text, "other settings rerun", text)
    check(" align " not in text.split("Job stats")[-1], "and nothing before them", text)


def on_nodes(folder: Path, here: Place, expected: dict[str, bytes]) -> None:
    """Run with jobs that see the storage, a folder, and nothing else of the project."""
    place, store = Place(folder / "2", here.python, here.folder / "data"), folder / "store2"
    store.mkdir()
    words = ["--default-storage-provider", "fs", "--default-storage-prefix", str(store)]
    with nodes(folder, place, store) as (flags, variables):
        words += [*flags, *UNSHARED, "--job-deploy-sources"]
        timed("2. nodes without a shared file system", lambda: place.run(*words, **variables))
        same(outcome(store), expected)
        nothing_to_do(place, words, **variables)
    fetched = Place(folder / "fetched", here.python, here.folder / "data")
    shutil.copytree(store / "results", fetched.folder / "results")
    print("  ", fetched.call("merflow", "verify").splitlines()[0])


def on_nodes_with_s3(folder: Path, here: Place, expected: dict[str, bytes]) -> None:
    """Run with jobs that reach a server of S3, and no folder."""
    place = Place(folder / "3", here.python, here.folder / "data")
    with s3_server(here.python) as address, nodes(folder, place, None) as (flags, more):
        s3 = {"ENDPOINT_URL": address, "ACCESS_KEY": "none", "SECRET_KEY": "none"}
        variables = more | {f"SNAKEMAKE_STORAGE_S3_{name}": value for name, value in s3.items()}
        words = ["--default-storage-provider", "s3"]
        words += ["--default-storage-prefix", "s3://merflow/project", *flags, *UNSHARED]
        words += ["--job-deploy-sources"]
        timed("3. nodes and an S3 server", lambda: place.run(*words, **variables))
        fetch(here.python, address, folder / "s3")
        same(outcome(folder / "s3"), expected)
        nothing_to_do(place, words, **variables)


@contextlib.contextmanager
def nodes(folder: Path, place: Place, seen: Path | None) -> Iterator[tuple[list[str], dict]]:
    """Yield the flags and variables of an executor that runs each job in a sandbox."""
    jobs = folder / f"jobs{place.folder.name}"
    jobs.mkdir()
    variables = {"STORAGE_NODES": str(jobs), "STORAGE_HIDDEN": str(folder)}
    variables |= {"STORAGE_SEEN": str(seen)} if seen else {}
    command = f"{sys.executable} {NODE}"
    flags = ["--executor", "cluster-generic", "--jobs", "2", "--latency-wait", "10"]
    flags += ["--cluster-generic-submit-cmd", f"{command} submit"]
    flags += ["--cluster-generic-status-cmd", f"{command} status"]
    flags += ["--seconds-between-status-checks", "1"]
    try:
        yield flags, variables
    except BaseException:
        for log in sorted(jobs.glob("*/log")):
            print(f"== {log.parent.name}\n{log.read_text(errors='replace')[-3000:]}")
        raise
    print(f"   {sum(1 for _ in jobs.iterdir())} jobs on nodes")


@contextlib.contextmanager
def s3_server(python: Path) -> Iterator[str]:
    """Yield the address of a running server of moto."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
                break
            time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


def fetch(python: Path, address: str, folder: Path) -> None:
    """Copy all objects below the prefix into a folder, as `aws s3 sync` does."""
    code = f"""
import boto3, pathlib
s3 = boto3.resource("s3", endpoint_url={address!r}, region_name="us-east-1",
                    aws_access_key_id="none", aws_secret_access_key="none")
for one in s3.Bucket("merflow").objects.filter(Prefix="project/"):
    path = pathlib.Path({str(folder)!r}, one.key.removeprefix("project/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    one.Object().download_file(str(path))
"""
    subprocess.run([str(python), "-c", code], check=True)


def outcome(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every table, prediction and weights file; not what a run cost."""
    found = [p for p in (folder / "results/tables").glob("*") if p.stem != "cost"]
    found += [p for p in (folder / "results/runs").rglob("*") if p.suffix in (".csv", ".h5")]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Check that two runs left the same files."""
    other = [name for name in expected if found.get(name) != expected[name]]
    check(found.keys() == expected.keys() and not other, f"all files are the same; not {other[:3]}")


def nothing_to_do(place: Place, words: list[str], **variables: str) -> None:
    """Check that a second run has no job."""
    text = place.run(*words, **variables)
    check("Nothing to be done" in text, "a second run has nothing to do", text)


def timed(what: str, work: object) -> None:
    """Do something, and print how long it took."""
    started = time.monotonic()
    work()
    print(f"{what}: {time.monotonic() - started:.0f} s", flush=True)


def check(good: bool, what: str, text: str = "") -> None:
    """Stop, with the output of the run, when something is not as it must be."""
    if not good:
        raise SystemExit(f"not so: {what}\n{text[-6000:]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), *sys.argv[2:])
