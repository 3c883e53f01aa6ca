"""All Python code that a child needs, imported once before the fork; the Go library is not."""

import ctypes.util
import gc
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

LIBRARIES = (
    "google.protobuf.descriptor_pb2",
    "google.protobuf.internal.builder",
    "httpx",
    "linkpreview",
    "phonenumbers",
    "PIL.Image",
    "PIL.ImageSequence",
    "requests",
    "segno",
    "tqdm",
)

# Parts of neonize that hold no Go: a sixth of a child's memory.
DESCRIPTIONS = (
    "neonize.proto.Neonize_pb2",
    "neonize.proto.waConsumerApplication.WAConsumerApplication_pb2",
    "neonize.proto.waMsgApplication.WAMsgApplication_pb2",
)


def preload() -> None:
    """Import what the children need; what cannot be imported, they will report."""
    load_libmagic()
    import_all(LIBRARIES)
    import_descriptions()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, the shared pages


def load_libmagic() -> None:
    """Load the system's libmagic, or the wheel's where the system has none; once."""
    if "magic" in sys.modules:
        return
    if ctypes.util.find_library("magic") is None:
        import_all(["pylibmagic"])
    import_all(["magic"])


def import_descriptions() -> None:
    """Import neonize's message types under a stand-in, as its `__init__` would load the library."""
    if spec := find_spec("neonize"):
        stand_in = ModuleType("neonize")
        stand_in.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["neonize"] = stand_in
        import_all(DESCRIPTIONS)
        del sys.modules["neonize"]


def import_all(names: tuple[str, ...] | list[str]) -> None:
    """Import modules, leaving out those that cannot be."""
    for name in names:
        with suppress(Exception):
            import_module(name)
