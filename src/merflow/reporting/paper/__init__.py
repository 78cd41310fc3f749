"""Texts for a paper: the methods paragraph with its references, the model card, the data card.

Every sentence follows from a setting or a record of the run; what was not done is not mentioned.
"""
