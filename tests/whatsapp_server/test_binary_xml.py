"""Stanzas survive the way to bytes and back, whatever is in them."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_server.addresses import GROUP, JID, LID, PHONE_NUMBER
from whatsapp_server.binary_xml import BinaryXMLError, decode, encode
from whatsapp_server.node import Node, StanzaError

TEXTS = st.one_of(
    st.sampled_from(["message", "participants", "s.whatsapp.net", "w:g2"]),
    st.text("0123456789-.", min_size=1, max_size=140),
    st.text("0123456789ABCDEF", min_size=1, max_size=140),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
)
USERS = st.text("0123456789", min_size=1, max_size=20)
DEVICES = st.builds(JID, USERS, st.sampled_from([PHONE_NUMBER, LID]), st.integers(0, 255))
JIDS = st.one_of(DEVICES, st.builds(JID, USERS, st.just(GROUP)), st.just(JID()))
ATTRIBUTES = st.dictionaries(TEXTS, st.one_of(TEXTS, JIDS), max_size=4)
LEAVES = st.builds(Node, TEXTS, ATTRIBUTES, st.one_of(st.none(), st.binary(max_size=300)))
NODES = st.recursive(
    LEAVES, lambda nodes: st.builds(Node, TEXTS, ATTRIBUTES, st.lists(nodes, max_size=3))
)


@settings(deadline=None)
@given(NODES)
def test_a_stanza_is_read_as_it_was_written(node: Node) -> None:
    assert decode(encode(node)) == node


@pytest.mark.parametrize("size", [0, 255, 256, 65_536, 1 << 20])
def test_contents_of_any_size_survive(size: int) -> None:
    node = Node("enc", {}, bytes(size))
    assert decode(encode(node)) == node


def test_a_long_list_survives() -> None:
    node = Node("list", {}, [Node("user", {"jid": JID(str(number))}) for number in range(1024)])
    assert decode(encode(node)) == node


def test_a_compressed_stanza_is_read() -> None:
    node = Node("iq", {"id": "1"})
    assert decode(b"\2" + zlib.compress(encode(node)[1:])) == node


def test_empty_attributes_are_left_out() -> None:
    assert decode(encode(Node("ack", {"error": None, "type": "", "id": "1"}))).attrs == {"id": "1"}


@settings(deadline=None)
@given(NODES, st.data())
def test_a_stanza_cut_short_is_an_error(node: Node, data: st.DataObject) -> None:
    whole = encode(node)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(BinaryXMLError):
        decode(whole[:cut])


def test_a_missing_part_is_named() -> None:
    node = Node("iq", {"from": "nobody"})
    with pytest.raises(StanzaError, match="<iq> has no usync/list"):
        node.child("usync", "list")
    with pytest.raises(StanzaError, match="no address in 'from'"):
        node.jid("from")


def test_a_stanza_shows_itself_as_xml() -> None:
    inner = [Node("ref", {}, b"2@abc"), Node("key", {}, bytes(32))]
    shown = str(Node("iq", {"id": 1}, inner))
    assert shown == '<iq id="1"><ref>2@abc</ref><key>[32 bytes]</key></iq>'
