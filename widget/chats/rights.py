"""Whether a user may read a chat that no open card brought them to: one of the list of those who wait.

An administrator may; so may who answers it, and who wrote in it from a card unless a colleague answers it now. Others
may where Bitrix24 lets them read a card that has the number. A client who waits, whom no card has and no employee
answers, is for all of them until one takes the chat or says that no reply is needed. A chat of a line that is closed to
them is never theirs.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import TTLCache

from widget.bitrix24.clients import CrmLink, cards_of_phones, readable
from widget.bitrix24.crm import Viewer
from widget.bitrix24.rest import Rest
from widget.errors import Refused
from widget.storage.chats import Chat
from widget.storage.portals import Portal
from widget.storage.staff import Staff
from widget.storage.waits import Waits
from widget.timing import timer_of

log = logging.getLogger(__name__)

MOST = 50  # chats of one question
REMEMBERED_SECONDS = 60
MAX_REMEMBERED = 20_000


@dataclass(frozen=True)
class ClientCards:
    """The cards of a chat's client that the user may read. `unknown`: no card has the number; None: Bitrix24 did not
    say."""

    cards: tuple[CrmLink, ...] = ()
    unknown: bool | None = None


class ChatRights:
    def __init__(self, rest: Rest, waits: Waits, staff: Staff, clock: Callable[[], float]) -> None:
        self._rest = rest
        self._waits = waits
        self._staff = staff
        self._remembered: TTLCache[tuple[int, int, str], ClientCards] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def readable(self, portal: Portal, viewer: Viewer, chats: Sequence[Chat]) -> dict[int, ClientCards]:
        """By id those of the chats, on lines that are open to the user, that they may read, with the cards of their
        clients. Bitrix24 is asked about 50 of them, first those that are the user's own. Two outside calls at most,
        none for clients that this user asked about in the last minute. Where Bitrix24 does not answer: without cards,
        and only what needs no answer of it."""
        wrote = self._waits.written_in(portal.id, viewer.user_id, [chat.id for chat in chats])
        own = {
            chat.id
            for chat in chats
            if viewer.admin or chat.owner_id == viewer.user_id or (chat.id in wrote and self._is_nobodys(chat))
        }
        asked = sorted(chats, key=lambda chat: chat.id not in own)[:MOST]
        clients = self._clients(portal, viewer.user_id, [chat.phone for chat in asked])
        found = {chat.id: clients.get(chat.phone, ClientCards()) for chat in chats}
        return {
            chat.id: found[chat.id]
            for chat in chats
            if chat.id in own
            or found[chat.id].cards
            or (found[chat.id].unknown and self._is_nobodys(chat) and _is_open(chat, viewer))
        }

    def may_read(self, portal: Portal, viewer: Viewer, chat: Chat) -> bool:
        return viewer.admin or chat.id in self.readable(portal, viewer, [chat])

    def forget(self, portal_id: int, user_id: int, phone: str) -> None:
        """The client has a card now."""
        with self._lock:
            self._remembered.pop((portal_id, user_id, phone), None)

    def _is_nobodys(self, chat: Chat) -> bool:
        owner = self._staff.of(chat.portal_id).get(chat.owner_id)
        return chat.owner_id == 0 or (owner is not None and not owner.active)

    def _clients(self, portal: Portal, user_id: int, phones: Sequence[str]) -> Mapping[str, ClientCards]:
        with self._lock:
            known = {phone: self._remembered.get((portal.id, user_id, phone)) for phone in phones}
        found = {phone: client for phone, client in known.items() if client}
        asked = [phone for phone, client in known.items() if client is None]
        if not asked:
            return found
        try:
            news = self._asked(portal, user_id, asked)
        except Refused as refusal:
            log.warning("clients portal=%s: %s", portal.id, refusal.reason)
            return found
        with self._lock:
            for phone, client in news.items():
                self._remembered[(portal.id, user_id, phone)] = client
        return {**found, **news}

    def _asked(self, portal: Portal, user_id: int, phones: Sequence[str]) -> dict[str, ClientCards]:
        """The search is asked by the installer where there is one: a user to whom it shows less would take a
        colleague's client for a stranger."""
        by_phone = cards_of_phones(self._rest, portal, portal.installer_id or user_id, phones)
        mine = readable(self._rest, portal, user_id, {card for cards in by_phone.values() for card in cards})
        titled = {(card.entity_type_id, card.id): card for card in mine}
        return {
            phone: ClientCards(
                tuple(titled[key] for card in cards if (key := (card.entity_type_id, card.id)) in titled),
                unknown=not cards,
            )
            for phone, cards in by_phone.items()
        }


def _is_open(chat: Chat, viewer: Viewer) -> bool:
    """Whether the client waits, or this user has just said that they need not."""
    return chat.waiting_since > 0 or (chat.waived_by == viewer.user_id and chat.waived_at >= chat.theirs_at > 0)
