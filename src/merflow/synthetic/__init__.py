"""Procedural faces with known motion, written to disk as the published datasets reach users."""
