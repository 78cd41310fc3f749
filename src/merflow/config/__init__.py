"""Settings: the validated models, YAML loading, fingerprints that decide what reruns.

Not for reading data: nothing here opens a dataset, and names of networks and schemes are checked
by `workflow/preflight.py`.
"""
