"""The table in docs/events.md, drawn from the list of types: `make docs` writes it."""

from docs.protocol_page import MARK

from waremind.domain.events import EVENTS


def renewed(page: str) -> str:
    """Give the page with its generated part as it has to be."""
    written, _, _ = page.partition(MARK)
    rows = [f"| `{type_}` | {told} | {data} |" for type_, (told, data) in EVENTS.items()]
    table = "\n".join(["| type | what happened | `data` |", "|---|---|---|", *rows])
    return f"{written}{MARK}\n## Types\n\n{table}\n"
