"""Every relative link in README and docs/ leads somewhere, its anchor too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.pages import PAGES, ROOT

_LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<path>[^)#]*)#?(?P<anchor>[^)]*)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def anchors(page: Path) -> Iterator[str]:
    """Name a page's headings as its links do: lower case, dashes for spaces, no punctuation."""
    for heading in _HEADING.finditer(page.read_text()):
        yield re.sub(r"[^\w\- ]", "", heading["title"].lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.finditer(page.read_text()):
        target = page.parent / link["path"] if link["path"] else page
        assert target.exists(), link[0]
        assert target.resolve().is_relative_to(ROOT), link[0]
        assert not link["anchor"] or link["anchor"] in anchors(target), link[0]


def test_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [page.name for page in PAGES[1:] if f"(docs/{page.name})" not in readme]
    assert not missing
