"""Commands that wait for something to happen, so that no test has to poll."""

from __future__ import annotations

from whatsapp_server.records import Message
from whatsapp_server.world import World


async def wait_online(world: World, *, phone: str, seconds: float) -> str:
    def device() -> str | None:
        connected = world.user(phone).connections
        return str(connected[0].jid) if connected else None

    return await world.until(device, seconds, f"{phone} to be online")


async def wait_offline(world: World, *, phone: str, seconds: float) -> None:
    await world.until(lambda: not world.user(phone).connections, seconds, f"{phone} to be offline")


async def wait_unlinked(world: World, *, phone: str, seconds: float) -> None:
    await world.until(
        lambda: not world.user(phone).linked, seconds, f"{phone} to have no linked device"
    )


async def wait_messages(
    world: World, *, count: int, to: str | None, seconds: float
) -> list[Message]:
    def enough() -> list[Message] | None:
        arrived = [one for one in world.messages.values() if to is None or one.to in names]
        return arrived if len(arrived) >= count else None

    names = world.names_of(to) if to is not None else set()
    return await world.until(enough, seconds, f"{count} messages to {to or 'anybody'}")


async def wait_counted(world: World, *, kind: str, count: int, seconds: float) -> int:
    return await world.until(
        lambda: world.counts[kind] if world.counts[kind] >= count else None,
        seconds,
        f"{count} of {kind}",
    )


async def wait_pairings(world: World, *, count: int, seconds: float) -> None:
    await world.until(
        lambda: world.state().pairing == count, seconds, f"{count} connections to be pairing"
    )


WAITS = (wait_online, wait_offline, wait_unlinked, wait_messages, wait_counted, wait_pairings)
