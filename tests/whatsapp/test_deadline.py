"""A session that may not send any more does not, and does not come back when it is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from whatsapp.conftest import importing
from whatsapp.stages import RealStage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.deadline import Deadline, boottime
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.process_gateway import ProcessGateway
from waremind.whatsapp.reports import NotSent, Sent

pytestmark = pytest.mark.anyio


async def test_a_session_is_mute_after_the_deadline_and_leaves_when_it_is_cut_off_then(
    shared_whatsapp: PlayedWhatsApp, modules: Path, tmp_path: Path
) -> None:
    deadline = Deadline()
    stage = RealStage(ProcessGateway(deadline=deadline), shared_whatsapp, tmp_path)
    with importing(modules):
        ear = await stage.link()
    first = await stage.session.send(Message(stage.group, "while it may"))
    assert isinstance(first, Sent)
    deadline.put(boottime() - 1)
    too_late = NotSent("its daemon is cut off from the database")
    assert await stage.session.send(Message(stage.group, "too late")) == too_late
    assert await stage.session.revoke(stage.group, first.message_id) == too_late
    assert Cause.DISCONNECTED not in ear.causes
    deadline.put(boottime() + 60)
    assert isinstance(await stage.session.send(Message(stage.group, "again")), Sent)
    texts = [one.text for one in shared_whatsapp.messages() if one.sender.startswith(stage.phone)]
    assert texts == ["while it may", "again"]
    deadline.end()
    await stage.cut()
    await ear.turn(Cause.DISCONNECTED)
    await ear.turn(Cause.CONNECT_FAILED)
    await ear.turn(Cause.ENDED)
    await stage.gateway.close()
