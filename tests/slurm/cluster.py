"""A Slurm cluster of one or more nodes on this machine: own ports, loopback only, state in one folder.

Every node has its own slurmd and one GPU, which is /dev/null. Memory is granted but not enforced:
what is tried here is how jobs are asked for, followed, killed and sent again.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONF = """
ClusterName=merflow
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdTimeout={timeout}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,defer_batch
ReturnToService=2
SwitchType=switch/none
MpiDefault=none
GresTypes=gpu
MinJobAge=3000
KillWait=2
MailProg=/bin/true
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""
NODE = """NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cores} Boards=1 \
SocketsPerBoard=1 CoresPerSocket={cores} ThreadsPerCore=1 RealMemory={memory} Gres=gpu:1 State=UNKNOWN"""
GRES = "AutoDetect=off\nName=gpu File=/dev/null\n"
MARK = "TEST_CLUSTER"
"""Environment variable by which the processes of a cluster's jobs are found."""
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
MEMORY = 8000
"""Of a node (MB)."""
WIDTH = 120
FIELDS = {
    "job": "JobID",
    "array": "ArrayJobID",
    "task": "ArrayTaskID",
    "node": "NodeList",
    "state": "State",
    "restarts": "RestartCnt",
    "comment": "Comment",
    "memory": "MinMemory",
    "gres": "tres-per-job",
    "cores": "NumCPUs",
}
"""What we call what Slurm's `squeue -O` calls otherwise."""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def cluster_of(
    folder: Path, names: tuple[str, ...] = ("n1",), cores: int = 2, timeout: int = 120
) -> Iterator["Cluster"]:
    """Start munge and Slurm, wait until every node takes jobs, and stop them in the end.

    cores: of each node. timeout: seconds without an answer after which Slurm gives a node up.
    """
    folder.chmod(0o755)
    (folder / "state").mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    host = socket.gethostname().split(".")[0]
    nodes = [
        NODE.format(name=name, host=host, port=free_port(), cores=cores, memory=MEMORY)
        for name in names
    ]
    conf = folder / "slurm.conf"
    words = {"host": host, "port": free_port(), "folder": folder, "timeout": timeout}
    conf.write_text(CONF.format(nodes="\n".join(nodes), **words))
    (folder / "gres.conf").write_text(GRES)
    files = ("socket", "key", "pid", "log", "seed")
    munge = [f"--{n if n in ('socket',) else n + '-file'}={folder}/munge.{n}" for n in files]
    cluster = Cluster(conf)
    try:
        cluster.start("munged", ["--foreground", "--force", *munge])
        until((folder / "munge.socket").exists, "munged made no socket")
        cluster.start("slurmctld", ["-D", "-f", str(conf)])
        for name in names:
            cluster.start_node(name)
        for name in names:
            cluster.wait_for(name, "idle")
        yield cluster
        cluster.ask("scancel", "--user=root")
    finally:
        cluster.stop()


def until(true, complaint: str, seconds: float = 60) -> None:
    """Wait until something is so, or say what never came."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"after {seconds:g} s: {complaint}")
        time.sleep(0.2)


def parent(number: int) -> int:
    """Return the parent of a process; 0 of one that has ended."""
    with suppress(OSError):
        status = Path(f"/proc/{number}/status").read_text()
        return int(status.split("PPid:")[1].split()[0])
    return 0


def command_line(number: int | str) -> str:
    """Return the words of a process; none of one that has ended."""
    with suppress(OSError):
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def is_step(number: int) -> bool:
    """Return whether a process is one of Slurm's step daemons."""
    return "slurmstepd" in command_line(number)


class Cluster:
    """A running cluster: its daemons, its environment, its queue."""

    def __init__(self, conf: Path) -> None:
        # Within a job the executor hides SLURM_CONF from srun, which elsewhere looks in /etc.
        srun = conf.parent / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        path = f"{srun.parent}:{os.environ['PATH']}"
        own = {"SLURM_CONF": str(conf), MARK: str(conf), "PATH": path}
        self.environment = {**os.environ, **own}
        self.conf = conf
        self.daemons: dict[str, subprocess.Popen] = {}

    def start(self, name: str, words: list[str], node: str = "") -> None:
        """Start a daemon; node: the one that it belongs to."""
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        with open(self.conf.parent / f"{name}{node}.out", "w") as out:
            streams = {"stdout": out, "stderr": out}
            self.daemons[name + node] = subprocess.Popen([name, *words], env=environment, **streams)

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node."""
        spool = self.conf.parent / f"spool-{node}"
        spool.mkdir(exist_ok=True)
        self.start("slurmd", ["-D", "-f", str(self.conf), "-N", node], node=node)

    def kill_node(self, node: str) -> int:
        """Kill everything that runs on a node, as a power cut does; return how many processes."""
        slurmd = self.daemons.pop(f"slurmd{node}")
        slurmd.kill()
        slurmd.wait()
        killed = 1
        while found := [*self.processes(node)]:
            # Step daemons first: they would still report the end of their jobs.
            steps = {step for number in found if is_step(step := parent(number))}
            for number in [*steps, *found]:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            killed += len(steps) + len(found)
            time.sleep(0.2)
        return killed

    def processes(self, node: str) -> Iterator[int]:
        """Yield the processes of the jobs on a node."""
        marks = {f"{MARK}={self.environment[MARK]}", f"SLURMD_NODENAME={node}"}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, UnicodeDecodeError):
                if marks <= set((entry / "environ").read_bytes().decode().split("\0")):
                    yield int(entry.name)

    def state(self, node: str) -> str:
        """Return the state of a node: idle, mixed, allocated, draining, drained, down."""
        return self.ask("sinfo", "-h", "-n", node, "-o", "%T").strip()

    def wait_for(self, node: str, *states: str) -> None:
        """Wait until a node is in one of these states."""
        # An asterisk is added to the state of a node that does not answer.
        until(lambda: self.state(node).rstrip("*") in states, f"node {node} is not {states}", 180)

    def stop(self) -> None:
        """Stop all daemons, those started last first."""
        for process in reversed(self.daemons.values()):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ask(self, *words: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def jobs(self) -> list[dict[str, str]]:
        """Return every job since the start, finished ones too, oldest first."""
        words = ",".join(f"{name}:{WIDTH}" for name in FIELDS.values())
        text = self.ask("squeue", "-h", "-a", "-r", "-t", "all", "-S", "i", "-O", words)
        cells = [
            [line[i : i + WIDTH].strip() for i in range(0, len(line), WIDTH)]
            for line in text.splitlines()
            if line[:1].isdigit()
        ]
        return [dict(zip(FIELDS, row, strict=False)) for row in cells]
