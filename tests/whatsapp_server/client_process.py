"""The real neonize in a process of its own: one client, requests and events as JSON lines.

Run by `client.Client`; it is what the tests of this package play WhatsApp to.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from whatsapp_server.client_requests import Requests

_EVENT_NAMES = (
    "PairStatusEv",
    "ConnectedEv",
    "DisconnectedEv",
    "LoggedOutEv",
    "StreamReplacedEv",
    "TemporaryBanEv",
    "ConnectFailureEv",
    "ClientOutdatedEv",
    "StreamErrorEv",
    "KeepAliveTimeoutEv",
    "ReceiptEv",
    "JoinedGroupEv",
    "GroupInfoEv",
)


class Lines:
    """Writes JSON lines to what was standard output; the Go library prints there, too."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", buffering=1)
        self._lock = threading.Lock()
        os.dup2(2, 1)

    def write(self, **line: object) -> None:
        with self._lock:
            self._out.write(json.dumps(line) + "\n")


def _make_client(lines: Lines, store: str) -> Any:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - after dup2
    from neonize import events  # noqa: PLC0415
    from neonize.client import ClientFactory, NewClient  # noqa: PLC0415

    class Client(NewClient):
        def _NewClient__onLoginStatus(self, _uuid: int, status: int) -> None:  # noqa: N802
            lines.write(event="login_status", status=ctypes.string_at(status).decode())

    def reporter(name: str) -> Callable[[Any, Any], None]:
        return lambda _client, event: lines.write(event=name, fields=MessageToDict(event))

    devices = ClientFactory.get_all_devices_from_db(store)
    jid = devices[0].JID if devices else None
    client = Client(store, uuid="played", jid=jid, new_device=jid is None)
    for name in _EVENT_NAMES:
        client.event(getattr(events, name))(reporter(name.removesuffix("Ev")))
    client.qr(lambda _client, payload: lines.write(event="qr", payload=payload.decode()))
    return client


def _connect(client: Any, lines: Lines) -> None:
    try:
        client.connect()
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shall read it
        lines.write(event="connect_raised", error=str(error))
    else:
        lines.write(event="connect_returned")


def _answer(requests: Requests, lines: Lines, line: str) -> None:
    request = json.loads(line)
    try:
        result = getattr(requests, request["call"])(**request["arguments"])
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shall read it
        lines.write(answer=request["id"], error=f"{type(error).__name__}: {error}")
    else:
        lines.write(answer=request["id"], result=result)


def main(store: str) -> None:
    lines = Lines()
    client = _make_client(lines, store)
    threading.Thread(target=_connect, args=(client, lines), daemon=True).start()
    requests = Requests(client)
    for line in sys.stdin:
        threading.Thread(target=_answer, args=(requests, lines, line), daemon=True).start()
    # Go's threads would keep an orderly exit waiting.
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
