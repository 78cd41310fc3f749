"""The time left of a run, from what its jobs cost and how long those done so far took."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple


class Costs(NamedTuple):
    """What the Snakefile knows before the first job.

    jobs: rule -> seconds, cores and GPUs of one job, a fraction where jobs share one. cores, gpus:
    how many there are; 0: unknown or without a limit, as on a cluster.
    """

    jobs: Mapping[str, tuple[float, int, float]] = {}
    cores: int = 0
    gpus: int = 0


UNKNOWN = (1.0, 1, 0)
"""Cost of a rule that nobody described: seconds, cores, GPUs."""
MEMORY = 0.85
"""Weight of what jobs took before the last one: a machine gets slower and faster during a run."""
TRUST = 1.0
"""Weight of the cost of one expected job against the jobs of its rule that were timed."""
GAP = 0.12
"""Seconds between two jobs, which Snakemake itself takes."""
DOUBT = 10.0
"""Seconds of work done after which the run's pace counts as much as that of an idle core."""
BESIDE = {"all", "plan", "skipped", "manifest", "split"}
"""Rules that the last result does not wait for, or hardly."""


def family(rule: str) -> str:
    """Return the rule a generated rule belongs to: train_0_3 -> train."""
    return re.sub(r"(_\d+)+$", "", rule)


class Running(NamedTuple):
    """A job that runs: its rule, its message, when it started (s)."""

    rule: str
    message: str
    started: float


class _Pace:
    """How much longer jobs take than expected, the last ones counting most."""

    def __init__(self) -> None:
        self.taken = self.expected = 0.0

    def add(self, taken: float, expected: float) -> None:
        self.taken = MEMORY * self.taken + taken
        self.expected = MEMORY * self.expected + expected

    def ratio(self, prior: float, trust: float) -> float:
        """Return the ratio, drawn to `prior` with the weight of `trust` expected seconds."""
        return (self.taken + prior * trust) / (self.expected + trust)


class Forecast:
    """Estimate of the time left: the cost of the jobs to do, at the pace of the jobs done."""

    def __init__(self, counts: dict[str, int], now: float, costs: Costs | None = None) -> None:
        self.total = counts.pop("total", sum(counts.values()))
        self.costs = costs or Costs()
        self.waiting: Counter[str] = Counter(counts)
        """Rule -> jobs that have not ended."""
        self.started = now
        self.done = 0
        self.running: dict[int, Running] = {}
        self._busy = 0.0
        self._pace = _Pace()
        self._paces: dict[str, _Pace] = defaultdict(_Pace)

    def start(self, job: int, rule: str, message: str, now: float) -> None:
        """Note that a job starts."""
        self.running[job] = Running(rule, message, now)

    def finish(self, job: int, now: float) -> tuple[str, float] | None:
        """Note that a job is done; return its message and how long it took (s)."""
        if job not in self.running:
            return None
        rule, message, started = self.running.pop(job)
        taken, expected = now - started, self._cost(rule)[0]
        self._busy += taken
        self._pace.add(taken, expected)
        self._paces[family(rule)].add(taken, expected)
        self.waiting[rule] -= 1
        self.done += 1
        return message, taken

    def left(self, now: float) -> float:
        """Return the estimated seconds left.

        At least what the cores need, what the GPUs need, and what one job after the other needs.
        """
        cores = gpus = alone = 0.0
        chain: dict[str, float] = defaultdict(float)
        for rule, count in self.waiting.items():
            seconds = self._expected(rule)
            _, taken, uses = self._cost(rule)
            taken = min(taken, self.costs.cores) if self.costs.cores else taken
            rest = max(0, count) * seconds - self._ran(rule, seconds, now)
            cores, gpus, alone = cores + rest * taken, gpus + rest * uses, alone + rest
            if count > 0 and family(rule) not in BESIDE:
                chain[family(rule)] = max(chain[family(rule)], min(seconds, rest))
        shared = cores / self.costs.cores if self.costs.cores else alone / self._together(now)
        limits = [shared + GAP * sum(self.waiting.values()), sum(chain.values())]
        limits += [gpus / self.costs.gpus] if self.costs.gpus else []
        return max(0.0, *limits)

    def _cost(self, rule: str) -> tuple[float, int, float]:
        # Of merflow as a module of another workflow, rules have a prefix: mer_train_0_0.
        for name in (rule, family(rule), rule.partition("_")[2]):
            if name in self.costs.jobs:
                return self.costs.jobs[name]
        return UNKNOWN

    def _expected(self, rule: str) -> float:
        """Return how long a job of a rule takes at the present pace (s)."""
        seconds = self._cost(rule)[0]
        every = self._pace.ratio(1.0, DOUBT)
        return seconds * self._paces[family(rule)].ratio(every, TRUST * seconds)

    def _ran(self, rule: str, seconds: float, now: float) -> float:
        """Return how much of the expected time the running jobs of a rule have had (s)."""
        times = [now - one.started for one in self.running.values() if one.rule == rule]
        # A job that takes longer than expected is taken to be nearly done.
        return sum(min(time, 0.9 * seconds) for time in times)

    def _together(self, now: float) -> float:
        """Return how many jobs ran at a time, from 1 to 64."""
        return max(1.0, min(64.0, self._busy / max(now - self.started, 1e-9)))
