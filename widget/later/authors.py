"""Whether the author of a message that is due may still write in its chat: asked anew of their
portal."""

from dataclasses import dataclass

from widget.bitrix24.country import language_in
from widget.chats.rights import ChatRights
from widget.chats.typed import TypedNumbers
from widget.context import CardContext, Door, ReadMode
from widget.errors import ErrorCode, Refused
from widget.session import Session
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.storage.scheduled import Scheduled


@dataclass(frozen=True)
class Authors:
    door: Door
    rights: ChatRights
    typed: TypedNumbers

    def check(self, portal: Portal, line: Line, chat: Chat, message: Scheduled) -> None:
        """Raises Refused where the author may not use the line any more, or not read the chat in
        the way that brought them to it: their card, a right to the chat, a typed number. One
        outside call for a card, two more at most without one. Raises GatewayError where the typed
        number's chat cannot be read."""
        language = portal.language or language_in(portal)
        session = Session(portal.id, message.user_id, message.entity_type_id, message.entity_id, language)
        if not message.entity_id:
            session = session.for_number(chat.client, line.id, granted=not message.typed)
        context = self.door.enter(session, portal, ReadMode.ANEW)
        context.line(line.id)
        if message.entity_id:
            _refuse_off_card(context, chat)
        elif context.is_typed:
            self.typed.require(line, chat.client, message.user_id)
        elif not self.rights.may_read(portal, context.viewer, chat):
            raise Refused(ErrorCode.NOT_ALLOWED, reason="chat of the waiting list")


def _refuse_off_card(context: CardContext, chat: Chat) -> None:
    """The number may also be one of those that the card offers for what people typed: its author
    pressed it."""
    phones = context.card.phones
    offered = (offer for phone in phones for offer in phone.offers)
    if not any(phone.client == chat.client for phone in (*phones, *offered)):
        raise Refused(ErrorCode.NOT_ALLOWED, reason="phone is not on the card")
