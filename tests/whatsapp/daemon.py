"""A daemon to be killed: opens two sessions, prints their pids as JSON, then waits.

Arguments: a directory for the keys. Its sessions dial whatever the environment's neonize does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from whatsapp.ear import Ear

from waremind.whatsapp.gateway import Opening, Pairing
from waremind.whatsapp.process_gateway import ProcessGateway


async def main(directory: Path) -> None:
    gateway = ProcessGateway()
    pids: list[int] = []
    for account in ("acc_1", "acc_2"):
        ear = Ear()
        session = await gateway.open(Opening(account, 1, directory / account, Pairing()), ear)
        await ear.code()
        assert session._child is not None
        pids.append(session._child.process.pid)
    server = gateway._fork_client._server
    assert server is not None
    sys.stdout.write(json.dumps([server.process.pid, *pids]) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
