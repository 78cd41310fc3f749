"""Parse the report's page and CSV tables for tests."""

import csv
from html.parser import HTMLParser

VOID = {"meta"}


class Page(HTMLParser):
    """The page as a reader sees it: elements, tables by label, and text by section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self.sections, self.titles = [], {}, {}, []
        self._path, self._table, self._section = [], None, "head"
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag in VOID:
            return
        self._path.append(tag)
        if tag == "section" and "id" in attrs:
            self._section = attrs["id"]
        if attrs.get("role") == "region":
            self._table = self.tables.setdefault(attrs["aria-label"], [])
        if tag == "tr" and self._table is not None:
            self._table.append([])
        if tag in ("td", "th") and self._table:
            self._table[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._path.pop() == tag, f"</{tag}> closes nothing"
        if tag == "table":
            self._table = None

    def handle_data(self, data):
        if self._path and self._path[-1] in ("style", "script"):
            return
        if self._path and self._path[-1] == "title":
            self.titles.append(data)
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if self._table and {"td", "th"} & set(self._path):
            self._table[-1][-1] += data

    @property
    def words(self):
        return " ".join(self.sections.values())


def rows_of(path):
    """Return a CSV's rows as mappings."""
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
