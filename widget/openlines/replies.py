"""Operators' messages on their way to the client: the path of a card's message, with the messenger's id as the key."""

from widget.chats.message_facts import MessageFacts, Named
from widget.chats.service import ChatService
from widget.errors import ErrorCode, Refused
from widget.gateways.lines import Gateways
from widget.openlines.files import PortalFiles
from widget.openlines.markup import pieces, to_whatsapp
from widget.openlines.mirroring import REPLY
from widget.openlines.told import OperatorMessage
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.storage.sends import Send


class Replies:
    def __init__(self, chats: ChatService, gateways: Gateways, files: PortalFiles) -> None:
        self._chats = chats
        self._gateways = gateways
        self._files = files

    def send(
        self, portal: Portal, line: Line, chat: Chat, message: OperatorMessage
    ) -> tuple[list[Send], Refused | None]:
        """Send what the operator wrote, each part once however often this is called. Returns the parts that were sent,
        and the refusal that kept the rest.

        One outside call for each part that was not sent yet, two for a file.
        """
        sent: list[Send] = []
        try:
            self._send_parts(portal, line, chat, message, sent)
        except Refused as refusal:
            return sent, refusal
        return sent, None

    def change(self, line: Line, chat: Chat, message: Named, text: str) -> None:
        """Raises Refused and GatewayError. One outside call."""
        self._chats.edit(line, chat, message, to_whatsapp(text))

    def recall(self, line: Line, chat: Chat, message: Named) -> None:
        """Take a message back for everybody. Raises Refused and GatewayError. One outside call."""
        self._chats.delete(line, chat, message)

    def named(self, line: Line, chat: Chat, message_id: str, told: MessageFacts, send: Send | None) -> Named:
        """A message of ours as its gateway calls it: a webhook told that, or it is asked. It was written when its send
        says so. Raises Refused and GatewayError. One outside call for each id of the chat at most."""
        message = told.message
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
            draft = self._chats.draft(
                line, chat, send_key=_key(message, f".{number}" if number else ""), user_id=message.user_id
            )
            sent.append(draft.known or self._chats.send(draft, text))
        for number, (name, address) in enumerate(message.files):
            draft = self._chats.draft(line, chat, send_key=_key(message, f".f{number}"), user_id=message.user_id)
            if draft.known is None:
                file = self._files.fetch(portal, name, address)
                sent.append(self._chats.send_file(draft, file))
            else:
                sent.append(draft.known)


def _key(message: OperatorMessage, part: str) -> str:
    return f"{REPLY}{message.im_id}{part}"
