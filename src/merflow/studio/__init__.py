"""The studio: a local web app that shows a project's datasets, clips and runs, and tests models.

Not for computing: it reads `results/`, and starts Snakemake for everything that writes there.
"""
