"""Whether a user may read a chat that no open card brought them to: one of the list of those who
wait.

An administrator may; so may who answers it, and who wrote in it from a card unless a colleague
answers it now. Who came to answer it by a typed number sees that its client waits, and reads it as
typed numbers are read (typed.py). Others may where Bitrix24 lets them read a card that has the
number or that the chat was attached to. A client who waits, who has no such card and whom no
employee answers, is for all of them until one takes the chat or says that no reply is needed. A
chat of a line that is closed to them is never theirs. A card that is no more, by the word of an
administrator's token, counts no more: one that a user only may not read still keeps the chat from
them.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from cachetools import TTLCache

from widget.bitrix24.clients import MAX_LOOKED_FOR, CrmLink, cards_of_phones, gone, readable
from widget.bitrix24.crm import Viewer
from widget.bitrix24.rest import Rest
from widget.errors import Refused
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal
from widget.storage.staff import Staff
from widget.storage.waits import Waits
from widget.timing import timer_of

log = logging.getLogger(__name__)

MAX_ASKED = 50  # chats of one question
REMEMBERED_SECONDS = 60
THERE_SECONDS = 600  # so long a card that was there is not looked for again
MAX_REMEMBERED = 20_000

Asked = tuple[int, int, int, str]  # by whom about which chat of which client


@dataclass(frozen=True)
class ClientCards:
    """The cards of a chat's client that the user may read. `unknown`: no card has the number, and
    the chat was attached to none; None: not known. `typed`: the user answers it, and came by a
    typed number, so that each use of the chat has to show that it is theirs alone (typed.py)."""

    cards: tuple[CrmLink, ...] = ()
    unknown: bool | None = None
    typed: bool = False


class ChatRights:
    def __init__(
        self, rest: Rest, waits: Waits, attached: HiddenClients, staff: Staff, clock: Callable[[], float]
    ) -> None:
        self._rest = rest
        self._waits = waits
        self._attached = attached
        self._staff = staff
        self._remembered: TTLCache[Asked, ClientCards] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._there: TTLCache[tuple[int, CrmLink], bool] = TTLCache(
            MAX_REMEMBERED, THERE_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def readable(self, portal: Portal, viewer: Viewer, chats: Sequence[Chat]) -> dict[int, ClientCards]:
        """By id those of the chats, on lines that are open to the user, that they may read, with
        the cards of their clients. Bitrix24 is asked about 50 of them, first those that are the
        user's own. Three outside calls at most, none for clients that this user asked about in the
        last minute. Where Bitrix24 does not answer: without cards, and only what needs no answer of
        it."""
        wrote = self._waits.written_in(portal.id, viewer.user_id, [chat.id for chat in chats])
        own = {
            chat.id
            for chat in chats
            if viewer.admin or chat.owner_id == viewer.user_id or (chat.id in wrote and self._is_nobodys(chat))
        }
        typed = {chat.id for chat in chats if chat.owner_typed and not viewer.admin and chat.id not in wrote}
        asked = sorted(chats, key=lambda chat: chat.id not in own)[:MAX_ASKED]
        clients = self._clients(portal, viewer.user_id, asked)
        found = {chat.id: clients.get(chat.id, ClientCards()) for chat in chats}
        return {
            chat.id: replace(found[chat.id], typed=chat.id in own & typed and not found[chat.id].cards)
            for chat in chats
            if chat.id in own
            or found[chat.id].cards
            or (found[chat.id].unknown and self._is_nobodys(chat) and _is_open(chat, viewer))
        }

    def may_read(self, portal: Portal, viewer: Viewer, chat: Chat) -> bool:
        """Whether they may read all of it. Outside calls as `readable` makes."""
        found = self.readable(portal, viewer, [chat]).get(chat.id)
        return viewer.admin or (found is not None and not found.typed)

    def forget(self, chat: Chat, user_id: int) -> None:
        """The client has a card now."""
        with self._lock:
            self._remembered.pop(_asked_of(chat, user_id), None)

    def _is_nobodys(self, chat: Chat) -> bool:
        owner = self._staff.of(chat.portal_id).get(chat.owner_id)
        return chat.owner_id == 0 or (owner is not None and not owner.active)

    def _clients(self, portal: Portal, user_id: int, chats: Sequence[Chat]) -> Mapping[int, ClientCards]:
        with self._lock:
            known = {chat.id: self._remembered.get(_asked_of(chat, user_id)) for chat in chats}
        found = {chat_id: client for chat_id, client in known.items() if client}
        asked = [chat for chat in chats if chat.id not in found]
        if not asked:
            return found
        try:
            news = self._asked(portal, user_id, asked)
        except Refused as refusal:
            log.warning("rights.cards_not_read portal=%s error=%s", portal.id, refusal.reason)
            return found
        with self._lock:
            for chat in asked:
                if chat.id in news:
                    self._remembered[_asked_of(chat, user_id)] = news[chat.id]
        return {**found, **news}

    def _asked(self, portal: Portal, user_id: int, chats: Sequence[Chat]) -> dict[int, ClientCards]:
        """The search is asked by the installer where there is one: a user to whom it shows less
        would take a colleague's client for a stranger."""
        phones = {chat.phone for chat in chats if chat.phone}
        by_phone = cards_of_phones(self._rest, portal, portal.installer_id or user_id, phones)
        links = self._attached.links(portal.id, [chat.id for chat in chats])
        of_chat = {
            chat.id: {(card.entity_type_id, card.id) for card in by_phone.get(chat.phone, ())}.union(
                links.get(chat.id, ())
            )
            for chat in chats
            if not chat.phone or chat.phone in by_phone
        }
        every = {CrmLink(*card) for cards in of_chat.values() for card in cards}
        titled = {(card.entity_type_id, card.id): card for card in readable(self._rest, portal, user_id, every)}
        hidden = {chat_id for chat_id, cards in of_chat.items() if cards.isdisjoint(titled)}
        lost = self._unlink_gone(portal, {CrmLink(*card) for chat_id in hidden for card in links.get(chat_id, ())})
        return {
            chat_id: ClientCards(tuple(titled[card] for card in sorted(cards) if card in titled), unknown=cards <= lost)
            for chat_id, cards in of_chat.items()
        }

    def _unlink_gone(self, portal: Portal, cards: Collection[CrmLink]) -> set[tuple[int, int]]:
        """Those of the cards, which this user does not see, that Bitrix24 does not have any more;
        no chat is attached to them from now on. One outside call, none for cards that were there in
        the last ten minutes."""
        with self._lock:
            asked = [card for card in cards if (portal.id, card) not in self._there][:MAX_LOOKED_FOR]
        try:
            found = gone(self._rest, portal, asked)
        except Refused as refusal:
            log.warning("rights.cards_not_looked_for portal=%s error=%s", portal.id, refusal.reason)
            return set()
        lost = {(card.entity_type_id, card.id) for card in found}
        self._attached.unlink(portal.id, lost)
        if lost:
            log.info("rights.cards_gone portal=%s count=%s", portal.id, len(lost))
        with self._lock:
            self._there.update({(portal.id, card): True for card in asked if card not in found})
        return lost


def _asked_of(chat: Chat, user_id: int) -> Asked:
    """A chat's client may become another: a phone that was not known."""
    return chat.portal_id, user_id, chat.id, chat.client


def _is_open(chat: Chat, viewer: Viewer) -> bool:
    """Whether the client waits, or this user has just said that they need not, and none of us has
    written since."""
    waived = chat.waived_by == viewer.user_id and chat.waived_at >= chat.theirs_at > 0
    return chat.waiting_since > 0 or (waived and chat.last_at <= chat.theirs_at)
