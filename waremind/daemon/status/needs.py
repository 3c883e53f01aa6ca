"""What needs a person, with the object it belongs to."""

import msgspec

from waremind.objects import Attention, StatusAttention


def need_of(kind: str, id_: str | None, name: str | None, need: Attention) -> StatusAttention:
    """Say whose need it is; an object without id and name is the daemon, or several."""
    return StatusAttention(kind=kind, id=id_, name=name, **msgspec.structs.asdict(need))
