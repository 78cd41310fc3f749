"""Faster forms of what Keras computes, for TensorFlow alone: same results up to rounding.

Not for anything that other backends need: they run Keras' own forms. `backend` chooses.
"""
