"""merflow: from raw micro-expression frames to a UF1/UAR table that can be trusted."""

from merflow.arithmetic import fix

__version__ = "0.1.0"

fix()  # Before any numerical library loads: they read their variables once.
