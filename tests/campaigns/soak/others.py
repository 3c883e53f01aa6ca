"""What other people do: members of its groups, who read and who change them."""

from __future__ import annotations

import random
import time

from campaigns.soak.town import MEMBERS, Resident

RECENT = 40  # messages of which receipts come


def read(one: Resident, chance: random.Random) -> None:
    """Let members get and read what it sent lately; some receipts fit nothing."""
    whatsapp = one.town.whatsapp
    recent = whatsapp.messages(max(0, whatsapp.state().messages - RECENT))
    mine = [each for each in recent if each.sender.startswith(one.phone) and not each.refused]
    for message in chance.sample(mine, min(4, len(mine))):
        for member in chance.sample(MEMBERS, 3):
            whatsapp.receipt(message, by=member, kind=chance.choice(("delivered", "read")))
            one.town.count("receipts")


def change_group(one: Resident, chance: random.Random) -> None:
    """Let an admin rename a group, take someone in, close it to members, open it."""
    group, admin, whatsapp = chance.choice(one.groups), MEMBERS[0], one.town.whatsapp
    whatsapp.rename_group(group, one.text(), admin)
    whatsapp.add_member(group, newcomer := f"62833{chance.randrange(10**7):07}", admin)
    whatsapp.remove_member(group, newcomer, admin)
    whatsapp.announce_only(group, admin)
    time.sleep(chance.uniform(0, 1))
    whatsapp.announce_only(group, admin, on=False)


def put_out(one: Resident, chance: random.Random) -> None:
    """Remove the account from a group, and take it in again."""
    group, admin = chance.choice(one.groups), MEMBERS[0]
    one.town.whatsapp.remove_member(group, one.phone, admin)
    one.remind((group,), 1)
    time.sleep(chance.uniform(0, 2))
    one.town.whatsapp.add_member(group, one.phone, admin)
