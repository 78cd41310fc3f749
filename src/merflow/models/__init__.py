"""Everything that can be fitted: networks, SVMs, external programs, and their saved files.

Not for choosing folds (`evaluation`) or for running jobs (`workflow`).
"""
