"""Tables, figures and the HTML report made from finished results.

Not for computing scores: every number shown here was computed in `evaluation`.
"""
