"""The user of a request, without cookies: a short signed session that the page keeps and sends in a
header.

A cross-site iframe loses its cookies, and a header that only our own script can set leaves nothing
to forge. There are two kinds of ticket:

* an *opening* is what Bitrix24 posted, sealed by us and not yet believed. It costs no call to make,
  so a hidden card costs none. It is encrypted because it holds the user's token.
* a *session* is made only after the token was proved, and says who this is and which card it is
  about.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from cachetools import LRUCache
from cryptography.fernet import InvalidToken, MultiFernet
from itsdangerous import BadData, URLSafeTimedSerializer

from widget.errors import ErrorCode, Refused

LAUNCH_HEADER = "X-Opening"
SESSION_HEADER = "X-Session"
ZONE_HEADER = "X-Zone"
OPENING_SECONDS = 12 * 3600  # a card may stay open for a working day before it is revealed
MAX_TICKET = 4096
CLOCKS_APART = 60  # seconds by which another host's clock may be ahead; Fernet grants an opening as many
MAX_READ = 4096  # tickets whose sessions are remembered, about 1 kB each


@dataclass(frozen=True)
class Launch:
    """What the form that opened a page said. Nothing in it is proved."""

    member_id: str
    domain: str
    access_token: str
    refresh_token: str
    expires_in: int
    entity_type_id: int
    entity_id: int
    language: str
    edit_mode: bool = False
    number: str = ""  # as in Session; only ever put in by us
    line_id: int = 0
    granted: bool = False
    server: str = ""  # the authorisation server that the form named

    def for_number(self, number: str, line_id: int, *, granted: bool = False) -> "Launch":
        """This opening without its card, for one number on one line."""
        return replace(self, entity_type_id=0, entity_id=0, number=number, line_id=line_id, granted=granted)


@dataclass(frozen=True)
class Session:
    """Proved: this user of this portal has this card open. `entity_id` is 0 on the app's own page.

    There `number` is the one this user typed in order to write to it from the line `line_id`. It
    stands in for the card: the session opens the chat of that number on that line, and of no other.
    `granted`: it was not typed, but chosen among the clients who wait, by who may read its chat
    (chats/rights.py). `zone` is the browser's, for who has none in Bitrix24 (there it is «the
    browser's» then). `readings` are keys of suggested numbers that this user pressed
    (`CardPhone.offers`): they change what rows of a card show, and do not make it another card.
    """

    portal_id: int
    user_id: int
    entity_type_id: int
    entity_id: int
    language: str
    edit_mode: bool = False
    number: str = ""
    line_id: int = 0
    granted: bool = False
    zone: str = ""
    readings: tuple[str, ...] = field(default=(), compare=False)

    def for_number(self, number: str, line_id: int, *, granted: bool = False) -> "Session":
        """This session without its card, for one number on one line: on a card, chats are open to
        all who see the card."""
        return replace(self, entity_type_id=0, entity_id=0, number=number, line_id=line_id, granted=granted)

    def __repr__(self) -> str:
        card = f"{self.entity_type_id}:{self.entity_id}"
        return f"Session(portal_id={self.portal_id}, user_id={self.user_id}, card={card})"


class SessionTokens:
    """Makes and reads both kinds; of several keys the last signs. Raises Refused(SESSION_OVER) for
    anything old, forged or cut."""

    def __init__(
        self,
        secret_keys: str | Sequence[str],
        fernet: MultiFernet,
        session_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer = URLSafeTimedSerializer(secret_keys, salt="session-1")
        self._fernet = fernet
        self._seconds = session_seconds
        self._clock = clock
        self._read: LRUCache[str, tuple[Session, float]] = LRUCache(MAX_READ)
        self._lock = threading.Lock()

    def encrypt_launch(self, opening: Launch) -> str:
        return self._fernet.encrypt(json.dumps(asdict(opening)).encode()).decode()

    def read_launch(self, ticket: str) -> Launch:
        """What a page was opened with. Raises Refused(SESSION_OVER)."""
        try:
            return Launch(**json.loads(self._fernet.decrypt(_bounded(ticket), ttl=OPENING_SECONDS)))
        except (InvalidToken, ValueError, TypeError) as error:
            raise Refused(ErrorCode.SESSION_OVER, reason="opening") from error

    def sign_session(self, session: Session) -> str:
        return str(self._signer.dumps(asdict(session)))

    def read_session(self, ticket: str) -> Session:
        """The session of a ticket. A ticket that was verified here before is checked for its age
        alone. Raises Refused(SESSION_OVER)."""
        with self._lock:
            known = self._read.get(ticket)
        session, signed_at = known or self._verified(ticket)
        self._refuse_old(signed_at, self._seconds)
        with self._lock:
            self._read[ticket] = session, signed_at
        return session

    def with_readings(self, session: Session, old_ticket: str) -> Session:
        """The session with the suggestions that its user pressed on this card in an older one,
        which may be over."""
        try:
            old, signed_at = self._verified(old_ticket)
            self._refuse_old(signed_at, OPENING_SECONDS)
        except Refused:
            return session
        return replace(session, readings=old.readings) if _card_of(old) == _card_of(session) else session

    def _refuse_old(self, signed_at: float, seconds: float) -> None:
        if not -CLOCKS_APART <= self._clock() - signed_at <= seconds:
            raise Refused(ErrorCode.SESSION_OVER, reason="too old, or from the future")

    def _verified(self, ticket: str) -> tuple[Session, float]:
        """The session, and when it was signed (unix seconds)."""
        try:
            values, signed_at = self._signer.loads(_bounded(ticket), return_timestamp=True)
            return Session(**{**values, "readings": tuple(values.get("readings", ()))}), signed_at.timestamp()
        except (BadData, ValueError, TypeError) as error:
            raise Refused(ErrorCode.SESSION_OVER, reason="session") from error


def _card_of(session: Session) -> tuple[int, ...]:
    return session.portal_id, session.user_id, session.entity_type_id, session.entity_id


def _bounded(ticket: str) -> bytes:
    if not ticket or len(ticket) > MAX_TICKET:
        raise ValueError("no ticket")
    return ticket.encode()
