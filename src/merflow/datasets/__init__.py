"""From a dataset's folder to a list of clips: readers, labels, corrections, the catalogue.

Not for decoding frames (`io`) or for choosing who is tested (`evaluation.protocols`).
"""
