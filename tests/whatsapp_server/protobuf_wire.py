"""Reads and writes protobuf without a schema: libsignal's few messages need no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_VARINT, _BYTES = 0, 2


@dataclass
class Fields:
    """Field number → its last value."""

    values: dict[int, int | bytes] = field(default_factory=dict[int, int | bytes])

    def number(self, field_number: int) -> int:
        """Return an integer field; one left out is 0."""
        value = self.values.get(field_number, 0)
        if not isinstance(value, int):
            raise TypeError(f"field {field_number} is no number")
        return value

    def raw(self, field_number: int) -> bytes:
        value = self.values[field_number]
        if not isinstance(value, bytes):
            raise TypeError(f"field {field_number} is no bytes")
        return value

    def key(self, field_number: int) -> bytes:
        """Return a Curve25519 public key without the byte that names its type."""
        return self.raw(field_number)[1:]


def read_fields(message: bytes) -> Fields:
    """Read a message of varints and length-delimited fields."""
    fields, at = Fields(), 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if tag & 7 == _BYTES:
            fields.values[tag >> 3] = message[at : at + value]
            at += value
        elif tag & 7 == _VARINT:
            fields.values[tag >> 3] = value
        else:
            raise ValueError(f"wire type {tag & 7} is not played")
    return fields


def write_fields(values: Mapping[int, int | bytes]) -> bytes:
    """Write varints and length-delimited fields, by field number."""
    message = b""
    for number, value in values.items():
        kind = _VARINT if isinstance(value, int) else _BYTES
        message += _varint(number << 3 | kind)
        message += _varint(value) if isinstance(value, int) else _varint(len(value)) + value
    return message


def _varint(value: int) -> bytes:
    written = b""
    while value >= 1 << 7:
        written += bytes((value & 127 | 128,))
        value >>= 7
    return written + bytes((value,))


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 1 << 7:
            return value, at
