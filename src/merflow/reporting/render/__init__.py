"""The forms of a table: Markdown, LaTeX, plain text and xlsx. HTML is made by the report's
templates from the same results table. Not for choosing rows and columns: see `results_table`.
"""
