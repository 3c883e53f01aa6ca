"""Every request with its result type, once. The class is the method, its fields are the parameters.

Names given as ACCOUNT, GROUP, REMINDER are an id or a label or name; a GROUP also a JID.
"""

from typing import Any

from waremind.requests import (
    account,
    calendar,
    daemon,
    events,
    group,
    ics,
    plan,
    reminder,
    run,
    upload,
)
from waremind.requests.core import Request, is_method

__all__ = ["REQUESTS"]

_MODULES = (account, group, reminder, plan, ics, calendar, run, upload, events, daemon)

REQUESTS: dict[str, type[Request[Any]]] = {
    kind.method: kind for module in _MODULES for kind in vars(module).values() if is_method(kind)
}
