"""Every command in README and docs/ does what the page says, typed as it stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from docs.pages import COMMANDS, PAGES, Block, blocks_of

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TYPED = [page for page in PAGES if any(block.is_command for block in blocks_of(page))]
OTHERS = {"mermaid", "toml", "json", "yaml", "sql", "text"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.name)
def test_everything_on_the_page_can_be_typed_as_it_stands(
    page: Path, read: Callable[[Path], None]
) -> None:
    read(page)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.word == "skip"], ids=str)
def test_a_block_that_does_not_run_here_says_why(block: Block) -> None:
    assert block.detail
    pytest.skip(f"{block.detail}: {block.body.splitlines()[0]}")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.language in {*COMMANDS, *OTHERS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_escapes_the_test(page: Path) -> None:
    fences = [line for line in page.read_text().splitlines() if line.lstrip().startswith("```")]
    assert len(fences) == 2 * len(list(blocks_of(page)))
