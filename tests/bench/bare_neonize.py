"""Neonize with nothing around it: pairs by a QR, then sends messages one after the other.

A process of its own: `python -m bench.bare_neonize STORE`. It reads how many messages to send and
to which group, a line each time, and answers in JSON lines with the seconds that they took.
"""

from __future__ import annotations

import sys
import threading
import time

from whatsapp_server.client_process import Lines


def main(store: str) -> None:
    lines = Lines()
    from neonize.client import NewClient  # noqa: PLC0415 - it prints where Lines wrote before
    from neonize.events import ConnectedEv  # noqa: PLC0415
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: PLC0415
    from neonize.utils.jid import build_jid  # noqa: PLC0415

    client = NewClient(store, uuid="bare", new_device=True)
    connected = threading.Event()
    client.qr(lambda _client, payload: lines.write(qr=payload.decode()))
    client.event(ConnectedEv)(lambda _client, _event: connected.set())
    threading.Thread(target=client.connect, daemon=True).start()
    connected.wait()
    for line in sys.stdin:
        number, group = line.split()
        to = build_jid(*group.split("@"))
        begun = time.perf_counter()
        for each in range(int(number)):
            client.send_message(to, Message(conversation=f"message {each}"))
        lines.write(seconds=time.perf_counter() - begun)


if __name__ == "__main__":
    main(sys.argv[1])
