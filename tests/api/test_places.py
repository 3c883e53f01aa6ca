"""Where in a cluster each request is answered."""

from __future__ import annotations

from waremind.daemon.api.handlers import HANDLERS
from waremind.daemon.api.places import here
from waremind.requests.upload import Upload


def test_who_has_to_act_on_what_is_written_hears_of_it_on_whatever_node_it_was_asked() -> None:
    kept = {kind for kind, method in HANDLERS.items() if method.place is here}
    assert {kind for kind in kept if kind.access == "operate"} == {Upload}
