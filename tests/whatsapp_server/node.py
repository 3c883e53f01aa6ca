"""A stanza: WhatsApp's XML, as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from whatsapp_server.addresses import JID

Attribute: TypeAlias = str | int | bool | JID | None
Content: TypeAlias = "str | bytes | list[Node] | None"

_SHOWN_BYTES = 60


class StanzaError(Exception):
    """A stanza that lacks what its kind must have."""


@dataclass
class Node:
    """One element. Attributes that are None or empty are not written to the wire."""

    tag: str
    attrs: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    content: Content = None

    @property
    def children(self) -> list[Node]:
        return self.content if isinstance(self.content, list) else []

    @property
    def bytes(self) -> bytes:
        """The content as bytes; a token of the dictionary stands for its text."""
        if isinstance(self.content, list) or self.content is None:
            raise StanzaError(f"<{self.tag}> holds no bytes")
        return self.content.encode() if isinstance(self.content, str) else self.content

    def text(self, key: str, default: str = "") -> str:
        value = self.attrs.get(key)
        return default if value is None else str(value)

    def jid(self, key: str) -> JID:
        value = self.attrs.get(key)
        if not isinstance(value, JID):
            raise StanzaError(f"<{self.tag}> has no address in {key!r}: {value!r}")
        return value

    def find(self, *path: str) -> Node | None:
        """Walk down by tags; the first match at each step."""
        node: Node | None = self
        for tag in path:
            node = next((child for child in node.children if child.tag == tag), None)
            if node is None:
                return None
        return node

    def child(self, *path: str) -> Node:
        found = self.find(*path)
        if found is None:
            raise StanzaError(f"<{self.tag}> has no {'/'.join(path)}")
        return found

    def __str__(self) -> str:
        attrs = "".join(f' {key}="{value}"' for key, value in self.attrs.items())
        if self.content is None:
            return f"<{self.tag}{attrs}/>"
        return f"<{self.tag}{attrs}>{self._shown_content()}</{self.tag}>"

    def _shown_content(self) -> str:
        if isinstance(self.content, list):
            return "".join(map(str, self.content))
        raw = self.bytes
        if len(raw) < _SHOWN_BYTES and raw.isascii() and raw.decode().isprintable():
            return raw.decode()
        return f"[{len(raw)} bytes]"
