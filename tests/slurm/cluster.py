"""A Slurm cluster of one node on this machine: own ports, loopback only, all state in one folder.

Memory is granted but not enforced, and the GPU is /dev/null: what is tried here is how jobs are
asked for, followed, killed and sent again.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

CONF = """
ClusterName=merflow
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
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
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} Boards=1 SocketsPerBoard=1 CoresPerSocket={cores} \
ThreadsPerCore=1 RealMemory={memory} Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""
GRES = "AutoDetect=off\nNodeName={host} Name=gpu File=/dev/null\n"
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
WIDTH = 120
FIELDS = {
    "job": "JobID",
    "state": "State",
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
def one_node(folder: Path, cores: int = 2, memory: int = 8000) -> Iterator["Cluster"]:
    """Start munge and Slurm, wait until the node takes jobs, and stop them in the end.

    memory: of the node, in MB.
    """
    host = socket.gethostname().split(".")[0]
    folder.chmod(0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    conf = folder / "slurm.conf"
    ports = {"port": free_port(), "node_port": free_port()}
    conf.write_text(CONF.format(host=host, folder=folder, cores=cores, memory=memory, **ports))
    (folder / "gres.conf").write_text(GRES.format(host=host))
    files = ("socket", "key", "pid", "log", "seed")
    munge = [f"--{n if n in ('socket',) else n + '-file'}={folder}/munge.{n}" for n in files]
    with ExitStack() as running:
        for words in (
            ["munged", "--foreground", "--force", *munge],
            ["slurmctld", "-D", "-f", str(conf)],
            ["slurmd", "-D", "-f", str(conf), "-N", host],
        ):
            running.enter_context(daemon(words, folder / f"{words[0]}.out"))
            if words[0] == "munged":
                until((folder / "munge.socket").exists, "munged made no socket")
        cluster = Cluster(conf)
        until(lambda: "idle" in cluster.ask("sinfo", "-h", "-o", "%T"), "the node is not idle")
        try:
            yield cluster
        finally:
            cluster.ask("scancel", "--user=root")


@contextmanager
def daemon(words: list[str], log: Path) -> Iterator[None]:
    """Run a program for as long as the block lasts; stop it by its process id."""
    with open(log, "w") as out:
        path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        process = subprocess.Popen(words, stdout=out, stderr=out, env=path)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(true, complaint: str, seconds: float = 60) -> None:
    """Wait until something is so, or say what never came."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"after {seconds:g} s: {complaint}")
        time.sleep(0.2)


class Cluster:
    """A running cluster: its environment, its queue."""

    def __init__(self, conf: Path) -> None:
        # Within a job the executor hides SLURM_CONF from srun, which elsewhere looks in /etc.
        srun = conf.parent / "bin/srun"
        srun.parent.mkdir()
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        path = f"{srun.parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": str(conf), "PATH": path}

    def ask(self, *words: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def jobs(self) -> list[dict[str, str]]:
        """Return every job since the start, finished ones too, oldest first."""
        words = ",".join(f"{name}:{WIDTH}" for name in FIELDS.values())
        text = self.ask("squeue", "-h", "-a", "-t", "all", "-S", "i", "-O", words)
        cells = [
            [line[i : i + WIDTH].strip() for i in range(0, len(line), WIDTH)]
            for line in text.splitlines()
            if line[:1].isdigit()
        ]
        return [dict(zip(FIELDS, row, strict=False)) for row in cells]
