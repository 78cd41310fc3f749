"""Output of a run: jobs done (n of m), jobs running, estimated time left.

Snakemake finds this package by its name when a profile has `logger: merflow`. Dry runs and errors
look as Snakemake prints them.
"""

import re
import sys
import time
from collections import Counter, defaultdict
from logging import LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

SECONDS = {"align": 4.0, "magnify": 4.0, "train": 8.0, "pretrain": 60.0}
"""First guesses of a job's length (s), until jobs of that rule have been timed."""
GUESS = 1.0
SHOWN = 2
"""How many running jobs a line names."""


def family(rule: str) -> str:
    """Return the rule a generated rule belongs to: train_0_3 -> train."""
    return re.sub(r"(_\d+)+$", "", rule)


def rounded(seconds: float) -> str:
    """Return a length of time in one rounded unit."""
    if seconds < 50:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h"


def last_lines(log: Path, most: int = 40) -> list[str]:
    """Return the end of a log."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-most:]
    except OSError:
        return ["(no log was written)"]


class Forecast:
    """Estimate of the time left, from the jobs done so far."""

    def __init__(self, counts: dict[str, int], now: float) -> None:
        self.total = counts.pop("total", sum(counts.values()))
        self.waiting: Counter[str] = Counter()
        for rule, count in counts.items():
            self.waiting[family(rule)] += count
        self.started = now
        self.durations: dict[str, list[float]] = defaultdict(list)
        self.running: dict[int, tuple[str, str, float]] = {}
        """Job -> its rule, message and start (s)."""

    def finish(self, job: int, now: float) -> tuple[str, float] | None:
        """Note that a job is done; return its message and how long it took (s)."""
        if job not in self.running:
            return None
        rule, message, started = self.running.pop(job)
        self.durations[rule].append(now - started)
        self.waiting[rule] -= 1
        return message, now - started

    @property
    def done(self) -> int:
        """Number of finished jobs."""
        return sum(map(len, self.durations.values()))

    def left(self, now: float) -> float:
        """Return the estimated seconds left."""
        work = sum(max(0, n) * self._mean(rule) for rule, n in self.waiting.items())
        work -= sum(min(now - start, self._mean(rule)) for rule, _, start in self.running.values())
        busy = sum(map(sum, self.durations.values()))
        elapsed = max(now - self.started, 1e-9)
        return max(0.0, work) / max(0.5, min(64.0, busy / elapsed))

    def _mean(self, rule: str) -> float:
        """Return the mean length of a rule's jobs (s); the first guess counts as one job."""
        seconds = [SECONDS.get(rule, GUESS), *self.durations.get(rule, ())]
        return sum(seconds) / len(seconds)


class LogHandler(LogHandlerBase):
    """Prints one line per finished job."""

    _forecast: Forecast | None = None
    writes_to_stream = True  # In place of Snakemake's own output.
    writes_to_file = False  # Snakemake's own log file stays.
    has_filter = False  # Snakemake's filter (quiet, verbose) applies.
    has_formatter = False  # Snakemake formats all that this plugin leaves alone.
    needs_rulegraph = False

    def emit(self, record: LogRecord) -> None:
        """Print the line of an event, if it has one."""
        try:
            if text := self._text(record):
                stream = sys.stdout if self.common_settings.stdout else sys.stderr
                # In one write: `print` makes two, and another's line could come between.
                stream.write(f"{text}\n")
                stream.flush()
        except BrokenPipeError:
            raise
        except Exception:
            self.handleError(record)

    def _text(self, record: LogRecord) -> str:
        event = getattr(record, "event", None)
        if self.common_settings.dryrun:
            return self.format(record)
        now = time.monotonic()
        if event == LogEvent.RUN_INFO:
            self._forecast = Forecast(dict(record.stats), now)
            jobs = "1 job" if self._forecast.total == 1 else f"{self._forecast.total} jobs"
            return f"{jobs} to do, about {rounded(self._forecast.left(now))}"
        chatty = event in (None, LogEvent.ERROR) and record.getMessage().startswith(CHATTER)
        if event in QUIET or chatty:
            return ""
        if self._forecast is None:
            return self.format(record)
        if event == LogEvent.JOB_INFO:
            message = record.rule_msg or record.rule_name
            self._forecast.running[record.jobid] = (family(record.rule_name), message, now)
            return ""
        if event == LogEvent.JOB_FINISHED:
            return self._finished(record.job_id, now)
        if event == LogEvent.JOB_ERROR:
            return self._failed(record)
        return self.format(record)

    def _failed(self, record: LogRecord) -> str:
        _, message, _ = self._forecast.running.pop(record.jobid, ("", record.rule_name, 0.0))
        lines = [f"FAILED: {message}"]
        for log in record.log:
            lines += [f"  | {line}" for line in last_lines(Path(log))] + [f"  log: {log}"]
        lines.append(f"  command: {str(record.shellcmd).strip()}")
        return "\n".join(lines)

    def _finished(self, job: int, now: float) -> str:
        forecast = self._forecast
        ended = forecast.finish(job, now)
        if ended is None:
            return ""
        width = len(str(forecast.total))
        line = f"[{forecast.done:{width}d} of {forecast.total}] {ended[0]} ({ended[1]:.1f} s)"
        others = [message for _, message, _ in forecast.running.values()]
        if others:
            more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
            line += f" | running: {'; '.join(others[:SHOWN])}{more}"
        if forecast.done < forecast.total:
            line += f" | about {rounded(forecast.left(now))} left"
        return line


QUIET = {
    LogEvent.PROGRESS,
    LogEvent.JOB_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.SHELLCMD,
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RULEGRAPH,
}
CHATTER = (
    "Building DAG",
    "Using shell",
    "Select jobs",
    "Removing temporary",
    "Provided cores",
    "Rules claiming",
    "host:",
    "Assuming unrestricted",
    "Conda environments",
    "Touching output",
    "Updating job",
    "RuleException",
    "CalledProcessError",
)
