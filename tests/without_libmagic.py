"""A machine without libmagic, played to each Python that starts with it on its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# What has come is a file beside it.
_CUSTOMIZED = """
import ctypes, ctypes.util, os, sys
from importlib.machinery import PathFinder

def has(what):
    return os.path.exists(os.path.join(os.path.dirname(__file__), what))

def find_library(name, find=ctypes.util.find_library):
    return find(name) if name != "magic" or has("system") else None

def load(self, name=None, *rest, load=ctypes.CDLL.__init__, **more):
    if name == "libmagic.so.1" and not has("system"):
        raise OSError(f"{name}: cannot open shared object file")
    load(self, name, *rest, **more)

class Packages(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        is_hidden = name == "pylibmagic" and not has("wheel")
        return None if is_hidden else super().find_spec(name, path, target)

ctypes.util.find_library = find_library
ctypes.CDLL.__init__ = load
sys.meta_path[sys.meta_path.index(PathFinder)] = Packages
"""


@dataclass
class WithoutLibmagic:
    """The machine; `directory` has to be the first on PYTHONPATH."""

    directory: Path

    def __post_init__(self) -> None:
        (self.directory / "sitecustomize.py").write_text(_CUSTOMIZED)

    def install(self, what: Literal["system", "wheel"]) -> None:
        """Let libmagic come, as the system's package or in the wheel pylibmagic."""
        (self.directory / what).touch()
