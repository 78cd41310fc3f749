"""Parts of motion magnification: filters in time, motion fields, the three methods.

Not for the choice of method and settings: see `stages/magnify.py`.
"""
