"""Figures as PDF and SVG for papers: style, figures of a run, effects, and the folder of all.

Matplotlib draws them and is imported when a figure is drawn. Not for the inline drawings of the
HTML report, which follow its light and dark colours.
"""
