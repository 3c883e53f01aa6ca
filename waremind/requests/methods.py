"""All requests by their method, for who answers them; who asks knows its own one."""

from typing import Any

from waremind.requests import (
    account,
    calendar,
    daemon,
    events,
    group,
    ics,
    node,
    plan,
    reminder,
    run,
    upload,
)
from waremind.requests.core import Request, is_method

_MODULES = (account, group, reminder, plan, ics, calendar, run, upload, events, node, daemon)

REQUESTS: dict[str, type[Request[Any]]] = {
    kind.method: kind for module in _MODULES for kind in vars(module).values() if is_method(kind)
}
