"""The report's parts: what is read from `results/`, and one module a section of the page.

`merflow.reporting.html_report` puts them together. Nothing here shows a face: the report holds
numbers only.
"""
