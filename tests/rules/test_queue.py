"""Who waits for the rules' worker has it in turn, however many questions somebody else has."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from waremind.daemon.rules.queue import FairLock, asker

US, THEM = 1000, 1001


async def ask(lock: FairLock, uid: int, served: list[int], work: asyncio.Event) -> None:
    asker.set(uid)
    async with lock:
        served.append(uid)
        await work.wait()


async def test_one_question_waits_for_one_of_somebody_else_not_for_all() -> None:
    lock, served, work = FairLock(), list[int](), asyncio.Event()
    asking = [asyncio.create_task(ask(lock, US, served, work)) for _ in range(100)]
    await asyncio.sleep(0)
    asking.append(asyncio.create_task(ask(lock, THEM, served, work)))
    await asyncio.sleep(0)
    work.set()
    await asyncio.gather(*asking)
    assert THEM in served[:3]
    assert len(served) == 101


async def test_who_gives_up_waiting_keeps_nobody_waiting() -> None:
    lock, served, work = FairLock(), list[int](), asyncio.Event()
    first, second, third = (asyncio.create_task(ask(lock, US, served, work)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    work.set()
    await asyncio.gather(first, third)
    assert served == [US, US]


async def test_who_is_cancelled_when_it_is_served_gives_the_lock_on() -> None:
    lock, served, work = FairLock(), list[int](), asyncio.Event()
    await lock.__aenter__()
    waiting = asyncio.create_task(ask(lock, US, served, work))
    await asyncio.sleep(0)
    await lock.__aexit__()
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    work.set()
    await ask(lock, THEM, served, work)
    assert served == [THEM]
