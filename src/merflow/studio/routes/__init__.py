"""Addresses of the page's data, one module per view; each handler is a plain function.

Not for the work behind an address: see the modules of `studio`.
"""
