"""What a test can ask of the real neonize: each method is a request of `Client.call`.

The import of neonize is left to `client_process`, which first takes standard output away from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Requests:
    """Calls of one neonize client, in and out as JSON."""

    def __init__(self, client: Any) -> None:
        from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e  # noqa: PLC0415
        from neonize.utils import enum, jid  # noqa: PLC0415

        self._client, self._e2e, self._enum, self._build_jid = client, e2e, enum, jid.build_jid

    # Groups.

    def group(self, jid: str) -> dict[str, object]:
        info = self._client.get_group_info(self._jid(jid))
        timer = info.GroupEphemeral.DisappearingTimer
        return {
            "name": info.GroupName.Name,
            "size": len(info.Participants),
            "expiration": timer if info.GroupEphemeral.IsEphemeral else 0,
        }

    def numbers(self, jid: str) -> list[str]:
        info = self._client.get_group_info(self._jid(jid))
        return [member.PhoneNumber.User for member in info.Participants]

    def groups(self) -> dict[str, int]:
        joined = self._client.get_joined_groups()
        return {one.GroupName.Name: len(one.Participants) for one in joined}

    # Messages: the id is returned.

    def send(self, to: str, text: str) -> str:
        return self._send(to, self._e2e.Message(conversation=text))

    def send_extended(self, to: str, text: str, **context: object) -> str:
        """Send a text with a context: `expiration`, `mentionedJID`, `nonJIDMentions`."""
        extended = self._e2e.ExtendedTextMessage(
            text=text, contextInfo=self._e2e.ContextInfo(**context)
        )
        return self._send(to, self._e2e.Message(extendedTextMessage=extended))

    def send_image(self, to: str, path: str, caption: str) -> str:
        # Bytes: neonize takes a text for a file's name, or for an address to fetch.
        return self._client.send_image(self._jid(to), Path(path).read_bytes(), caption).ID

    def send_document(self, to: str, path: str, caption: str) -> str:
        content = Path(path).read_bytes()
        return self._client.send_document(
            self._jid(to), content, caption, filename=Path(path).name
        ).ID

    def send_captioned(self, to: str, path: str, caption: str) -> str:
        """Send a document with a caption as apps do: wrapped."""
        built = self._client.build_document_message(
            Path(path).read_bytes(), caption, filename=Path(path).name
        )
        wrapper = self._e2e.FutureProofMessage(message=built)
        return self._send(to, self._e2e.Message(documentWithCaptionMessage=wrapper))

    def revoke(self, chat: str, sender: str, message_id: str) -> str:
        """Delete a message for everyone; `sender` is who had sent it."""
        return self._client.revoke_message(self._jid(chat), self._jid(sender), message_id).ID

    # The account.

    def pair_phone(self, phone: str) -> str:
        return self._client.PairPhone(phone, show_push_notification=True)

    def push_name(self) -> str:
        return self._client.get_me().PushName

    def presence(self, kind: str) -> None:
        self._client.send_presence(self._enum.Presence(kind.encode()))

    def logout(self) -> None:
        self._client.logout()

    def _send(self, to: str, message: Any) -> str:
        return self._client.send_message(self._jid(to), message).ID

    def _jid(self, text: str) -> Any:
        return self._build_jid(*text.split("@"))
