"""Bytes on disk: atomic files, checked HDF5, clip stores, packed files, images, video, tables.

Not for what the bytes mean: nothing here knows a dataset, a stage or an experiment.
"""
