"""What is true of the conversations of a card, as facts for its fields. Nothing outside is
asked."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from widget.bitrix24.crm import Person
from widget.phones.numbers import Known, parse_many
from widget.presence.records import PresenceAnswer
from widget.presence.store import PresenceStore
from widget.storage.card_fields import TalkFact
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.portals import Portal


class CardTalks:
    def __init__(self, conversations: Conversations, presences: PresenceStore, knows: Known) -> None:
        """`knows` tells whether a number exists that libphonenumber does not know
        (`Numbering.knows`)."""
        self._chats = conversations.chats
        self._hidden = conversations.hidden
        self._presences = presences
        self._knows = knows

    def facts(self, portal: Portal, kind: int, item_id: int, people: Iterable[Person]) -> dict[TalkFact, Any]:
        """The facts of one card's conversations. Some queries, no call and no check."""
        chats = self._chats_of(portal, kind, item_id, people)
        return facts_of(chats, self._on_whatsapp(portal, chats))

    def _chats_of(self, portal: Portal, kind: int, item_id: int, people: Iterable[Person]) -> list[Chat]:
        """All conversations of the card's people, and those that were attached to it."""
        typed = [phone.typed for person in people for phone in person.phones]
        read = (phone for text in typed for phone in parse_many(text, portal.country, self._knows))
        phones = {phone.e164 for phone in read if phone.e164}
        found = [*self._chats.of_phones(portal.id, phones), *self._hidden.of_cards(portal.id, [(kind, item_id)])]
        return list({chat.id: chat for chat in found}.values())

    def _on_whatsapp(self, portal: Portal, chats: Sequence[Chat]) -> bool | None:
        """Whether one of the chats' clients is known to have WhatsApp; None where nothing is known.
        No check."""
        if any(chat.proved for chat in chats):
            return True
        found = [self._presences.one(portal.id, chat.phone) for chat in chats if chat.phone]
        answers = {known.answer for known in found if known}
        if PresenceAnswer.YES in answers:
            return True
        return False if answers == {PresenceAnswer.NO} else None


def facts_of(chats: Sequence[Chat], on_whatsapp: bool | None) -> dict[TalkFact, Any]:
    """What fields are told of these conversations (pure); what is not known of presence is not
    told."""
    last = max(chats, key=lambda chat: chat.last_at, default=None)
    waiting = min((chat for chat in chats if chat.waiting_since), key=lambda chat: chat.waiting_since, default=None)
    owned = waiting if waiting and waiting.owner_id else last
    facts: dict[TalkFact, Any] = {
        TalkFact.LAST: _moment(last.last_at if last else 0.0),
        TalkFact.WAITING: _moment(waiting.waiting_since if waiting else 0.0),
        TalkFact.OWNER: owned.owner_id or "" if owned else "",
    }
    return facts if on_whatsapp is None else {**facts, TalkFact.WHATSAPP: "Y" if on_whatsapp else "N"}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
