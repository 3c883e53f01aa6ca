"""Keys that come to two nodes at one moment become one account's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster.node import Node
from command import Ended, run
from daemon_process import until
from whatsapp_server.foreign import leave_store
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountMove

PHONE = "628110000003"


def test_of_two_that_import_one_device_at_once_on_two_nodes_one_gets_it(
    nodes: tuple[Node, Node], played_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    store = leave_store(played_whatsapp, tmp_path, PHONE)
    store.chmod(0o600)
    for node in nodes:
        node.add(node.name)
        node.call(AccountMove(account=node.name, node=node.name))
        until(lambda node=node: node.has(node.name), "each node to have an account")

    def imported(node: Node) -> Ended:
        arguments = ["account", "import", node.name, "--store", str(store), "--json"]
        return run(*arguments, environment=node.environment)

    with ThreadPoolExecutor() as both:
        first, second = both.map(imported, nodes)
    (used, user), (refused, other) = sorted(
        [(first, nodes[0]), (second, nodes[1])], key=lambda each: each[0].code
    )
    assert (used.code, refused.code) == (0, 7)
    assert f"a copy of the keys that account '{user.name}' uses" in refused.error["message"]
    assert user.show(user.name).status == "connected"
    assert other.directories(other.show(other.name).id) == []
