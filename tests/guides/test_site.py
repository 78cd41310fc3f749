"""The documentation site: builds without a warning, loads nothing from elsewhere, no dead link."""

import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from merflow.command_help import commands

ROOT = Path(__file__).parents[2]
LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "srcset"}


class Page(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loads, self.anchors, self.classes = [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.classes |= set((found.get("class") or "").split())
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get(LOADS.get(tag)):
            self.loads.append(found[LOADS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, as {path: page}; mkdocs.yml makes every warning an error."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    assert config.strict and set(config.validation.nav.values()) == {logging.WARNING}
    build(config)
    return folder, {
        page: Page(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))
    }


def test_nothing_is_loaded_from_another_host(site):
    folder, pages = site
    assert len(pages) > 40
    for path, page in pages.items():
        assert [load for load in page.loads if "//" in load] == [], path
        assert "mermaid" not in page.classes  # The theme would load a script for it.
    for sheet in folder.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_every_link_leads_to_a_page_and_an_anchor(site):
    _, pages = site
    for path, page in pages.items():
        if path.name == "404.html":  # Its links start at the root of the server.
            continue
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme == "https" and "." in parts.netloc, (path, link)
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), (path, link)
            if parts.fragment and target in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].anchors, (path, link)


def test_every_command_is_described(site):
    folder, pages = site
    assert set(commands()) <= pages[folder / "commands.html"].anchors


def test_links_lead_to_files_in_the_repository_too():
    for page in (*ROOT.glob("*.md"), ROOT / "config/README.md", *(ROOT / "docs").rglob("*.md")):
        text = re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text):
            assert (page.parent / link).exists(), (page, link)
