"""Parts that several networks share, written in Keras alone.

Not for whole networks (`networks`) or for training (`training`).
"""
