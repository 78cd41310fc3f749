"""Each line of the run's log is one write; its last line says how the run ended."""

import io
import logging
import sys
from types import SimpleNamespace

from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_merflow import LogHandler


class Writes(io.StringIO):
    """A stream that records each write."""

    def __init__(self):
        super().__init__()
        self.made = []

    def write(self, text):
        self.made.append(text)
        return super().write(text)


def handler(dryrun=False):
    made = LogHandler.__new__(LogHandler)
    logging.Handler.__init__(made)
    made.common_settings = SimpleNamespace(stdout=False, dryrun=dryrun)
    return made


def said(handler, text="", **facts):
    record = logging.LogRecord("n", logging.INFO, "p", 1, text, (), None)
    record.__dict__ |= facts
    return handler._text(record)


def job(log, number, *ends):
    """Tell of a job that starts and ends in each of these ways."""
    for event in ends:
        said(log, event=LogEvent.JOB_INFO, jobid=number, rule_name="train", rule_msg="training")
        facts = {"jobid": number, "job_id": number, "rule_name": "train", "log": [], "shellcmd": ""}
        said(log, event=event, **facts)


def begun():
    log = handler()
    said(log, event=LogEvent.RUN_INFO, stats={"train": 3, "total": 3})
    return log


FAILED, DONE = LogEvent.JOB_ERROR, LogEvent.JOB_FINISHED
INCOMPLETE = "At least one job did not complete successfully."


def test_a_run_that_was_stopped_says_so_and_counts_no_failure():
    log = begun()
    job(log, 1, DONE)
    said(log, "Terminating processes on user request")
    job(log, 2, FAILED)
    end = "1 of 3 jobs are done and kept; the same command continues"
    assert said(log, INCOMPLETE) == f"stopped: {end}"


def test_a_job_that_fails_at_each_attempt_is_one_failed_job():
    log = begun()
    job(log, 1, FAILED, FAILED, FAILED)
    assert said(log, INCOMPLETE).startswith("1 job FAILED, see above; 0 of 3 jobs are done")
    job(log, 2, FAILED)
    assert said(log, INCOMPLETE).startswith("2 jobs FAILED")


def test_a_job_that_succeeds_after_a_failed_attempt_is_no_failed_job():
    log = begun()
    job(log, 1, FAILED, DONE)
    job(log, 2, FAILED)
    assert said(log, INCOMPLETE).startswith("1 job FAILED, see above; 1 of 3 jobs are done")


def test_a_line_and_its_end_are_one_write(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Writes())
    handler(dryrun=True).emit(
        logging.LogRecord("n", logging.INFO, "p", 1, "12 jobs to do", (), None)
    )
    assert sys.stderr.made == ["12 jobs to do\n"]
