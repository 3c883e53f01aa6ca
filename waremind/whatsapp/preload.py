"""All Python code that a child needs, imported once before the fork; the Go library is not."""

import ctypes.util
import gc
import logging
import sys
from contextlib import suppress
from importlib import import_module

from waremind.whatsapp.engine_loading import import_engine


def preload() -> None:
    """Import what the children need; what cannot be imported, they will report."""
    gc.disable()  # once at the end is enough: a tenth of the time
    quieten()
    load_libmagic()
    with suppress(Exception):
        import_engine()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, the shared pages
    gc.enable()


def quieten() -> None:
    """Set the loggers up before neonize does, which would have them say everything."""
    printed = logging.StreamHandler()
    printed.setLevel(logging.WARNING)  # what is below it is read by the engine's client alone
    logging.basicConfig(handlers=[printed], format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("neonize.utils.log").setLevel(logging.INFO)  # also the Go side's level
    logging.getLogger("neonize.utils.ffmpeg").setLevel(logging.ERROR)


def load_libmagic() -> None:
    """Load the system's libmagic, or the wheel's where the system has none; once."""
    if "magic" in sys.modules:
        return
    for name in ["magic"] if ctypes.util.find_library("magic") else ["pylibmagic", "magic"]:
        with suppress(Exception):  # what cannot be imported, the engine will report
            import_module(name)
