"""Tests of a final model from the Test view, in a child process that can be cancelled.

Not for tests of merflow (`tests/`) or for the model itself (`inference`).
"""
