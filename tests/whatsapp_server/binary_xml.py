"""WhatsApp's binary XML: stanzas to bytes and back, by a dictionary of tokens."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from pyaileys.wabinary.constants import DOUBLE_BYTE_TOKENS, SINGLE_BYTE_TOKENS

from whatsapp_server.addresses import JID, LID, PHONE_NUMBER
from whatsapp_server.node import Attribute, Content, Node

_EMPTY, _DICTIONARY, _DEVICE, _LIST8, _LIST16 = 0, 236, 247, 248, 249
_PAIR, _HEX, _BYTES8, _BYTES20, _BYTES32, _NIBBLES = 250, 251, 252, 253, 254, 255
_COMPRESSED = 2
_PACKED_MAX = 127

_SINGLE = {token: index for index, token in enumerate(SINGLE_BYTE_TOKENS) if token}
_DOUBLE = {
    token: (page, index)
    for page, tokens in enumerate(DOUBLE_BYTE_TOKENS)
    for index, token in enumerate(tokens)
}
_DOMAINS = {PHONE_NUMBER: 0, LID: 1, "hosted": 128, "hosted.lid": 129}
_SERVERS = {number: server for server, number in _DOMAINS.items()}

_NIBBLE_CHARS = "0123456789-."
_HEX_CHARS = "0123456789ABCDEF"
_PADDING = 15


class BinaryXMLError(Exception):
    """Bytes that are no stanza."""


def encode(node: Node) -> bytes:
    """Write a stanza, uncompressed."""
    out = bytearray(b"\0")
    _write_node(out, node)
    return bytes(out)


def decode(frame: bytes) -> Node:
    """Read a stanza, compressed or not."""
    body = zlib.decompress(frame[1:]) if frame[0] & _COMPRESSED else frame[1:]
    return _Reader(body).node()


def _write_node(out: bytearray, node: Node) -> None:
    attrs = {key: value for key, value in node.attrs.items() if value not in (None, "")}
    _write_list_size(out, 1 + 2 * len(attrs) + (node.content is not None))
    _write_text(out, node.tag)
    for key, value in attrs.items():
        _write_text(out, key)
        _write_attribute(out, value)
    _write_content(out, node.content)


def _write_content(out: bytearray, content: Content) -> None:
    if isinstance(content, list):
        _write_list_size(out, len(content))
        for child in content:
            _write_node(out, child)
    elif isinstance(content, str):
        _write_text(out, content)
    elif content is not None:
        _write_bytes(out, content)


def _write_attribute(out: bytearray, value: Attribute) -> None:
    if isinstance(value, JID):
        _write_jid(out, value)
    elif isinstance(value, bool):
        _write_text(out, "true" if value else "false")
    else:
        _write_text(out, str(value))


def _write_jid(out: bytearray, jid: JID) -> None:
    if jid.server in _DOMAINS and jid.device:
        out += bytes((_DEVICE, _DOMAINS[jid.server], jid.device))
        _write_text(out, jid.user)
        return
    out.append(_PAIR)
    if jid.user:
        _write_text(out, jid.user)
    else:
        out.append(_EMPTY)
    _write_text(out, jid.server)


def _write_text(out: bytearray, text: str) -> None:
    if text in _SINGLE:
        out.append(_SINGLE[text])
    elif text in _DOUBLE:
        page, index = _DOUBLE[text]
        out += bytes((_DICTIONARY + page, index))
    elif _packs(text, _NIBBLE_CHARS):
        _write_packed(out, text, _NIBBLES, _NIBBLE_CHARS)
    elif _packs(text, _HEX_CHARS):
        _write_packed(out, text, _HEX, _HEX_CHARS)
    else:
        _write_bytes(out, text.encode())


def _packs(text: str, chars: str) -> bool:
    return 0 < len(text) <= _PACKED_MAX and all(char in chars for char in text)


def _write_packed(out: bytearray, text: str, tag: int, chars: str) -> None:
    odd = len(text) % 2
    values = [chars.index(char) for char in text] + [_PADDING] * odd
    out += bytes((tag, len(values) // 2 | odd << 7))
    out += bytes(high << 4 | low for high, low in zip(values[::2], values[1::2], strict=True))


def _write_bytes(out: bytearray, raw: bytes) -> None:
    size = len(raw)
    if size < 1 << 8:
        out += bytes((_BYTES8, size))
    elif size < 1 << 20:
        out += bytes((_BYTES20,)) + size.to_bytes(3, "big")
    else:
        out += bytes((_BYTES32,)) + size.to_bytes(4, "big")
    out += raw


def _write_list_size(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_EMPTY)
    elif size < 1 << 8:
        out += bytes((_LIST8, size))
    else:
        out += bytes((_LIST16,)) + size.to_bytes(2, "big")


class _Reader:
    """A cursor over the bytes of one stanza."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def node(self) -> Node:
        size = self._list_size(self._number(1))
        if size == 0:
            raise BinaryXMLError("an empty list where a stanza should be")
        tag = self._text()
        attrs = {self._text(): self._attribute() for _ in range((size - 1) // 2)}
        return Node(tag, attrs, self._content() if size % 2 == 0 else None)

    def _take(self, size: int) -> bytes:
        taken = self.raw[self.at : self.at + size]
        if len(taken) < size:
            raise BinaryXMLError("the stanza ends too early")
        self.at += size
        return taken

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _list_size(self, tag: int) -> int:
        sizes = {_EMPTY: 0, _LIST8: 1, _LIST16: 2}
        if tag not in sizes:
            raise BinaryXMLError(f"token {tag} is no list")
        return self._number(sizes[tag])

    def _content(self) -> Content:
        tag = self._number(1)
        if tag in (_LIST8, _LIST16, _EMPTY):
            return [self.node() for _ in range(self._list_size(tag))]
        if tag in _BYTES_SIZES:
            return self._take(self._number(_BYTES_SIZES[tag]))
        return self._token(tag)

    def _attribute(self) -> str | JID:
        tag = self._number(1)
        reader = _JID_READERS.get(tag)
        return reader(self) if reader else self._token(tag)

    def _text(self) -> str:
        return self._token(self._number(1))

    def _token(self, tag: int) -> str:
        if tag == _EMPTY:
            return ""
        if tag in _BYTES_SIZES:
            return self._take(self._number(_BYTES_SIZES[tag])).decode(errors="replace")
        if tag in _PACKED_CHARS:
            return self._packed(_PACKED_CHARS[tag])
        if _DICTIONARY <= tag < _DICTIONARY + len(DOUBLE_BYTE_TOKENS):
            return DOUBLE_BYTE_TOKENS[tag - _DICTIONARY][self._number(1)]
        if tag < len(SINGLE_BYTE_TOKENS):
            return SINGLE_BYTE_TOKENS[tag]
        raise BinaryXMLError(f"token {tag} is no text")

    def _packed(self, chars: str) -> str:
        size = self._number(1)
        halves = [half for byte in self._take(size & 127) for half in (byte >> 4, byte & 15)]
        return "".join(chars[half] for half in halves[: len(halves) - (size >> 7)])

    def _pair(self) -> JID:
        user = self._text()
        return JID(user, self._text())

    def _device(self) -> JID:
        server, device = _SERVERS[self._number(1)], self._number(1)
        return JID(self._text(), server, device)


_BYTES_SIZES = {_BYTES8: 1, _BYTES20: 3, _BYTES32: 4}
_PACKED_CHARS = {_NIBBLES: _NIBBLE_CHARS, _HEX: _HEX_CHARS}
_JID_READERS: dict[int, Callable[[_Reader], JID]] = {_PAIR: _Reader._pair, _DEVICE: _Reader._device}
