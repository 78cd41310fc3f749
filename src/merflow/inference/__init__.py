"""Trained models on new recordings and datasets; spotting and previews.

Not for training: nothing here changes a model.
"""
