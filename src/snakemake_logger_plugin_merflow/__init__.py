"""What a run prints: what is done, what is running, n of m, and about how long is left.

Snakemake finds this package by its name when a profile says `logger: merflow`. Dry runs and
errors look as Snakemake makes them.
"""

import re
import sys
import time
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


def spoken(seconds: float) -> str:
    """Return a length of time as a person would say it."""
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
    """Guesses the time left from the jobs done so far."""

    def __init__(self, counts: dict[str, int], now: float) -> None:
        self.waiting: dict[str, int] = {}
        for rule, count in counts.items():
            if rule != "total":
                name = family(rule)
                self.waiting[name] = self.waiting.get(name, 0) + count
        self.total = counts.get("total", sum(counts.values()))
        self.done = 0
        self.begun = now
        self.spent: dict[str, tuple[int, float]] = {}
        self.running: dict[int, tuple[str, str, float]] = {}

    def start(self, job: int, rule: str, message: str, now: float) -> None:
        """Note that a job has begun."""
        self.running[job] = (family(rule), message, now)

    def finish(self, job: int, now: float) -> tuple[str, float] | None:
        """Note that a job is done; return its message and how long it took (s)."""
        if job not in self.running:
            return None
        rule, message, began = self.running.pop(job)
        count, seconds = self.spent.get(rule, (0, 0.0))
        self.spent[rule] = (count + 1, seconds + now - began)
        self.waiting[rule] = self.waiting.get(rule, 1) - 1
        self.done += 1
        return message, now - began

    def left(self, now: float) -> float:
        """Return the seconds left, as far as one can tell."""
        work = sum(max(0, n) * self._each(rule) for rule, n in self.waiting.items())
        work -= sum(min(now - began, self._each(rule)) for rule, _, began in self.running.values())
        busy = sum(seconds for _, seconds in self.spent.values())
        elapsed = max(now - self.begun, 1e-9)
        return max(0.0, work) / max(0.5, min(64.0, busy / elapsed))

    def _each(self, rule: str) -> float:
        count, seconds = self.spent.get(rule, (0, 0.0))
        guess = SECONDS.get(rule, GUESS)
        return (seconds + guess) / (count + 1)


class LogHandler(LogHandlerBase):
    """Prints one line per finished job."""

    def __post_init__(self) -> None:
        self._forecast: Forecast | None = None

    @property
    def writes_to_stream(self) -> bool:
        """It takes the place of Snakemake's own output."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake's own log file stays."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's filter (quiet, verbose) applies."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's words for all that this plugin leaves alone."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False

    def emit(self, record: LogRecord) -> None:
        """Print what is worth a line."""
        try:
            text = self._text(record)
            if text:
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
            return f"{jobs} to do, about {spoken(self._forecast.left(now))}"
        chatty = event in (None, LogEvent.ERROR) and record.getMessage().startswith(CHATTER)
        if event in QUIET or chatty:
            return ""
        if self._forecast is None:
            return self.format(record)
        if event == LogEvent.JOB_INFO:
            message = record.rule_msg or record.rule_name
            self._forecast.start(record.jobid, record.rule_name, message, now)
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
            line += f" | about {spoken(forecast.left(now))} left"
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
