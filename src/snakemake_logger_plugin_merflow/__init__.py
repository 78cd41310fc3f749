"""Output of a run: jobs done (n of m), jobs running, estimated time left.

Snakemake finds this package by its name when a profile has `logger: merflow`. Dry runs and errors
look as Snakemake prints them.
"""

import re
import sys
import time
from collections.abc import Callable
from logging import LogRecord
from pathlib import Path
from typing import NamedTuple

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_merflow.forecast import Costs, Forecast, Running

SHOWN = 2
"""How many running jobs a line names."""


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


class Known(NamedTuple):
    """What the Snakefile knows: the costs of the jobs, once the run starts, and its result."""

    costs: Callable[[], Costs] = Costs
    result: Callable[[], str] = str


_known = Known()


def know(costs: Callable[[], Costs], result: Callable[[], str]) -> None:
    """Note how to ask what the jobs cost, and what to show where there is nothing to do."""
    global _known
    _known = Known(costs, result)


class LogHandler(LogHandlerBase):
    """Prints one line per finished job."""

    _forecast: Forecast | None = None
    _stopped = False  # By the user.
    _failed: frozenset[int] = frozenset()  # Ids of jobs that failed at their last attempt.
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
        if found := REFUSED.fullmatch(record.getMessage()):
            return f"merflow: {found[1]}"
        if record.getMessage().startswith("Nothing to be done"):
            return self.format(record) + _known.result().rstrip()
        if self.common_settings.dryrun:
            return self.format(record)
        now = time.monotonic()
        if event == LogEvent.RUN_INFO:
            self._forecast = Forecast(dict(record.stats), now, _known.costs())
            jobs = "1 job" if self._forecast.total == 1 else f"{self._forecast.total} jobs"
            return f"{jobs} to do, about {rounded(self._forecast.left(now))}"
        text = record.getMessage() if event in (None, LogEvent.ERROR) else ""
        if event in QUIET or text.startswith(CHATTER):
            return ""
        if text.startswith(STOPPING):
            self._stopped = True
            return "stopping: the running jobs are ended"
        if INCOMPLETE in text and self._forecast is not None:
            return self._incomplete()
        if self._forecast is None:
            return self.format(record)
        if event == LogEvent.JOB_INFO:
            message = record.rule_msg or record.rule_name
            self._forecast.start(record.jobid, record.rule_name, message, now)
            return ""
        if event == LogEvent.JOB_FINISHED:
            return self._finished(record.job_id, now)
        if event == LogEvent.JOB_ERROR:
            return self._job_failed(record)
        return self.format(record)

    def _incomplete(self) -> str:
        """Return how a run ended that did not finish."""
        jobs = f"{self._forecast.done} of {self._forecast.total} jobs are done and kept"
        if self._stopped:
            return f"stopped: {jobs}; the same command continues"
        failed = "1 job" if len(self._failed) == 1 else f"{len(self._failed)} jobs"
        return f"{failed} FAILED, see above; {jobs}; the same command continues"

    def _job_failed(self, record: LogRecord) -> str:
        unknown = Running("", record.rule_name, 0.0)
        message = self._forecast.running.pop(record.jobid, unknown).message
        if self._stopped:
            return f"ended: {message}"
        self._failed |= {record.jobid}
        lines = [f"FAILED: {message}"]
        for log in record.log:
            lines += [f"  | {line}" for line in last_lines(Path(log))] + [f"  log: {log}"]
        lines.append(f"  command: {str(record.shellcmd).strip()}")
        return "\n".join(lines)

    def _finished(self, job: int, now: float) -> str:
        forecast = self._forecast
        self._failed -= {job}
        ended = forecast.finish(job, now)
        if ended is None:
            return ""
        width = len(str(forecast.total))
        line = f"[{forecast.done:{width}d} of {forecast.total}] {ended[0]} ({ended[1]:.1f} s)"
        others = [one.message for one in forecast.running.values()]
        if others:
            more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
            line += f" | running: {'; '.join(others[:SHOWN])}{more}"
        if forecast.done < forecast.total:
            line += f" | about {rounded(forecast.left(now))} left"
        return line


REFUSED = re.compile(
    r'WorkflowError in file ".*common\.smk", line \d+:\n(.*?)(?:\n  File ".*)?\n*', re.DOTALL
)
"""What stands around an error that merflow found before the run."""
QUIET = {
    LogEvent.PROGRESS,
    LogEvent.JOB_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.SHELLCMD,
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RULEGRAPH,
}
STOPPING = "Terminating processes on user request"
INCOMPLETE = "At least one job did not complete successfully"
CHATTER = (
    "Complete log(s)",  # A failed job names its own log.
    "Elapsed time",
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
    "Warning: the following output files of rule plan were not present",  # True of each first run.
)
