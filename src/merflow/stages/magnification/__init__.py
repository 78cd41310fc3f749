"""The parts of motion magnification: operators in time, motion fields, the three methods."""
