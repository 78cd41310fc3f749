"""The audit: known traps of the field, one check each, over the files of a run.

Not for computing scores: it only compares what a run recorded with what must hold.
"""
