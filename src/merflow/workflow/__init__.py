"""What Snakemake asks (plan, paths, resources, preflight), and one module for each job.

Not for algorithms: a job reads files, calls the packages below, and writes files.
"""
