"""The engine in two halves: its Python before the fork, its Go library and its threads after it.

neonize loads its library and starts a thread as it is imported, and a process that has done
either cannot be forked. But what is imported before the fork is shared by all children, and
takes 13 MB of each that imports it by itself.
"""

import ctypes
import io
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

_libraries: list["DeferredLibrary"] = []
_threads: list[threading.Thread] = []


def import_engine() -> Any:
    """Import `waremind.whatsapp.engine` without the library; this process can still be forked."""
    with _deferring():
        return import_module("waremind.whatsapp.engine")


def load_engine() -> Any:
    """Give the engine its library and its threads, and return it; `load_libmagic` comes before.

    Raises what an import may, OSError for a library that cannot be loaded, and RuntimeError for
    one that is of another version than its package.
    """
    engine = import_engine()
    for library in _libraries:
        library.load()
    while _threads:
        _threads.pop().start()
    return engine


class DeferredLibrary:
    """Stands for the shared library at `path` until `load`; its functions note their C types."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._real: ctypes.CDLL | None = None
        self._functions: dict[str, _Function] = {}

    def __getattr__(self, name: str) -> Any:
        if self._real is not None:
            return getattr(self._real, name)
        return self._functions.setdefault(name, _Function())

    def load(self) -> None:
        """Load the library, once; raises as `load_engine`."""
        if self._real is not None:
            return
        real = ctypes.CDLL(self._path)
        for name, noted in self._functions.items():
            with suppress(AttributeError):  # neonize names some that its library lacks
                function = getattr(real, name)
                for attribute, value in vars(noted).items():
                    setattr(function, attribute, value)
        version, expected = real.GetVersion(), _expected_version()
        if version != expected:
            raise RuntimeError(
                f"its library is {version.decode()}, but its package {expected.decode()}: "
                "restart the daemon after an upgrade"
            )
        self._real = real


class _Function:
    """A function of a deferred library: takes `argtypes`, `restype` and `errcheck`."""

    def __call__(self) -> bytes:
        """Answer as `GetVersion`, the only one that is called while neonize is imported."""
        return _expected_version()


def _expected_version() -> bytes:
    return import_module("neonize.download").__GONEONIZE_VERSION__.encode()


@contextmanager
def _deferring() -> Generator[None]:
    """Put off the library and the threads of what is imported in here; fetch and run nothing."""
    real_library = ctypes.CDLL

    def library(name: str | None, *arguments: Any, **options: Any) -> Any:
        if name is None or Path(name).parent.name != "neonize":
            return real_library(name, *arguments, **options)
        _libraries.append(DeferredLibrary(name))
        return _libraries[-1]

    def start(thread: threading.Thread) -> None:
        _threads.append(thread)

    stand_ins = (
        (ctypes, "CDLL", library),
        (threading.Thread, "start", start),
        (os, "popen", _uname),
        (import_module("requests"), "get", _refuse_download),
    )
    real = [getattr(owner, name) for owner, name, _ in stand_ins]
    for owner, name, stand_in in stand_ins:
        setattr(owner, name, stand_in)
    try:
        yield
    finally:
        for (owner, name, _), kept in zip(stand_ins, real, strict=True):
            setattr(owner, name, kept)


def _uname(_command: str) -> io.StringIO:
    """Stand in for `os.popen`: neonize would ask a shell for `uname -a`, and never reap it."""
    return io.StringIO(" ".join(os.uname()))


def _refuse_download(*_: object, **__: object) -> NoReturn:
    """Stand in for `requests.get`: neonize would fetch a missing library."""
    raise RuntimeError("its library is missing; install neonize again")
