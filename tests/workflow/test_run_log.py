"""Each line of the run's log is one write, so that lines of other processes cannot split it."""

import io
import logging
import sys
from types import SimpleNamespace

from snakemake_logger_plugin_merflow import LogHandler


class Writes(io.StringIO):
    """A stream that records each write."""

    def __init__(self):
        super().__init__()
        self.made = []

    def write(self, text):
        self.made.append(text)
        return super().write(text)


def test_a_line_and_its_end_are_one_write(monkeypatch):
    handler = LogHandler.__new__(LogHandler)
    logging.Handler.__init__(handler)
    handler.common_settings = SimpleNamespace(stdout=False, dryrun=True)
    monkeypatch.setattr(sys, "stderr", Writes())
    handler.emit(logging.LogRecord("n", logging.INFO, "p", 1, "12 jobs to do", (), None))
    assert sys.stderr.made == ["12 jobs to do\n"]
