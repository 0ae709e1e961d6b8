"""A card as its user sees it: people from the portal, facts from disk, presence and chats from what is known."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime

from ratelimit import StorageUnavailable
from widget.answers import Answers, StoreGone
from widget.bitrix24.crm import Viewer
from widget.card.collect import SHOWN, CardPhone
from widget.card.memory import CardMemory, Drawn
from widget.card.reading import CardReader, e164s
from widget.card.rows import CardView, Known, answered, row_of
from widget.errors import Refusal, Refused
from widget.gateways.base import GatewayError, LineState, LineStatus
from widget.gateways.lines import Gateways, state_in
from widget.keys import PhoneKeys
from widget.phones.facts import facts_of
from widget.phones.hours import Hours, LocalTime, local_time
from widget.phones.numbering import Numbering
from widget.phones.numbers import parse
from widget.presence.budget import Left
from widget.presence.checker import Checker
from widget.presence.memory import Memory
from widget.presence.records import Presence, Why, unknown
from widget.session import Session
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals
from widget.storage.settings import UserSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """The card after a check, how many numbers WhatsApp was asked about, and by which line: another than the card's
    where that one may not ask."""

    view: CardView
    checked: int
    line: Line | None


class Cards:
    def __init__(
        self,
        reader: CardReader,
        memory: CardMemory,
        presences: Memory,
        answers: Answers,
        checker: Checker,
        gateways: Gateways,
        portals: Portals,
        lines: Lines,
        settings: UserSettings,
        numbering: Numbering,
        keys: PhoneKeys,
        hours: Hours,
        clock: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._memory = memory
        self._presences = presences
        self._answers = answers
        self._checker = checker
        self._gateways = gateways
        self._portals = portals
        self._lines = lines
        self._settings = settings
        self._numbering = numbering
        self._keys = keys
        self._hours = hours
        self._clock = clock

    def view(
        self, session: Session, *, line_id: int | None = None, fresh: bool = False, gone: Line | None = None
    ) -> CardView:
        """The card from what is known: no gateway call, ever. `gone` is the line that its page showed until now.

        A card read within its lifetime costs one Redis round trip and one query; otherwise (or with `fresh`) one
        batch at the portal besides. Raises Refused.
        """
        view = self._view(session, self._reader.current(session, fresh=fresh), line_id)
        return replace(view, gone=gone) if gone else view

    def drawn(self, session: Session, draw: Callable[[CardView], str], *, ask: bool) -> Drawn:
        """The card as `draw` makes it, or as it made it within this minute if nothing that it shows has changed:
        drawing is most of what a card that is known costs. Same calls and errors as `view`.
        """
        known = self._reader.current(session)
        minute = self._clock() // 60  # clients' local times are on it, and the ages of answers
        lines = self._lines.of(session.portal_id)
        left = tuple(self._checker.last_left(line) for line in lines)
        usual = self.line(session, None)  # one query, where there are several lines
        settings = (lines, self._lines.kept(session.portal_id), usual, self._reader.portal(session))
        shows = (known, settings, self._reader.is_old(known.card), left, minute, ask)
        drawn = self._memory.drawn(session, shows)
        if drawn is None:
            view = self._view(session, known, None)
            line_id = view.line.id if view.line else 0
            drawn = Drawn(draw(view), tuple(e164s(known.shown)), line_id, len(view.to_ask))
            self._memory.put_drawn(session, shows, drawn)
        return drawn

    def check(
        self,
        session: Session,
        phone_keys: Sequence[str],
        line_id: int | None,
        *,
        pressed: bool = False,
        again: bool = False,
    ) -> Checked:
        """Ask about these phones of the card (an unknown key is refused), then draw it again.

        `pressed` by somebody, the line's whole budget may be spent; `again` asks about fresh answers too.
        """
        before = self._view(session, self._reader.current(session), line_id)
        asked = [self._find([row.item for row in before.rows], key) for key in phone_keys]
        phones = [item.phone.e164 for item in asked if item.phone.e164]
        if not before.line or not phones:
            return Checked(self.view(session, line_id=line_id), 0, before.line)
        outcome = self._checker.check(before.line, phones, others=before.lines, pressed=pressed, again=again)
        view = self.view(session, line_id=line_id)
        rows = [answered(row, outcome.answers) for row in view.rows]
        return Checked(replace(view, rows=rows, left=self.left(view.line)), outcome.checked, outcome.line)

    def refresh(self, session: Session, line_id: int | None) -> CardView:
        """Throw away what is remembered of the card, everywhere, and read the portal again. What is known of its
        numbers stays to be shown, until the page has asked again; what its line has left is looked up."""
        try:
            self._answers.set_many(
                {CardMemory.generation_key(session): CardMemory.new_generation()}, 2 * self._memory.seconds
            )
        except StoreGone:
            log.warning("refresh: the cache is out of reach, it holds what it held")
        self._reader.read(session)
        line_id, gone = self.still(session, line_id)
        view = self.view(session, line_id=line_id, gone=gone)
        return replace(view, left=self.left(view.line))

    def phone(self, session: Session, phone_key: str) -> CardPhone:
        """The phone behind a key, if it is on this user's card. Refused otherwise; at most one batch."""
        return self._find(self._reader.card(session).phones, phone_key)

    def with_reading(self, session: Session, offer_key: str) -> Session:
        """The session with a suggested number chosen. Refused if no row of this card offers it; at most one batch."""
        offers = [offer for item in self._reader.card(session).phones for offer in item.offers]
        self._find(offers, offer_key)
        return replace(session, readings=(*session.readings, offer_key)[-SHOWN:])

    def require(self, session: Session, phone: str) -> CardPhone:
        """The same for a number: a chat opens from every card that has its number, and from no other."""
        return self.phone(session, self._keys.key(session.portal_id, phone))

    def typed(self, session: Session, text: str) -> CardPhone:
        """A number that somebody typed, with its facts; without `phone.e164` if it is none. No outside call."""
        portal = self._reader.portal(session)
        phone = parse(text, portal.country, self._numbering.knows)
        return CardPhone(
            key=self._keys.key(portal.id, phone.e164 or f"typed {phone.typed}"),
            phone=phone,
            facts=facts_of(phone, session.language, self._numbering),
            owners=(),
            typed=(phone.typed,),
        )

    def viewer_zone(self, session: Session) -> str:
        """The zone whose times this user reads: of their profile, else the browser's, "" (UTC) without either."""
        return self.viewer(session).zone or session.zone

    def viewer(self, session: Session) -> Viewer:
        """Who has this page open, as the portal said when it was read. At most one batch."""
        return self._reader.card(session).viewer

    def lines(self, session: Session) -> tuple[Line, ...]:
        """The lines this user may use here, oldest first. At most one batch."""
        return self._reader.lines(session)

    def readable(self, session: Session) -> tuple[Line, ...]:
        """The same, and after them the lines that are switched off or removed: their chats stay. At most one batch."""
        return (*self.lines(session), *self._reader.kept(session))

    def still(self, session: Session, line_id: int | None) -> tuple[int | None, Line | None]:
        """The line that a page shows, as long as it may be used; else none, and the line that was switched off or
        removed meanwhile. Refused for any other."""
        gone = next((line for line in self._reader.kept(session) if line.id == line_id), None)
        if gone or line_id is None:
            return None, gone
        self.line(session, line_id)
        return line_id, None

    def line(self, session: Session, line_id: int | None) -> Line | None:
        """One of the lines this user may use: the asked one (refused otherwise, in other words for one that is
        switched off or removed), else their usual one, else the first."""
        lines = self.lines(session)
        if line_id is None:
            usual = self._settings.of(session.portal_id, session.user_id).line_id if len(lines) > 1 else None
            return next((line for line in lines if line.id == usual), lines[0] if lines else None)
        for line in lines:
            if line.id == line_id:
                return line
        if any(line.id == line_id for line in self._reader.kept(session)):
            raise Refused(Refusal.LINE_OFF, 409, "line")
        raise Refused(Refusal.NOT_ALLOWED, 403, "line")

    def line_states(self, session: Session) -> dict[int, LineState]:
        """The state of every line this user may use."""
        return self.states_of(self.lines(session))

    def states_of(self, lines: Sequence[Line]) -> dict[int, LineState]:
        """The lines' states as far as they are known. No call, at most one Redis round trip."""
        return {line_id: state_in(said) for line_id, said in self.statuses_or_errors(lines).items()}

    def statuses_or_errors(self, lines: Sequence[Line]) -> dict[int, LineStatus | GatewayError | None]:
        """The same for an administrator, who is told why a gateway did not say; None where nothing is known yet."""
        return self._gateways.known_of(lines)

    def presence_of(self, session: Session, phone: str) -> Presence:
        """What is known of one number, without asking. One Redis round trip, and a query where that has nothing."""
        return self._presences.one(session.portal_id, phone) or unknown(Why.NOT_ASKED)

    def barred(self, session: Session) -> bool:
        """There are lines, but none that this user may use."""
        return bool(self._lines.of(session.portal_id)) and not self.lines(session)

    def hours(self, portal_id: int) -> Hours:
        """The hours of the traffic light: the portal's own, else the service's."""
        portal = self._portals.get(portal_id)
        return Hours(*portal.light_hours) if portal and portal.light_hours else self._hours

    def borders(self, portal_id: int) -> str:
        """The same hours as the page's clock reads them: «7,8,19,21»."""
        return ",".join(map(str, astuple(self.hours(portal_id))))

    def local(self, session: Session, item: CardPhone) -> LocalTime | None:
        """The client's time now."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return local_time(item.facts.zones, now, self.hours(session.portal_id))

    def left(self, line: Line | None) -> Left | None:
        """What the line may still ask today, None if that cannot be told. One round trip."""
        return self._checker.left(line) if line else None

    def next_check(self, line: Line | None) -> float | None:
        """Seconds until the line may ask about one more number, 0 if it may now, None if that cannot be told."""
        try:
            return self._checker.wait(line) if line else None
        except StorageUnavailable:
            return None

    def _view(self, session: Session, known: Known, line_id: int | None) -> CardView:
        lines, kept = self.lines(session), self._reader.kept(session)
        rows = [row_of(item, known, lines, self.local(session, item), kept) for item in known.shown]
        talked = next((row.own_line for row in rows if row.own_line), None)
        line = self.line(session, line_id) if line_id is not None else talked or self.line(session, None)
        return CardView(
            rows=rows,
            total=len(known.card.phones),
            hidden=known.card.hidden,
            lines=lines,
            line=line,
            old=self._reader.is_old(known.card),
            zone=known.card.viewer.zone or session.zone,
            hours=self.borders(session.portal_id),
            barred=not lines and bool(self._lines.of(session.portal_id)),
            left=self._checker.last_left(line) if line else None,
        )

    def _find(self, phones: Sequence[CardPhone], key: str) -> CardPhone:
        for item in phones:
            if item.key == key:
                return item
        raise Refused(Refusal.NOT_ALLOWED, 403, "phone is not on this card")
