"""The two gateways on which the conformance suite plays, and what it makes WhatsApp do on each."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Protocol

from fake_gateway import FakeGateway, FakeSession
from whatsapp.ear import Ear
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.fork_client import Child
from waremind.whatsapp.gateway import Gateway, Opening, Pairing, Session
from waremind.whatsapp.process_gateway import ProcessGateway
from waremind.whatsapp.reports import GroupSnapshot, Identity, Member, SendRefused
from waremind.whatsapp.session import ProcessSession

FRIEND = "628777000"
_phones = count(628_100_000_001)


class Stage(Protocol):
    """An account of a test's own on some gateway, and its phone."""

    gateway: Gateway
    phone: str
    group: str
    session: Session
    ear: Ear

    def opening(self, pairing: Pairing | None = None) -> Opening: ...

    async def open(self, pairing: Pairing | None = None) -> Ear: ...

    async def link(self) -> Ear: ...

    async def scan(self) -> None: ...

    async def unlink(self) -> None: ...

    async def cut(self) -> None: ...

    async def hold_sends(self) -> None: ...

    async def sends_held(self, number: int) -> None: ...

    async def refuse_sends(self, code: int) -> None: ...

    async def is_linked(self) -> bool: ...


class _Stage:
    """What both have: the openings of one account, and a session linked and connected."""

    gateway: Gateway
    session: Session

    def __init__(self, directory: Path) -> None:
        self.phone = str(next(_phones))
        self.ear = Ear()
        self._numbers = count(1)
        self.directory = directory / self.phone

    def opening(self, pairing: Pairing | None = None) -> Opening:
        account = f"acc_{self.phone}"
        return Opening(account, next(self._numbers), self.directory, pairing)

    async def open(self, pairing: Pairing | None = None) -> Ear:
        """Open the account's next session, with an ear of its own."""
        self.ear = Ear()
        self.session = await self.gateway.open(self.opening(pairing), self.ear)
        return self.ear

    async def scan(self) -> None:
        raise NotImplementedError

    async def link(self) -> Ear:
        """Pair and connect."""
        ear = await self.open(Pairing())
        await self.scan()
        await ear.turn(Cause.PAIRED)
        await ear.turn(Cause.CONNECTED)
        return ear


class RealStage(_Stage):
    """The process gateway, and a played WhatsApp."""

    def __init__(
        self, gateway: ProcessGateway, whatsapp: PlayedWhatsApp, directory: Path, name: str = ""
    ) -> None:
        super().__init__(directory)
        self.gateway: ProcessGateway = gateway
        self.whatsapp = whatsapp
        if name:  # which the phone shares with its devices
            whatsapp.user(self.phone, name)
        whatsapp.user(FRIEND)
        self.group = whatsapp.group(f"Ops {self.phone}", [self.phone, FRIEND], admins=[FRIEND])

    async def scan(self) -> None:
        code = await self.ear.code()
        await asyncio.to_thread(self.whatsapp.scan, code.code, self.phone)

    def neighbour(self, name: str = "") -> RealStage:
        """Make another account on the same gateway and WhatsApp, with a phone of that name."""
        return RealStage(self.gateway, self.whatsapp, self.directory.parent, name)

    @property
    def child(self) -> Child:
        """The process of the session that is open."""
        assert isinstance(self.session, ProcessSession)
        assert self.session._child is not None
        return self.session._child

    async def unlink(self) -> None:
        self.whatsapp.unlink(self.phone)

    async def cut(self) -> None:
        self.whatsapp.drop(self.phone)

    async def hold_sends(self) -> None:
        self.whatsapp.behave(self.phone, ack_messages=False)

    async def sends_held(self, number: int) -> None:
        await asyncio.to_thread(self.whatsapp.wait_messages, number, self.group)

    async def refuse_sends(self, code: int) -> None:
        self.whatsapp.behave(self.phone, ack_error=code)

    async def is_linked(self) -> bool:
        return any(each.startswith(f"{self.phone}:") for each in self.whatsapp.state().linked)


class FakeStage(_Stage):
    """The scripted gateway."""

    def __init__(self, gateway: FakeGateway, directory: Path) -> None:
        super().__init__(directory)
        self.gateway: FakeGateway = gateway
        self.group = f"120363{self.phone}@g.us"
        members = (Member("111@lid", f"+{self.phone}"), Member("222@lid", f"+{FRIEND}", admin=True))
        gateway.whatsapp.groups.append(
            GroupSnapshot(
                self.group,
                f"Ops {self.phone}",
                announce_only=False,
                admin=False,
                members=members,
            )
        )

    @property
    def fake(self) -> FakeSession:
        assert isinstance(self.session, FakeSession)
        return self.session

    async def scan(self) -> None:
        await self.ear.code()
        jid = f"{self.phone}@s.whatsapp.net"
        self.fake.scan(Identity(jid, f"+{self.phone}", lid="111@lid"))

    async def unlink(self) -> None:
        self.fake.turn(Cause.LOGGED_OUT)

    async def cut(self) -> None:
        device = self.gateway.whatsapp.devices[self.directory]
        self.fake.turn(Cause.DISCONNECTED)
        self.fake.turn(Cause.CONNECTED, identity=device)

    async def hold_sends(self) -> None:
        self.gateway.whatsapp.answer = lambda _: None

    async def sends_held(self, number: int) -> None:
        await self.fake.wait_held(number)

    async def refuse_sends(self, code: int) -> None:
        self.gateway.whatsapp.answer = lambda _: SendRefused(code, "refused")

    async def is_linked(self) -> bool:
        return self.directory in self.gateway.whatsapp.devices
