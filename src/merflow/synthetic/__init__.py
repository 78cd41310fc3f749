"""Drawn faces with known motion, written to disk in the layouts of published datasets.

Not for reading datasets (`datasets`), real or generated.
"""
