"""One writer per dataset: its clips, its folders and its annotation sheet.

A new file with a `DATASET` is found by its name. Not for drawing (see `render`).
"""
