"""Operators' messages on their way to the client: the path of a card's message, with the
messenger's id as the key."""

import re

from widget.chats.message_facts import MessageFacts, Named
from widget.chats.sending import Draft
from widget.chats.service import ChatService
from widget.errors import ErrorCode, Refused
from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.gateways.lines import Gateways
from widget.openlines.connector_events import OperatorMessage
from widget.openlines.files import PortalFiles
from widget.openlines.markup import pieces, to_whatsapp
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.storage.sends import REPLY, Send, SendState

MAX_TRIES = 30  # of one part
# Why a message did not go out that goes out in a moment: the gateway is started anew, or asks for a
# pause.
PASSING = frozenset(
    code.value
    for code in (
        GatewayErrorCode.UNREACHABLE,
        GatewayErrorCode.LEFT_ALONE,
        GatewayErrorCode.BUSY,
        GatewayErrorCode.THROTTLED,
        GatewayErrorCode.STATE_UNKNOWN,
    )
)


class Replies:
    def __init__(self, chats: ChatService, gateways: Gateways, files: PortalFiles) -> None:
        self._chats = chats
        self._gateways = gateways
        self._files = files

    def send(
        self, portal: Portal, line: Line, chat: Chat, message: OperatorMessage
    ) -> tuple[list[Send], Refused | GatewayError | None]:
        """Send what the operator wrote, each part once however often this is called. Returns the
        parts that were sent, and what kept the rest: a refusal, or the error of a gateway that is
        still away.

        One outside call for each part that was not sent yet, two for a file, and one more for
        another try.
        """
        sent: list[Send] = []
        try:
            self._send_parts(portal, line, chat, message, sent)
        except (Refused, GatewayError) as failure:
            return sent, failure
        return sent, None

    def _draft(self, line: Line, chat: Chat, message: OperatorMessage, part: str) -> Draft:
        """The try of this part that reached the gateway, else a new one: a send key is one message
        for ever, so a try that never reached the gateway needs another key. A new try first asks
        whether the gateway is there, so that an hour without one leaves one failed try and not a
        hundred. Raises GatewayError."""
        for number in range(MAX_TRIES):
            again = f"~{number}" if number else ""
            key = f"{REPLY}{message.im_id}{part}{again}"
            draft = self._chats.draft(line, chat, send_key=key, user_id=message.user_id)
            if not draft.known or not is_passing(draft.known):
                break
        if number and not draft.known:
            self._gateways.of(line).status()
        return draft

    def change(self, line: Line, chat: Chat, message: Named, text: str) -> None:
        """Change the text of a message. Raises Refused and GatewayError. One outside call."""
        self._chats.edit(line, chat, message, to_whatsapp(text))

    def recall(self, line: Line, chat: Chat, message: Named) -> None:
        """Take a message back, for the client too. Raises Refused and GatewayError. One outside
        call."""
        self._chats.delete(line, chat, message)

    def named(self, line: Line, chat: Chat, message_id: str, facts: MessageFacts, send: Send | None) -> Named:
        """A message of ours as its gateway calls it: a webhook told that, or it is asked. It was
        written when its send says so. Raises Refused and GatewayError. One outside call for each id
        of the chat at most."""
        message = facts.message
        if message is None:
            gateway = self._gateways.of(line)
            ids = chat.chat_ids or (gateway.chat_id_of(chat.phone),)
            message = next(filter(None, (gateway.find_message(chat_id, message_id) for chat_id in ids)), None)
        if message is None:
            raise Refused(ErrorCode.MESSAGE_GONE, reason="an operator's message")
        return Named(message.id, message.ref, send.created_at if send else message.at, from_me=True)

    def _send_parts(self, portal: Portal, line: Line, chat: Chat, message: OperatorMessage, sent: list[Send]) -> None:
        if not line.active:
            raise Refused(ErrorCode.LINE_OFF, reason="line")
        for number, text in enumerate(pieces(to_whatsapp(message.text))):
            draft = self._draft(line, chat, message, f".{number}" if number else "")
            sent.append(draft.known or self._chats.send(draft, text))
        for number, (name, address) in enumerate(message.files):
            draft = self._draft(line, chat, message, f".f{number}")
            sent.append(draft.known or self._chats.send_file(draft, self._files.fetch(portal, name, address)))


def is_passing(send: Send) -> bool:
    """Whether the send surely did not reach WhatsApp, and may a moment later (pure)."""
    return send.state is SendState.FAILED and send.reason in PASSING


def piece_key(send: Send) -> str:
    """Of the mirrored message that this send is, or is a part of."""
    if send.send_key.startswith(REPLY):
        return f"operator:{re.split(r'[.~]', send.send_key.removeprefix(REPLY))[0]}"
    return f"card:{send.send_key}"


def is_of(send: Send, im_id: int) -> bool:
    """Whether the send is a part of this message of the messenger, and went out (pure)."""
    key = f"{REPLY}{im_id}"
    return send.state is not SendState.FAILED and re.split(r"[.~]", send.send_key)[0] == key
