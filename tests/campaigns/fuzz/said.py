"""What WhatsApp says to one account: stanzas that are odd, bent, or none at all."""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache
from random import Random
from typing import Any

from campaigns.fuzz.bytes import bent
from campaigns.fuzz.stage import FRIEND, VICTIM, VICTIM_PHONE, Stage, refusable
from whatsapp_server.addresses import JID
from whatsapp_server.binary_xml import encode
from whatsapp_server.harness import PlayedWhatsAppError
from whatsapp_server.node import Node

from waremind.requests.account import AccountSync

STANZAS = 30
KINDS_OF_FRAMES = ("stanzas", "bent", "random", "packed", "unsealed")
WEIGHTS = (20, 6, 2, 0.5, 0.2)
USUAL = (6, 6, 4, 1, 2, 0.2)  # the last one ends the session
SERVER = JID("", "s.whatsapp.net")
# What whatsmeow reads, and the events that it makes of it.
TAGS = (
    "notification receipt message iq ack call presence chatstate ib failure success stream:error"
    " group participant add remove promote demote subject description announcement"
    " not_announcement locked unlocked create delete link unlink ephemeral not_ephemeral revoke"
    " membership_approval_mode enc skmsg participants count device identity list item error"
    " conflict offline dirty edge_routing props picture set user contact usync query result"
    " pair-device pair-success ref key-index-list device-list encrypt account_sync privacy"
    " link_code_companion_reg newsletter live_updates status media retry registration body"
)
NAMES = (
    "id type from to participant participant_pn recipient class t xmlns code reason expire error"
    " v_id prev_v_id s_t s_o subject creation addressing_mode jid lid phone_number edit category"
    " offline notify count registration message_id timestamp location hash name retry action key"
)
KINDS = (
    "w:gp2 encrypt account_sync devices server_sync picture mediaretry privacy_token newsletter"
    " status business mex link_code_companion_reg read delivered sender read-self retry played"
    " inactive peer_msg hist_sync result error get set new invite add text media 1 2 msg pkmsg"
    " skmsg available unavailable composing replaced device_removed lid pn superadmin admin"
)
NUMBERS = ("0", "-1", "1", "401", "402", "403", "405", "406", "463", "500", "503", "515")
BIG = ("9" * 19, "9" * 40, "1e9", "9223372036854775807", "-62135596801", "253402300800", "NaN")


def round_(stage: Stage, chance: Random) -> Counter[str]:
    """Have WhatsApp say odd things to the victim, then bring it back."""
    session, counts = stage.victim.session, Counter[str]()
    for _ in range(STANZAS):
        what, plain, sealed = _frame(stage, chance)
        try:
            stage.whatsapp.say(VICTIM_PHONE, plain, sealed=sealed)
        except PlayedWhatsAppError:  # it is gone: that was too much
            break
        counts[f"frames: {what}"] += 1
        if not sealed:  # nothing can be understood after it
            break
    else:
        sync = refusable(lambda: stage.daemon.call(AccountSync(account=VICTIM)))
        counts[f"syncs after them: {sync}"] += 1
    account = stage.victim
    lasted = (account.status, account.session) == ("connected", session)
    stage.recover()
    counts["sessions that lasted" if lasted else "sessions that ended"] += 1
    return counts


def _frame(stage: Stage, chance: Random) -> tuple[str, bytes, bool]:
    [kind] = chance.choices(KINDS_OF_FRAMES, WEIGHTS)
    sound = encode(_stanza(stage, chance))
    match kind:
        case "stanzas":
            return kind, sound, True
        case "bent":
            return kind, sound[:1] + bent(chance, sound[1:]), True
        case "random":
            return kind, chance.choice([b"\0", b"\2", b""]) + chance.randbytes(99), True
        case "packed":
            return kind, chance.choice([_packed(sound[1:]), *_bombs()]), True
        case _:
            return kind, chance.randbytes(chance.randrange(1, 200)), False


@cache
def _bombs() -> tuple[bytes, ...]:
    """Make small frames that are large when unpacked, one of them nested as deep as that."""
    nested = b"\xf8\x02\x05\xf8\x01"  # a list of a tag, and of a list of one more
    return _packed(bytes(32 << 20)), _packed(nested * 100_000), _packed(nested * 2_000_000)


def _packed(body: bytes) -> bytes:
    return b"\2" + zlib.compress(body, 1)


def _stanza(stage: Stage, chance: Random) -> Node:
    """Make something that WhatsApp could say, if it were out of its mind."""
    if chance.random() < 0.5:
        return _node(stage, chance, 0)
    group = JID.parse(stage.victim_group)
    about: dict[str, Any] = {"from": group, "id": f"fuzz-{chance.randrange(1 << 30)}", "t": "1"}
    about |= _attributes(stage, chance, chance.randrange(3))
    inner = [_node(stage, chance, 2) for _ in range(chance.randrange(3))]
    [kind] = chance.choices(["w:gp2", "receipt", "message", "ib", "iq", "stream:error"], USUAL)
    if kind == "w:gp2":
        return Node("notification", {"type": "w:gp2", **about}, inner)
    if kind == "receipt":
        reader = JID.parse(f"{FRIEND}@s.whatsapp.net")
        return Node("receipt", {"participant": reader, **about}, inner or None)
    return Node(kind, about, inner or chance.randbytes(30))


def _node(stage: Stage, chance: Random, depth: int) -> Node:
    content: Any = chance.choice([None, None, "1", chance.randbytes(chance.randrange(300))])
    if depth < 4 and chance.random() < 0.5:
        many = 3 if depth else 20
        content = [_node(stage, chance, depth + 1) for _ in range(chance.choice([0, 1, 1, many]))]
    return Node(
        chance.choice(TAGS.split()), _attributes(stage, chance, chance.randrange(5)), content
    )


def _attributes(stage: Stage, chance: Random, number: int) -> dict[str, Any]:
    addresses = [
        SERVER,
        JID.parse(stage.victim_group),
        JID(VICTIM_PHONE, "s.whatsapp.net"),
        JID(VICTIM_PHONE, "s.whatsapp.net", 99),
        JID("1", "lid", 3),
        JID("x" * 300, "g.us"),
        JID("status", "broadcast"),
    ]
    values = [*addresses, *KINDS.split(), *NUMBERS, *BIG, "a\0b", "\x1b[2J", "x" * 3000, "é" * 99]
    return {chance.choice(NAMES.split()): chance.choice(values) for _ in range(number)}
