"""Sections of the HTML report: modules that prepare plain data, and the templates that show them.

Not for computing scores or writing files; `merflow.reporting.html_report` assembles the page.
"""
