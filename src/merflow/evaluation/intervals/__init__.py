"""Scores of intervals that were spotted in long recordings."""
