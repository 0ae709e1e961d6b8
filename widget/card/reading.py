"""The door of a request: make its context. The card comes from the portal with the user's rights,
or from memory."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from functools import cache

from widget.bitrix24.access import AccessList, access_commands, granted
from widget.bitrix24.commands import Commands
from widget.bitrix24.crm import (
    COMPANY,
    CONTACT,
    CrmCard,
    Person,
    PersonKind,
    TypedPhone,
    batch_of,
    card_of,
    viewer_of,
)
from widget.bitrix24.dialogs import CHAT_COMMANDS, CHAT_SCOPES, chat_commands
from widget.bitrix24.rest import Batch, Begun, Rest
from widget.card.cache import CardCache, ReadCard
from widget.card.collect import chosen, hidden_phone, phones_of
from widget.context import Card, CardContext, CardPhone, ReadMode, hours_of
from widget.errors import Refused
from widget.i18n import translate
from widget.keys import PhoneKeys
from widget.phones.facts import facts_of
from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.phones.numbers import Phone, parse, parse_many
from widget.session import Launch, Session
from widget.singleflight.local import SingleFlight
from widget.storage.chats import LID
from widget.storage.hidden_clients import HiddenClients
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portal, PortalState


class Phones:
    """What numbers say and how they are named, as the portal's settings read them. No outside
    call."""

    def __init__(self, numbering: Numbering, keys: PhoneKeys) -> None:
        self._numbering = numbering
        self._keys = keys

    def of(self, people: tuple[Person, ...], portal: Portal, language: str) -> tuple[CardPhone, ...]:
        """The phones of these people, in the order of the card."""

        @cache  # a card whose numbers are all of the portal's country is read once
        def read(typed: str, beside: frozenset[str]) -> tuple[Phone, ...]:
            return parse_many(typed, portal.country, self._numbering.knows, beside)

        return phones_of(
            people,
            parse=lambda typed, beside: read(typed, beside - {portal.country}),
            facts_of=lambda phone: facts_of(phone, language, self._numbering),
            key_of=lambda name: self._keys.key(portal.id, name),
        )

    def typed(self, text: str, portal: Portal, language: str) -> CardPhone:
        """A number that a user typed; without `phone.e164` if it is none."""
        phone = parse(text, portal.country, self._numbering.knows)
        return CardPhone(
            key=self._keys.key(portal.id, phone.e164 or f"typed {phone.typed}"),
            phone=phone,
            facts=facts_of(phone, language, self._numbering),
            owners=(),
            typed=(phone.typed,),
        )

    def hidden(self, lid: str, name: str, portal: Portal) -> CardPhone:
        """A client whose phone is not known, by the name they gave."""
        return hidden_phone(lid, name or translate("Client without a number"), self._keys.key(portal.id, lid))


class CardPeople:
    """Whom a card is about: its people with their phones, the number that was typed, and clients
    attached to it."""

    def __init__(self, phones: Phones, attached: HiddenClients) -> None:
        self.phones = phones
        self._attached = attached

    def card_of(self, session: Session, portal: Portal, read: ReadCard) -> Card:
        """The card as it was read, with all its phones. Two queries at most, none on the
        application's own page."""
        chats = self._attached.of_cards(portal.id, _cards_of(session, read.crm)) if session.entity_id else []
        names = self._attached.names(chats)
        numbers = [session.number] * bool(session.number and not session.number.endswith(LID))
        numbers += [chat.phone for chat in chats if chat.phone]
        people = *read.crm.people, *(_typed_person(number) for number in numbers)
        lids = {chat.client: names.get(chat.id, "") for chat in chats if not chat.phone}
        if session.number.endswith(LID):
            lids.setdefault(session.number, "")
        hidden = (self.phones.hidden(lid, name, portal) for lid, name in lids.items())
        return Card(
            phones=(*self.phones.of(people, portal, session.language), *hidden),
            hidden=read.crm.hidden,
            viewer=read.crm.viewer,
            read_at=read.read_at,
            generation=read.generation,
            country=portal.country,
            granted=read.granted,
            responsible=read.crm.responsible,
            item=read.crm.item,
        )


class CardReader:
    """Makes contexts (context.Door)."""

    def __init__(
        self,
        rest: Rest,
        memory: CardCache,
        lines: Lines,
        people: CardPeople,
        hours: Hours,
        pool: Executor,
        clock: Callable[[], float],
    ) -> None:
        """`hours` are the service's, for portals that have none of their own."""
        self._rest = rest
        self._memory = memory
        self._lines = lines
        self._people = people
        self._phones = people.phones
        self._hours = hours
        self._pool = pool
        self._clock = clock
        self._reading: SingleFlight[tuple[Session, ReadMode], Card] = SingleFlight()

    def enter(
        self,
        session: Session,
        portal: Portal,
        reading: ReadMode = ReadMode.REMEMBERED,
        ahead: "Ahead | None" = None,
    ) -> CardContext:
        """What the request knows. No call where the card is remembered; else one round trip, and
        one batch at the portal unless a process has read the card for this user since it was last
        thrown away. `ahead` is a batch that is on its way. Raises Refused."""
        kept = self._lines.kept(portal.id)
        lists = _access_lists(kept)
        card = self._remembered(session, portal, lists) if reading is ReadMode.REMEMBERED else None
        if card is None:
            again = ReadMode.ANEW if reading is ReadMode.ANEW else ReadMode.CURRENT
            card = self._reading.get((session, again), lambda: self._read(session, portal, lists, again, ahead))
        if session.readings:
            card = replace(card, phones=chosen(card.phones, session.readings))
        mine = _open_to(session, card, kept)
        lines = tuple(line for line in mine if line.active)
        return CardContext(
            session=session,
            portal=portal,
            card=card,
            lines=lines,
            past_lines=tuple(line for line in mine if not line.active),
            no_line_allowed=not lines and any(line.active for line in kept),
            hours=hours_of(portal, self._hours),
            now=self._clock(),
        )

    def typed(self, context: CardContext, text: str) -> CardPhone:
        if text.endswith(LID):
            return self._phones.hidden(text, "", context.portal)
        return self._phones.typed(text, context.portal, context.session.language)

    def numbers_in(self, context: CardContext, typed: Sequence[TypedPhone]) -> AbstractSet[str]:
        """The numbers (E.164) that these fields of a person hold. No outside call."""
        person = Person(PersonKind.OWN, 0, "", tuple(typed))
        read = self._phones.of((person,), context.portal, context.session.language)
        return {item.phone.e164 for item in read if item.phone.e164}

    def ahead(self, opening: Launch, portal: Portal) -> "Ahead":
        """The batch of a card whose reader is not proved yet."""
        return Ahead(self._rest, self._memory, self._pool, opening, portal, _access_lists(self._lines.kept(portal.id)))

    def _remembered(self, session: Session, portal: Portal, lists: list[AccessList]) -> Card | None:
        """The card from this process, unless it was read under other settings than the portal has
        now."""
        card = self._memory.get(session)
        fits = card and card.country == portal.country and all(codes in card.granted for codes in lists)
        return card if fits else None

    def _read(
        self, session: Session, portal: Portal, lists: list[AccessList], reading: ReadMode, ahead: "Ahead | None"
    ) -> Card:
        taken = ahead.take(lists) if ahead else None
        found = None
        if taken is None:
            # The generation is looked at before the batch: a refresh that happens meanwhile must
            # win.
            generation, shared = self._memory.shared(session)
            fits = reading is ReadMode.CURRENT and shared and all(codes in shared.granted for codes in lists)
            found = shared if fits else None
        if found is None:
            begun, generation = taken or (None, generation)
            commands = _commands(portal, session.entity_type_id, session.entity_id, lists)
            answer = self._rest.batch(portal, session.user_id, commands, begun, may_fail=CHAT_COMMANDS)
            found = ReadCard(_crm(answer, session), granted(answer, lists), self._clock(), generation)
            self._memory.share(session, found)
        card = self._people.card_of(session, portal, found)
        self._memory.put(session, card)
        return card


class Ahead:
    """A card's batch that goes out beside the proof of its token. Nothing of it is looked at before
    that is good, and nothing is shown unless it holds the profile of the user who is proved."""

    def __init__(
        self,
        rest: Rest,
        memory: CardCache,
        pool: Executor,
        opening: Launch,
        portal: Portal,
        lists: list[AccessList],
    ) -> None:
        self._rest = rest
        self._memory = memory
        self._pool = pool
        self._opening = opening
        self._portal = portal
        self._lists = lists
        self._begun: Begun | None = None
        self._generation = ""

    def begin(self) -> None:
        """Send the batch, if the portal is at its stored address and the page is a card's. One
        round trip, and one outside call in another thread."""
        card = self._opening
        usual = self._portal.state is PortalState.ACTIVE and card.domain in ("", self._portal.domain)
        if usual and card.entity_id:
            unproved = Session(self._portal.id, 0, card.entity_type_id, card.entity_id, card.language)
            self._generation = self._memory.generation(unproved)
            commands = _commands(self._portal, card.entity_type_id, card.entity_id, self._lists)
            self._begun = self._rest.begin_batch(self._portal, card.access_token, commands, self._pool)

    def take(self, lists: list[AccessList]) -> tuple[Begun, str] | None:
        """The batch, once, and the card's generation when it began; None where nothing was begun,
        or where the portal's access lists have changed since."""
        begun, self._begun = self._begun, None
        return (begun, self._generation) if begun and lists == self._lists else None

    def abandon(self) -> None:
        """Drop the batch: the token was not proved, or another request has read the card. Waits for
        its answer."""
        begun, self._begun = self._begun, None
        if begun:
            with suppress(Refused):
                self._rest.abandon(self._portal, begun)


def _open_to(session: Session, card: Card, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines that this user may use, or could until they were switched off."""
    if session.line_id:
        lines = tuple(line for line in lines if line.id == session.line_id)
    return tuple(line for line in lines if not line.access or card.granted.get(line.access_list))


def _access_lists(kept: tuple[Line, ...]) -> list[AccessList]:
    """The different access lists of the portal's lines, and of those whose chats can still be
    read."""
    return list(dict.fromkeys(line.access_list for line in kept if line.access))


def _typed_person(number: str) -> Person:
    """A person for a number that is in no field of the CRM."""
    return Person(PersonKind.OWN, 0, "", (TypedPhone(number, "MOBILE"),))


def _cards_of(session: Session, crm: CrmCard) -> list[tuple[int, int]]:
    """The card and those of its people, to which chats may be attached."""
    kinds = {PersonKind.CONTACT: CONTACT, PersonKind.COMPANY: COMPANY}
    people = [(kinds[person.kind], person.id) for person in crm.people if person.kind in kinds]
    return [(session.entity_type_id, session.entity_id), *people]


def _commands(portal: Portal, entity_type_id: int, entity_id: int, lists: list[AccessList]) -> Commands:
    if not entity_id:  # the app's own page
        return {"me": ("profile", {}), **access_commands(lists)}
    chats = chat_commands(entity_type_id, entity_id) if portal.scopes >= CHAT_SCOPES else {}
    return {**batch_of(entity_type_id, entity_id), **access_commands(lists), **chats}


def _crm(answer: Batch, session: Session) -> CrmCard:
    if session.entity_id:
        return card_of(answer, session.entity_type_id, session.user_id)
    return CrmCard((), 0, viewer_of(answer, session.user_id))
