"""The audit: one check for each known way to get a score that is too good.

Not for computing scores: it only compares the files of a run with what must hold.
"""
