"""Messages that go out later: what is due, what asks its author first, and how many an hour has."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, func, select, update

from widget.storage.kept_files import KeptFile, KeptFiles
from widget.storage.rows import reader
from widget.storage.schema import scheduled
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.tries import in_turn
from widget.storage.upsert import insert_into
from widget.version import NUMBER

LEASE = 300.0  # seconds for which one worker has a message: far more than a send takes
AT_ONCE = 100  # due messages of one round
OLDEST = scheduled.c.due_at, scheduled.c.id
OURS = scheduled.c.needs <= NUMBER


class Room(Enum):
    """Whether there is room for one more."""

    THERE = "there"
    HOUR_FULL = "hour_full"  # the line has as many in that hour already
    FILES_FULL = "files_full"  # the portal keeps as much as it may


@dataclass(frozen=True)
class Scheduled:
    """`due_at` and `since` are unix seconds. `wall` is the time on the client's clock that was
    meant, "" for a moment; `asks` is why its author has to say yes first, "" where nothing is
    asked. `entity_type_id` and `entity_id` are the card in which it was written, 0 without one;
    `typed`: a typed number is all that brought its author to the chat. Whether they may still write
    there is asked of it when it is due. `reply_to` is JSON of the message that it answers, "" for
    none; its file is kept apart (kept_files.py). `needs` is the number of the version
    (widget/version.py) that first knew all that belongs to the message: an older worker would send
    it by halves, and leaves it."""

    portal_id: int
    line_id: int
    chat_id: int
    send_key: str
    user_id: int
    user_name: str
    text: str = field(repr=False)
    due_at: float
    since: float
    wall: str = ""
    asks: str = ""
    id: int = 0
    typed: bool = False
    reply_to: str = ""
    entity_type_id: int = 0
    entity_id: int = 0
    needs: int = 0


class ScheduledSends:
    def __init__(self, engine: Engine, secret_box: SecretBox, files: KeptFiles, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._files = files
        self._clock = clock
        self._read = reader(Scheduled, scheduled, columns={"text": "sealed"}, text=secret_box.decrypt_or_empty)

    def add(self, message: Scheduled, *, per_hour: int, file: KeptFile | None = None) -> Room:
        """Keep it, with its file, where there is room. The same key twice is one message. Three
        statements at most, and two for a file."""
        row = (scheduled.c.portal_id == message.portal_id, scheduled.c.send_key == message.send_key)
        values = {name: getattr(message, name) for name in _KEPT}
        with transaction(self._engine) as connection:
            if connection.execute(select(scheduled.c.id).where(*row)).first():
                return Room.THERE
            if _in_hour(connection, message.line_id, message.due_at) >= per_hour:
                return Room.HOUR_FULL
            sealed = self._secret_box.encrypt(message.text)
            new = insert_into(connection, scheduled).values(sealed=sealed, **values).on_conflict_do_nothing()
            kept_id = connection.execute(new.returning(scheduled.c.id)).scalar()
            if file is None or kept_id is None or self._files.keep(message.portal_id, file, scheduled_id=kept_id):
                return Room.THERE
            connection.execute(delete(scheduled).where(scheduled.c.id == kept_id))
        return Room.FILES_FULL

    def of_chat(self, portal_id: int, chat_id: int) -> list[Scheduled]:
        """The next one first. One query."""
        return self._all(scheduled.c.portal_id == portal_id, scheduled.c.chat_id == chat_id)

    def asking(self, portal_id: int, user_id: int | None = None) -> list[Scheduled]:
        """Those whose authors have to say something; of one author where `user_id` says so. One
        query."""
        mine = [] if user_id is None else [scheduled.c.user_id == user_id]
        return self._all(scheduled.c.portal_id == portal_id, scheduled.c.asks != "", *mine)

    def due(self) -> list[Scheduled]:
        """Those of all portals that may go out now, the lines in turn: one that is away holds up no
        other. Not those that no key of ours opens: another host may have a newer one. One query."""
        now = self._clock()
        may = scheduled.c.asks == "", scheduled.c.due_at <= now, scheduled.c.busy_until <= now, OURS
        each = in_turn(scheduled.c.line_id, may, OLDEST)
        query = select(scheduled).join(each, each.c.id == scheduled.c.id).order_by(each.c.place, *OLDEST)
        by_parts = {"yield_per": AT_ONCE}
        with transaction(self._engine) as connection, connection.execute(query, execution_options=by_parts) as found:
            ours = (row for row in found.mappings() if self._secret_box.can_decrypt(row["sealed"]))
            return [self._read(row) for row in islice(ours, AT_ONCE)]

    def get(self, portal_id: int, scheduled_id: int) -> Scheduled | None:
        found = self._all(scheduled.c.portal_id == portal_id, scheduled.c.id == scheduled_id)
        return found[0] if found else None

    def take(self, message: Scheduled) -> bool:
        """Have it alone for some minutes, as it was read: false where another worker has it, it was
        changed meanwhile, or it is a newer version's to send. One statement."""
        same = (
            scheduled.c.due_at == message.due_at,
            scheduled.c.since == message.since,  # its text may be another
            scheduled.c.asks == message.asks,
            OURS,
        )
        return self._change(message, {"busy_until": self._clock() + LEASE}, *same)

    def release(self, message: Scheduled, *, due_at: float | None = None, asks: str = "", send_key: str = "") -> None:
        """Not sent: it is tried again when it is due, or asks its author; under another key where
        one is given. One statement."""
        values: dict[str, object] = {"busy_until": 0.0, "asks": asks}
        values |= {"due_at": due_at} if due_at is not None else {}
        self._change(message, values | ({"send_key": send_key} if send_key else {}), busy=True)

    def change(self, message: Scheduled, *, text: str, due_at: float, wall: str, per_hour: int) -> bool:
        """Another text or time, and nothing is asked any more: its author has seen the chat. False
        where it is being sent, or the hour has no room."""
        with transaction(self._engine) as connection:
            full = _in_hour(connection, message.line_id, due_at, but=message.id) >= per_hour
        values = {"sealed": self._secret_box.encrypt(text), "due_at": due_at, "wall": wall}
        return not full and self._change(message, {**values, "asks": "", "since": self._clock()})

    def remove(self, message: Scheduled, *, busy: bool = False) -> bool:
        """Take it back, or forget it once it is sent (`busy`). False where it is being sent. One
        statement."""
        with transaction(self._engine) as connection:
            return bool(connection.execute(delete(scheduled).where(*self._this(message, busy=busy))).rowcount)

    def _change(
        self, message: Scheduled, values: dict[str, object], *same: ColumnElement[bool], busy: bool = False
    ) -> bool:
        with transaction(self._engine) as connection:
            changed = update(scheduled).where(*self._this(message, busy=busy), *same).values(values)
            return bool(connection.execute(changed).rowcount)

    def _this(self, message: Scheduled, *, busy: bool) -> list[ColumnElement[bool]]:
        mine = [scheduled.c.portal_id == message.portal_id, scheduled.c.id == message.id]
        return mine if busy else [*mine, scheduled.c.busy_until <= self._clock()]

    def _all(self, *which: ColumnElement[bool]) -> list[Scheduled]:
        return self._rows(select(scheduled).where(*which).order_by(*OLDEST))

    def _rows(self, query: Select[Any]) -> list[Scheduled]:
        with transaction(self._engine) as connection:
            return [self._read(row) for row in connection.execute(query.limit(AT_ONCE)).mappings()]


_KEPT = (
    *("portal_id", "line_id", "chat_id", "send_key", "user_id", "user_name"),
    *("due_at", "wall", "since", "typed", "reply_to", "entity_type_id", "entity_id", "needs"),
)


def _in_hour(connection: Connection, line_id: int, due_at: float, but: int = 0) -> int:
    begins = due_at - due_at % 3600
    which = (scheduled.c.line_id == line_id, scheduled.c.due_at >= begins, scheduled.c.due_at < begins + 3600)
    count = select(func.count()).select_from(scheduled).where(*which, scheduled.c.id != but)
    return int(connection.execute(count).scalar_one())
