"""A pytest plugin: a coroutine test that hangs ends inside of its event loop.

pytest-timeout leaves it where it waits, and with it the loop that all tests of a session share:
each test after it would fail as well.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Generator

import pytest

PART = 0.8  # of the time that pytest-timeout gives a test with its fixtures


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Give a coroutine test its bound."""
    test = pyfuncitem.obj
    if inspect.iscoroutinefunction(test):
        marker = pyfuncitem.get_closest_marker("timeout")
        whole = marker.args[0] if marker else pyfuncitem.config.getoption("timeout")
        seconds = float(whole or pyfuncitem.config.getini("timeout")) * PART

        @functools.wraps(test)
        async def bounded(**fixtures: object) -> None:
            async with asyncio.timeout(seconds):
                await test(**fixtures)

        pyfuncitem.obj = bounded
    return (yield)
