"""merflow: from raw micro-expression frames to a UF1/UAR table that can be trusted."""

__version__ = "0.1.0"
