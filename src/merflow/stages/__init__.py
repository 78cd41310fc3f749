"""Preprocessing stages: arrays in, arrays out, one file each.

Not for files or settings of a run: those belong to `io`, `config` and `workflow`.
"""
