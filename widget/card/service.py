"""A card as its user sees it: people from the portal, facts from disk, presence and chats from what is known."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ratelimit import StorageUnavailable
from widget.answers import Answers, StoreGone
from widget.bitrix24.crm import read_card
from widget.bitrix24.rest import Rest
from widget.card.collect import SHOWN, CardPhone, arrange, phones_of
from widget.card.memory import Card, CardMemory
from widget.errors import Refusal, Refused
from widget.gateways.base import GatewayError, LineState
from widget.gateways.lines import Gateways
from widget.keys import PhoneKeys
from widget.once import Once
from widget.phones.facts import facts_of
from widget.phones.hours import Hours, LocalTime, local_time
from widget.phones.numbering import Numbering
from widget.phones.numbers import LineKind, parse_many
from widget.presence.checker import Checker
from widget.presence.records import Answer, How, Presence, Why, unknown
from widget.session import Session
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portal, Portals

log = logging.getLogger(__name__)

OLD_CARD = 15.0  # seconds after which a remembered card is drawn at once and read again behind the page


@dataclass(frozen=True)
class Row:
    """One phone of the card. `local` is None where the client's time is not known; `chat` is the last used one."""

    item: CardPhone
    presence: Presence
    local: LocalTime | None
    chat: Chat | None
    chat_line: Line | None


@dataclass(frozen=True)
class CardView:
    """Everything the page draws. `to_ask` are keys of rows that nobody knows about and that may be asked now."""

    rows: list[Row]
    total: int
    hidden: int
    lines: Sequence[Line]
    line: Line | None
    old: bool
    zone: str

    @property
    def to_ask(self) -> list[str]:
        return [row.item.key for row in self.rows if _may_ask(row)]


class Cards:
    def __init__(
        self,
        rest: Rest,
        memory: CardMemory,
        answers: Answers,
        checker: Checker,
        gateways: Gateways,
        portals: Portals,
        lines: Lines,
        chats: Chats,
        numbering: Numbering,
        keys: PhoneKeys,
        pool: Executor,
        hours: Hours,
        clock: Callable[[], float],
    ) -> None:
        self._rest = rest
        self._memory = memory
        self._answers = answers
        self._checker = checker
        self._gateways = gateways
        self._portals = portals
        self._lines = lines
        self._chats = chats
        self._numbering = numbering
        self._keys = keys
        self._pool = pool
        self._hours = hours
        self._clock = clock
        self._reading: Once[Session, Card] = Once()

    def view(self, session: Session, *, line_id: int | None = None, fresh: bool = False) -> CardView:
        """The card from what is known: no gateway call, ever.

        A card read within its lifetime costs one Redis round trip and one query; otherwise (or with `fresh`) one
        batch at the portal besides. Raises Refused.
        """
        return self._view(session, self._current(session, fresh=fresh), line_id)

    def drawn(self, session: Session, draw: Callable[[CardView], str], *, ask: bool) -> str:
        """The card as `draw` makes it, or as it made it within this minute if nothing that it shows has changed:
        drawing is most of what a card that is known costs. Same calls and errors as `view`.
        """
        known = self._current(session)
        minute = self._clock() // 60  # clients' local times are on it
        shows = (known, self._lines.of(session.portal_id), self._is_old(known.card), minute, ask)
        html = self._memory.drawn(session, shows)
        if html is None:
            html = draw(self._view(session, known, None))
            self._memory.put_drawn(session, shows, html)
        return html

    def check(self, session: Session, phone_keys: Sequence[str], line_id: int | None) -> CardView:
        """Ask about these phones of the card (an unknown key is refused), then draw it again."""
        before = self._view(session, self._current(session), line_id)
        asked = [self._find([row.item for row in before.rows], key) for key in phone_keys]
        phones = [item.phone.e164 for item in asked if item.phone.e164]
        answers = self._checker.check(before.line, phones) if before.line and phones else {}
        view = self.view(session, line_id=line_id)
        return replace(view, rows=[self._answered(row, answers) for row in view.rows])

    def refresh(self, session: Session, line_id: int | None) -> CardView:
        """Throw away what is remembered of the card and its numbers, everywhere, and read the portal again."""
        before = self._memory.get(session)
        try:
            self._answers.set_many(
                {CardMemory.generation_key(session): CardMemory.new_generation()}, 2 * self._memory.seconds
            )
            for card in (before, self._read(session)):
                if card:
                    self._checker.forget(session.portal_id, _e164s(self._arranged(session, card)[0]))
        except StoreGone:
            log.warning("refresh: the cache is out of reach, it holds what it held")
            self._read(session)
        return self.view(session, line_id=line_id)

    def phone(self, session: Session, phone_key: str) -> CardPhone:
        """The phone behind a key, if it is on this user's card. Refused otherwise; at most one batch."""
        return self._find(self._card(session).phones, phone_key)

    def require(self, session: Session, phone: str) -> CardPhone:
        """The same for a number: a chat opens from every card that has its number, and from no other."""
        return self.phone(session, self._keys.key(session.portal_id, phone))

    def viewer_zone(self, session: Session) -> str:
        return self._card(session).viewer.zone

    def line(self, session: Session, line_id: int | None) -> Line | None:
        """One of the portal's lines: the asked one (refused if it is not theirs) or the first."""
        lines = self._lines.of(session.portal_id)
        if line_id is None:
            return lines[0] if lines else None
        for line in lines:
            if line.id == line_id:
                return line
        raise Refused(Refusal.NOT_ALLOWED, 403, "line")

    def line_states(self, session: Session) -> dict[int, LineState]:
        """Every line's state, asked side by side. One call a line, none for a state known a moment ago."""
        lines = self._lines.of(session.portal_id)
        asked = {line.id: self._pool.submit(self._gateways.status, line) for line in lines}
        states = {}
        for line_id, future in asked.items():
            try:
                states[line_id] = future.result().state
            except GatewayError:
                states[line_id] = LineState.UNKNOWN
        return states

    def presence_of(self, session: Session, phone: str) -> Presence:
        """What is known of one number, without asking. One Redis round trip."""
        keys = self._checker.keys(session.portal_id, [phone])
        try:
            found = self._checker.read(self._answers.get_many(list(keys)))
        except StoreGone:
            return unknown(Why.CANNOT_COUNT)
        return next(iter(found.values()), unknown(Why.NOT_ASKED))

    def local(self, item: CardPhone) -> LocalTime | None:
        """The client's time now."""
        return local_time(item.facts.zones, datetime.fromtimestamp(self._clock(), UTC), self._hours)

    def next_check(self, line: Line | None) -> float | None:
        """Seconds until the line may ask about one more number, 0 if it may now, None if that cannot be told."""
        try:
            return self._checker.wait(line) if line else None
        except StorageUnavailable:
            return None

    def _card(self, session: Session) -> Card:
        return self._memory.get(session) or self._read(session)

    def _current(self, session: Session, *, fresh: bool = False) -> "_Known":
        card = None if fresh else self._memory.get(session)
        known = self._known(session, card) if card else None
        if known is None or known.outdated:
            known = self._known(session, self._read(session))
        return known

    def _is_old(self, card: Card) -> bool:
        return self._clock() > card.read_at + OLD_CARD

    def _known(self, session: Session, card: Card) -> "_Known":
        """What is known about the card's phones without asking anybody: one query, one Redis round trip."""
        shown, chats = self._arranged(session, card)
        generation_key = CardMemory.generation_key(session)
        keys = self._checker.keys(session.portal_id, _e164s(shown))
        try:
            records = self._answers.get_many([generation_key, *keys])
        except StoreGone:
            return _Known(card, shown, chats, {}, outdated=False, store_gone=True)
        fresh = self._checker.read({key: records.get(key) for key in keys})
        answers = {keys[key]: presence for key, presence in fresh.items()}
        outdated = records.get(generation_key, "") != card.generation
        return _Known(card, shown, chats, answers, outdated=outdated, store_gone=False)

    def _read(self, session: Session) -> Card:
        """From the portal, with the user's rights. One batch, and one for all who open this card at once."""
        return self._reading.get(session, lambda: self._read_now(session))

    def _read_now(self, session: Session) -> Card:
        portal = self._portal(session)
        generation_key = CardMemory.generation_key(session)
        try:  # before the batch: a refresh that happens meanwhile must win
            generation = str(self._answers.get_many([generation_key]).get(generation_key, ""))
        except StoreGone:
            generation = ""
        crm = read_card(self._rest, portal, session.user_id, session.entity_type_id, session.entity_id)
        card = Card(
            phones=phones_of(
                crm.people,
                parse=lambda typed: parse_many(typed, portal.country, self._numbering.knows),
                facts_of=lambda phone: facts_of(phone, session.language, self._numbering),
                key_of=lambda name: self._keys.key(portal.id, name),
            ),
            hidden=crm.hidden,
            viewer=crm.viewer,
            read_at=self._clock(),
            generation=generation,
        )
        self._memory.put(session, card)
        return card

    def _portal(self, session: Session) -> Portal:
        portal = self._portals.get(session.portal_id)
        if portal is None:
            raise Refused(Refusal.UNKNOWN_PORTAL, 403, "session's portal is gone")
        return portal

    def _arranged(self, session: Session, card: Card) -> tuple[list[CardPhone], dict[str, Chat]]:
        """The phones that are shown, and the last used chat of each number. One query.

        Cut before anything is asked: 25 linked numbers never cost 25 checks.
        """
        chats: dict[str, Chat] = {}
        for chat in self._chats.of_phones(session.portal_id, _e164s(card.phones)):
            chats.setdefault(chat.phone, chat)
        return arrange(card.phones, chats)[:SHOWN], chats

    def _view(self, session: Session, known: "_Known", line_id: int | None) -> CardView:
        lines = self._lines.of(session.portal_id)
        rows = [self._row(session, item, known, lines) for item in known.shown]
        talked = next((row.chat_line for row in rows if row.chat_line), None)
        line = self.line(session, line_id) if line_id is not None else talked or (lines[0] if lines else None)
        return CardView(
            rows=rows,
            total=len(known.card.phones),
            hidden=known.card.hidden,
            lines=lines,
            line=line,
            old=self._is_old(known.card),
            zone=known.card.viewer.zone,
        )

    def _row(self, session: Session, item: CardPhone, known: "_Known", lines: Sequence[Line]) -> Row:
        phone = item.phone.e164 or ""
        chat = known.chats.get(phone)
        chat_line = next((line for line in lines if chat and line.id == chat.line_id), None)
        presence = known.answers.get(phone)
        if chat and chat.proved and not (presence and presence.answer is Answer.YES):
            presence = Presence(Answer.YES, chat.last_at, How.CHAT)
        return Row(
            item=item,
            presence=presence or unknown(self._why_unknown(item, known, lines)),
            local=self.local(item),
            chat=chat if chat_line else None,
            chat_line=chat_line,
        )

    def _why_unknown(self, item: CardPhone, known: "_Known", lines: Sequence[Line]) -> Why:
        if item.phone.e164 is None:
            return Why.INVALID
        if known.store_gone:
            return Why.CANNOT_COUNT
        if not lines:
            return Why.NO_LINE
        return Why.LANDLINE if item.phone.kind is LineKind.LANDLINE else Why.NOT_ASKED

    def _answered(self, row: Row, answers: dict[str, Presence]) -> Row:
        """Limits and stores in trouble are not remembered, so the answer just given is drawn over what is."""
        given = answers.get(row.item.phone.e164 or "")
        if given is None or row.presence.answer is Answer.YES:
            return row
        return replace(row, presence=given)

    def _find(self, phones: Sequence[CardPhone], key: str) -> CardPhone:
        for item in phones:
            if item.key == key:
                return item
        raise Refused(Refusal.NOT_ALLOWED, 403, "phone is not on this card")


@dataclass(frozen=True)
class _Known:
    """A card with all that is known about its phones. `outdated`: somebody threw the card away meanwhile."""

    card: Card
    shown: list[CardPhone]
    chats: dict[str, Chat]
    answers: dict[str, Presence]
    outdated: bool
    store_gone: bool


def _e164s(phones: Sequence[CardPhone]) -> list[str]:
    return [item.phone.e164 for item in phones if item.phone.e164]


def _may_ask(row: Row) -> bool:
    return row.presence.answer is Answer.UNKNOWN and row.presence.why is Why.NOT_ASKED
