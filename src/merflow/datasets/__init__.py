"""Read a dataset's folder into a list of clips: readers, labels, corrections, the catalogue.

Not for decoding frames (`io`) or for splits into training and test (`evaluation.protocols`).
"""
