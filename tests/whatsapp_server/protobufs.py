"""neonize's generated protobuf modules, without its 19 MB Go library.

Importing `neonize` loads the library, so a bare package stands in for it while its generated
modules are imported, and is taken away again: a later `import neonize` finds the real one.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType


def _bare_neonize() -> ModuleType:
    spec = find_spec("neonize")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("cannot find neonize: install the development environment")
    package = ModuleType("neonize")
    package.__path__ = list(spec.submodule_search_locations)
    return package


_loaded = "neonize" in sys.modules
if not _loaded:
    sys.modules["neonize"] = _bare_neonize()
try:
    from neonize.proto.waAdv import WAAdv_pb2 as adv
    from neonize.proto.waCert import WACert_pb2 as cert
    from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e
    from neonize.proto.waServerSync import WAWebProtobufsServerSync_pb2 as server_sync
    from neonize.proto.waSyncAction import WAWebProtobufSyncAction_pb2 as sync_action
    from neonize.proto.waWa6 import WAWebProtobufsWa6_pb2 as wa6
finally:
    if not _loaded:
        del sys.modules["neonize"]

__all__ = ["adv", "cert", "e2e", "server_sync", "sync_action", "wa6"]
