"""Folds, metrics, intervals, tests, negative controls: what makes a score trustworthy.

Not for fitting (`models`) or for the look of a table (`reporting`).
"""
