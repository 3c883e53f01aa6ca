"""The pages that are drawn from the code: `make docs` (`python -m docs.drawn`) writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cli import scenes

from docs import events_page, first_screen, lifecycle_page, protocol_page

DOCS = Path(__file__).parents[2] / "docs"
# Page → what it has to be, given what it is.
DRAWN: dict[str, Callable[[str], str]] = {
    "lifecycle.md": lambda _: lifecycle_page.page(),
    "events.md": events_page.renewed,
    "protocol.md": protocol_page.renewed,
    "../README.md": first_screen.renewed,
    "pair.svg": lambda _: first_screen.qr(),
    **{
        f"../tests/cli/captures/{name}.txt": lambda _, name=name: scenes.page(name)
        for name in scenes.SCENES
    },
}


def main() -> None:
    for name, drawn in DRAWN.items():
        path = DOCS / name
        path.write_text(drawn(path.read_text() if path.exists() else ""))


if __name__ == "__main__":
    main()
