"""All who ask at once share one answer, which nobody is given from before they asked."""

from __future__ import annotations

import asyncio
from typing import Any

from waremind.daemon.api.sharing import Shared

ANY: Any = None


class Work:
    """An answer that takes as long as a test wants: how many were begun before it."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def answer(self, *_: object) -> int:
        self.begun += 1
        mine = self.begun
        self.has_begun.set()
        await self.go_on.wait()
        return mine


def ask(shared: Shared) -> asyncio.Task[int]:
    return asyncio.create_task(shared(ANY, ANY, ANY))


async def test_all_who_ask_while_one_is_computed_share_the_next() -> None:
    work = Work()
    shared = Shared(work.answer)
    first = ask(shared)
    await work.has_begun.wait()
    others = [ask(shared) for _ in range(64)]
    await asyncio.sleep(0)
    work.go_on.set()
    assert await first == 1
    assert await asyncio.gather(*others) == [2] * 64
    assert work.begun == 2


async def test_who_gives_up_leaves_the_others_their_answer() -> None:
    work = Work()
    shared = Shared(work.answer)
    one, other = ask(shared), ask(shared)
    await work.has_begun.wait()
    one.cancel()
    work.go_on.set()
    assert await other == 1


async def test_a_failure_is_told_to_all_and_the_next_is_tried_again() -> None:
    async def fail(*_: object) -> None:
        raise OSError

    shared = Shared(fail)
    told = await asyncio.gather(ask(shared), ask(shared), return_exceptions=True)
    assert [type(each) for each in told] == [OSError, OSError]
    told = await asyncio.gather(ask(shared), return_exceptions=True)
    assert isinstance(told[0], OSError)
