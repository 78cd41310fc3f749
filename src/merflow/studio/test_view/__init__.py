"""Tests of a final model from the Test view, in a child process that can be cancelled."""
