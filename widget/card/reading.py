"""Read a card: from the portal with the user's rights, or from this process if nobody threw it away meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from widget.answers import Answers, StoreGone
from widget.bitrix24.access import AccessList, access_commands, granted
from widget.bitrix24.crm import CrmCard, Kind, Person, TypedPhone, Viewer, batch_of, card_of, viewer_of
from widget.bitrix24.rest import Rest
from widget.card.collect import SHOWN, CardPhone, arrange, chosen, phones_of
from widget.card.memory import Card, CardMemory
from widget.card.rows import Known, KnownChats
from widget.gateways.lines import chat_ids_for
from widget.keys import PhoneKeys
from widget.once import Once
from widget.phones.facts import facts_of
from widget.phones.numbering import Numbering
from widget.phones.numbers import parse_many
from widget.presence.lifetimes import Lifetimes
from widget.presence.memory import Memory
from widget.presence.records import How, Presence
from widget.session import Session
from widget.storage.chats import Chats
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portal, Portals

OLD_CARD = 15.0  # seconds after which a remembered card is drawn at once and read again behind the page


class CardReader:
    def __init__(
        self,
        rest: Rest,
        memory: CardMemory,
        answers: Answers,
        presences: Memory,
        lifetimes: Lifetimes,
        portals: Portals,
        lines: Lines,
        chats: Chats,
        numbering: Numbering,
        keys: PhoneKeys,
        clock: Callable[[], float],
    ) -> None:
        self._rest = rest
        self._memory = memory
        self._answers = answers
        self._presences = presences
        self._lifetimes = lifetimes
        self._portals = portals
        self._lines = lines
        self._chats = chats
        self._numbering = numbering
        self._keys = keys
        self._clock = clock
        self._reading: Once[Session, Card] = Once()

    def card(self, session: Session) -> Card:
        return _as_chosen(self._remembered(session) or self.read(session), session)

    def _remembered(self, session: Session) -> Card | None:
        """The card from this process, unless it was read under other settings than the portal has now."""
        card = self._memory.get(session)
        if card is None or card.country != self.portal(session).country:
            return None
        return card if all(codes in card.granted for codes in self._access_lists(session)) else None

    def _access_lists(self, session: Session) -> list[AccessList]:
        """The different access lists of the portal's lines, and of those whose chats can still be read."""
        lines = self._lines.kept(session.portal_id)
        return list(dict.fromkeys(_list_of(line) for line in lines if line.access))

    def current(self, session: Session, *, fresh: bool = False) -> Known:
        card = None if fresh else self._remembered(session)
        known = self._known(session, _as_chosen(card, session)) if card else None
        if known is None or known.outdated:
            known = self._known(session, _as_chosen(self.read(session), session))
        return known

    def is_old(self, card: Card) -> bool:
        return self._clock() > card.read_at + OLD_CARD

    def _known(self, session: Session, card: Card) -> Known:
        """What is known about the card's phones without asking anybody: one query, one Redis round trip. One query
        more for numbers that the cache has nothing about, or without the cache."""
        keys = self._presences.keys(session.portal_id, e164s(card.phones))
        records: Mapping[str, Any] | None
        try:
            records = self._answers.get_many([*CardMemory.generation_keys(session), *keys])
            found = self._presences.complete(session.portal_id, keys, records)
        except StoreGone:
            records, found = None, self._presences.without_cache(session.portal_id, keys)
        answers = {keys[key]: presence for key, presence in found.items()}
        chats = self._chats_of(session, card, answers)
        # Cut before anything is asked: 25 numbers never cost 25 checks.
        shown = arrange(card.phones, {*chats.last, *chats.kept})[:SHOWN]
        now = self._clock()
        return Known(
            card,
            shown,
            chats,
            answers,
            to_ask={
                phone: asking for phone in e164s(shown) if (asking := self._lifetimes.asking(answers.get(phone), now))
            },
            outdated=records is not None and CardMemory.generation_in(records, session) != card.generation,
            store_gone=records is None,
        )

    def read(self, session: Session) -> Card:
        """From the portal, with the user's rights: the card and which lines the user may use. One batch, and one for
        all who open this card at once."""
        return self._reading.get(session, lambda: self._read_now(session))

    def _read_now(self, session: Session) -> Card:
        portal = self.portal(session)
        try:  # before the batch: a refresh that happens meanwhile must win
            records = self._answers.get_many(CardMemory.generation_keys(session))
            generation = CardMemory.generation_in(records, session)
        except StoreGone:
            generation = ""
        lists = self._access_lists(session)
        commands = {**_commands(session), **access_commands(lists)}
        answer = self._rest.batch(portal, session.user_id, commands)
        crm = (
            card_of(answer, session.entity_type_id, session.user_id)
            if session.entity_id
            else _own_page(viewer_of(answer, session.user_id), session.number)
        )
        card = Card(
            phones=phones_of(
                crm.people,
                parse=lambda typed, beside: parse_many(typed, portal.country, self._numbering.knows, beside),
                facts_of=lambda phone: facts_of(phone, session.language, self._numbering),
                key_of=lambda name: self._keys.key(portal.id, name),
            ),
            hidden=crm.hidden,
            viewer=crm.viewer,
            read_at=self._clock(),
            generation=generation,
            country=portal.country,
            granted=granted(answer, lists),
        )
        self._memory.put(session, card)
        return card

    def portal(self, session: Session) -> Portal:
        return self._portals.require(session.portal_id)

    def _chats_of(self, session: Session, card: Card, answers: Mapping[str, Presence]) -> KnownChats:
        """The last used chat of each number on a line this user may use, and on one that was. One query, and an insert
        for each chat that so far only a gateway's listing has: now that a card has its number, it is a chat of ours."""
        mine = {line.id: line for line in self.lines(session)}
        readable = {line.id for line in self.kept(session)}
        chats = self._chats.of_phones(session.portal_id, e164s(card.phones))
        known = {(chat.phone, chat.line_id) for chat in chats}
        found_now = [
            self._chats.learn(
                session.portal_id,
                presence.line_id,
                phone,
                chat_ids=chat_ids_for(mine[presence.line_id], presence.chat_id),
                proved=True,
                last_at=presence.last_at,
            )
            for phone, presence in answers.items()
            if presence.how is How.CHAT and presence.line_id in mine and (phone, presence.line_id) not in known
        ]
        listed = [chat for chat in found_now if chat]
        found = KnownChats({}, {}, set())
        for chat in sorted([*chats, *listed], key=lambda chat: (-chat.last_at, chat.id)) if listed else chats:
            if chat.line_id in mine:
                found.last.setdefault(chat.phone, chat)
            if chat.line_id in readable and chat.written:
                found.kept.setdefault(chat.phone, chat)
            if chat.proved:
                found.proved.add(chat.phone)
        return found

    def lines(self, session: Session) -> tuple[Line, ...]:
        """The lines this user may use here, oldest first. At most one batch."""
        return self._open_to(session, self._lines.of(session.portal_id))

    def kept(self, session: Session) -> tuple[Line, ...]:
        """The lines that this user could use here until they were switched off or removed: their chats can be read.
        At most one batch."""
        lines = self._lines.kept(session.portal_id)
        return self._open_to(session, tuple(line for line in lines if not line.active))

    def _open_to(self, session: Session, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        if session.line_id:
            lines = tuple(line for line in lines if line.id == session.line_id)
        if not any(line.access for line in lines):
            return lines
        allowed = self.card(session).granted
        return tuple(line for line in lines if not line.access or allowed.get(_list_of(line)))


def _list_of(line: Line) -> AccessList:
    return tuple(sorted(grantee.id for grantee in line.access))


def _commands(session: Session) -> dict[str, tuple[str, Mapping[str, Any]]]:
    if not session.entity_id:  # the app's own page
        return {"me": ("profile", {})}
    return batch_of(session.entity_type_id, session.entity_id)


def _own_page(viewer: Viewer, number: str) -> CrmCard:
    """The app's own page as a card: the number this user typed there, or none."""
    typed = (Person(Kind.OWN, 0, "", (TypedPhone(number, "MOBILE"),)),) if number else ()
    return CrmCard(typed, 0, viewer)


def _as_chosen(card: Card, session: Session) -> Card:
    return replace(card, phones=chosen(card.phones, session.readings)) if session.readings else card


def e164s(phones: Sequence[CardPhone]) -> list[str]:
    return [item.phone.e164 for item in phones if item.phone.e164]
