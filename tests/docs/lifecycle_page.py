"""The page docs/lifecycle.md, drawn from the life cycle's table: `make docs` writes it."""

from collections.abc import Iterable, Iterator

from waremind.domain.lifecycle import (
    ACTIONS,
    COMMANDS,
    MEANINGS,
    REPORTS,
    SIGNALS,
    STATES,
    TABLE,
    Cause,
    Effect,
    State,
    Status,
    actions,
)
from waremind.domain.standing import STANDINGS

STATUSES: tuple[Status, ...] = ("unpaired", "pending", "connected", "disconnected", "banned")

HEAD = """\
# An account's life

Generated from `waremind/domain/lifecycle.py` by `make docs`; a test fails when it is stale.

Operators see five statuses, each with a reason. Inside, a status has finer states, and one table
says where a cause leads from a state and what has to be done then. A cause that has no entry is a
conflict when it is a command, and changes nothing when it is a report or a signal.
Deleting is possible in every state and is left out of the diagram.
"""

_CAUSES = (
    ("Commands of an operator", COMMANDS),
    ("Reports of a session", REPORTS),
    ("Signals of the daemon", SIGNALS),
)


def page() -> str:
    """Draw the whole page in Markdown."""
    parts = (HEAD, *_diagram(), *_states(), *_actions(), *_transitions())
    return "\n".join(parts) + "\n"


def _diagram() -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> unpaired: add")
    for before in STATUSES:
        for after in STATUSES:
            if causes := _between(before, after):
                yield f"    {before} --> {after}: {', '.join(causes)}"
    yield "```"


def _between(before: Status, after: Status) -> list[str]:
    """List the causes that lead from one status to another."""
    leading = {
        cause
        for (state, cause), to in TABLE.items()
        if MEANINGS[state].status == before and MEANINGS[to.state].status == after != before
    }
    return [cause for cause in Cause if cause in leading - {Cause.DELETE}]


def _states() -> Iterator[str]:
    yield from ("", "## States", "", "| state | status | reason | keys | session | in words |")
    yield "|---|---|---|---|---|---|"
    for state in _in_order(STATES):
        status, reason, device, live = MEANINGS[state]
        cells = (state, status, reason, _mark(device), _mark(live), STANDINGS[state].sentence)
        yield _row(cells)


def _actions() -> Iterator[str]:
    yield from ("", "## What an operator may do", "", _row(("status", *ACTIONS)))
    yield "|---" * (len(ACTIONS) + 1) + "|"
    for status in STATUSES:
        [offered] = {tuple(actions(s)) for s in STATES if MEANINGS[s].status == status}
        yield _row((status, *(_mark(action in offered) for action in ACTIONS)))


def _transitions() -> Iterator[str]:
    for title, causes in _CAUSES:
        yield from ("", f"## {title}", "", "| cause | in | leads to | then |", "|---|---|---|---|")
        for cause in (cause for cause in Cause if cause in causes):
            for (to, effects), states in _grouped(cause).items():
                yield _row((cause, _named(states), to, ", ".join(effects)))


def _grouped(cause: Cause) -> dict[tuple[str, tuple[Effect, ...]], list[State]]:
    """Collect the states from which a cause does the same."""
    grouped: dict[tuple[str, tuple[Effect, ...]], list[State]] = {}
    for state in _in_order(STATES):
        if to := TABLE.get((state, cause)):
            where = "stays" if to.state == state else str(to.state)
            grouped.setdefault((where, to.effects), []).append(state)
    return grouped


def _named(states: list[State]) -> str:
    """Name many states in few words."""
    if len(states) == len(STATES):
        return "every state"
    names: dict[str, None] = {}  # a set that keeps its order
    for state in states:
        status = MEANINGS[state].status
        same = {s for s in STATES if MEANINGS[s].status == status}
        names[f"every *{status}*" if len(same) > 1 and same <= set(states) else state] = None
    return ", ".join(names)


def _in_order(states: Iterable[State]) -> list[State]:
    return [state for state in State if state in states]


def _mark(true: object) -> str:
    return "yes" if true else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
