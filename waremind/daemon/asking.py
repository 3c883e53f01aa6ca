"""One request being answered: who asks, and how to send them the events of a stream."""

from collections.abc import Callable
from dataclasses import dataclass

from waremind.objects import Operator


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, by the kernel's word; `emit` sends one event of the request's stream."""

    operator: Operator
    emit: Callable[[object], None]
