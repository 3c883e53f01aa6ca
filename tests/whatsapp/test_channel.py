"""The daemon's end of a child's socketpair: nothing that a child has said is lost with it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.channel import Channel, ChannelClosed
from waremind.whatsapp.child_protocol import Ping, encode_line, read_bool
from waremind.whatsapp.reports import AnyReport, LifeReport

pytestmark = pytest.mark.anyio

BANNED = LifeReport(session=1, cause=Cause.BANNED, detail="for ever")


async def test_the_last_words_of_a_child_are_heard_by_who_just_asks_it_something() -> None:
    heard: list[AnyReport] = []
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(lambda: Channel(heard.append), sock=ours)
    theirs.sendall(encode_line(BANNED))
    theirs.close()
    with pytest.raises(ChannelClosed) as closed:
        await channel.ask(Ping(), read_bool, 5)
    assert closed.value.asked
    assert heard == [BANNED]
