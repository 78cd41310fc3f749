"""Read and write files: atomic writes, HDF5, clip stores, packed files, images, video, tables.

Not for the meaning of the contents: nothing here depends on a dataset, stage or experiment.
"""
