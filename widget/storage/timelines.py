"""Conversations in the timelines of cards: what a portal wants of them, and which comments hold
them."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from typing import Any

from sqlalchemy import ColumnClause, Engine, and_, delete, func, literal_column, not_, or_, select, update

from widget.storage.backlog import Backlog, written_since
from widget.storage.chats import Chat, chat_of_row
from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import IS_MARK, chats, mirrors, records, timelines
from widget.storage.transaction import transaction
from widget.storage.tries import MAX_ERROR
from widget.storage.upsert import insert_into
from widget.timing import doubled

LEASE_SECONDS = 300.0
FIRST_PAUSE, MAX_PAUSE = 60.0, 6 * 3600.0
MAX_DUE = 50  # chats of one round
MARK_DAYS = 7.0  # that one is kept which no card got
_MARK: ColumnClause[Any] = literal_column(IS_MARK)


class TimelineMode(Enum):
    OFF = "off"
    DAY = "day"  # one comment a day, which grows while the conversation runs
    END = "end"  # one transcript when it has ended


@dataclass(frozen=True)
class TimelineSettings:
    """`funnels` () is all of them. `kinds` are other kinds of cards (entityTypeId) that tell it
    too: quotes, invoices, smart processes. `idle_hours`: after so long without a message a
    conversation has ended. `zone` is the one of the administrator who chose, for days and times; ""
    is UTC. `since` (unix seconds) is when it was chosen."""

    mode: TimelineMode = TimelineMode.OFF
    deals: bool = True
    leads: bool = True
    closed: bool = False
    funnels: tuple[int, ...] = ()
    kinds: tuple[int, ...] = ()
    copies: bool = False  # the contact and the company show it too
    badge: bool = False  # cards whose client waits are marked
    idle_hours: int = 4
    zone: str = ""
    since: float = 0.0


@dataclass(frozen=True)
class Record:
    """One comment. `comment_id` and the card are 0 until they are known. `asked`: a call went out
    whose end is not written down, or its copies are not all there. `others`: how many other deals
    the client had when it was made."""

    id: int
    portal_id: int
    chat_id: int
    name: str
    owner_type: int
    owner_id: int
    comment_id: int
    user_id: int
    begins_at: float
    told_at: float
    asked: bool
    others: int
    attempts: int
    error: str


class Timelines:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._record = reader(Record, records)
        self.backlog = Backlog(engine, timelines, clock)

    def settings(self, portal_id: int) -> TimelineSettings:
        """What the portal chose; nothing where it never chose. One query."""
        query = select(timelines).where(timelines.c.portal_id == portal_id)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return _settings(row["settings"], row["since"]) if row else TimelineSettings()

    def save(self, portal_id: int, settings: TimelineSettings) -> None:
        """Keep the choice. Messages from before it was switched on are not told. One statement."""
        before = self.settings(portal_id)
        was_on = before.mode is not TimelineMode.OFF
        since = before.since if was_on else self._clock()
        values = {"settings": _written(settings), "since": since, "behind": True}
        with transaction(self._engine) as connection:
            row = insert_into(connection, timelines).values(portal_id=portal_id, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["portal_id"], set_=values))

    def chosen(self) -> dict[int, TimelineSettings]:
        """The choices of all portals that made one, by portal. One query."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(timelines)).mappings().all()
        return {row["portal_id"]: _settings(row["settings"], row["since"]) for row in rows}

    def wanted(self) -> dict[int, TimelineSettings]:
        """Every portal that wants comments. One query."""
        return {portal_id: one for portal_id, one in self.chosen().items() if one.mode is not TimelineMode.OFF}

    def marked(self) -> list[Record]:
        """The marks of waiting clients that stand in cards, or may, of all portals. One query,
        which reads marks alone."""
        mine = _MARK, or_(records.c.comment_id != 0, records.c.asked)
        with transaction(self._engine) as connection:
            return [self._record(row) for row in connection.execute(select(records).where(*mine)).mappings()]

    def forget_marks(self) -> int:
        """Delete the marks of a week ago that no card ever got: the CRM did not know their clients.
        Returns how many."""
        never = _MARK, records.c.comment_id == 0, records.c.asked.is_(False)
        return prune(self._engine, records, and_(*never, records.c.begins_at < self._clock() - MARK_DAYS * 86_400.0))

    def drop(self, record: Record) -> None:
        """Forget a mark that was removed from its card. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(delete(records).where(records.c.id == record.id))

    def due(
        self, portal_id: int, settings: TimelineSettings, lines: Collection[int], since: float = 0.0
    ) -> list[tuple[Chat, float]]:
        """Chats of these lines, written in since a time (unix seconds), with messages that no
        comment holds, and the time up to which they are held, those quiet for longest first, at
        most MAX_DUE. What is being told or rests after a failure is left out. One query, which
        reads the chats since then alone."""
        now = self._clock()
        of_chat = records.c.chat_id == chats.c.id, not_(_MARK), records.c.name.not_like("%@%")
        newest = select(func.max(records.c.told_at)).where(*of_chat)
        taken = or_(records.c.next_try_at > now, records.c.busy_until > now)
        rests = select(records.c.id).where(*of_chat, taken).exists()
        last = func.coalesce(newest.scalar_subquery(), 0.0)
        query = (
            select(chats, last.label("held"))
            .where(written_since(portal_id, max(settings.since, since)), chats.c.line_id.in_(lines))
            .where(chats.c.last_at > last, ~rests)
            .order_by(chats.c.last_at)
        )
        if settings.mode is TimelineMode.END:
            quiet = chats.c.last_at <= now - settings.idle_hours * 3600.0
            finished = select(mirrors.c.id).where(
                mirrors.c.chat_id == chats.c.id, mirrors.c.finished_at >= chats.c.last_at
            )
            query = query.where(or_(quiet, finished.exists()))
        with transaction(self._engine) as connection:
            rows = connection.execute(query.limit(MAX_DUE)).mappings().all()
        return [(chat_of_row(row), float(row["held"])) for row in rows]

    def beside(self, record: Record) -> list[str]:
        """The names of the records of this conversation that are comments of their own in other
        cards. One query."""
        mine = records.c.chat_id == record.chat_id, records.c.portal_id == record.portal_id
        query = select(records.c.name).where(*mine, records.c.name.like(f"{record.name}@%")).order_by(records.c.id)
        with transaction(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def take(self, chat: Chat, name: str, begins_at: float) -> Record | None:
        """The record of this name, made if there is none, for this caller alone; None if it is not
        due or taken."""
        now = self._clock()
        named = {"portal_id": chat.portal_id, "chat_id": chat.id, "name": name}
        mine = and_(*(records.c[key] == value for key, value in named.items()))
        free = and_(records.c.busy_until <= now, records.c.next_try_at <= now)
        with transaction(self._engine) as connection:
            connection.execute(
                insert_into(connection, records).values(**named, begins_at=begins_at).on_conflict_do_nothing()
            )
            lease = update(records).where(mine, free).values(busy_until=now + LEASE_SECONDS)
            row = connection.execute(lease.returning(*records.c)).mappings().first()
        return self._record(row) if row else None

    def note(self, record: Record, others: int) -> Record:
        """How many other deals might have been meant."""
        self._set(record, others=others)
        return replace(record, others=others)

    def ask(self, record: Record, *, owner_type: int, owner_id: int, user_id: int) -> Record:
        """Write down that a comment is about to be made: in which card, as which user. One
        statement."""
        self._set(record, asked=True, owner_type=owner_type, owner_id=owner_id, user_id=user_id)
        return replace(record, asked=True, owner_type=owner_type, owner_id=owner_id, user_id=user_id)

    def made(self, record: Record, comment_id: int) -> Record:
        """The comment is there; it is `done` when its copies are too."""
        self._set(record, comment_id=comment_id)
        return replace(record, comment_id=comment_id)

    def done(self, record: Record, told_at: float) -> None:
        """Note that the comment holds all messages until this time (unix seconds), and is where it
        was to be. One statement."""
        self._set(record, told_at=told_at, asked=False, busy_until=0.0, next_try_at=0.0, attempts=0, error="")

    def leave(self, record: Record) -> None:
        """Let it be as it was: it may be taken again at once. One statement."""
        self._set(record, busy_until=0.0)

    def give_up(self, record: Record, told_at: float, error: str) -> None:
        """The messages until this time (unix seconds) stay untold, and why is kept: what comes
        later is told. One statement."""
        failure = {"attempts": record.attempts + 1, "error": error[:MAX_ERROR]}
        self._set(record, told_at=told_at, busy_until=0.0, next_try_at=0.0, **failure)

    def fail(self, record: Record, error: str) -> None:
        """Note the failure; the comment is tried again after a pause. One statement."""
        pause = doubled(FIRST_PAUSE, record.attempts, MAX_PAUSE)
        failure = {"attempts": record.attempts + 1, "error": error[:MAX_ERROR]}
        self._set(record, busy_until=0.0, next_try_at=self._clock() + pause, **failure)

    def _set(self, record: Record, **values: object) -> None:
        with transaction(self._engine) as connection:
            connection.execute(update(records).where(records.c.id == record.id).values(values))


_FIELDS = frozenset(field.name for field in fields(TimelineSettings))


def _written(settings: TimelineSettings) -> str:
    values = {**asdict(replace(settings, since=0.0)), "mode": settings.mode.value}
    if not settings.kinds:
        del values["kinds"]  # the release before does not know it
    return json.dumps(values)


def _settings(text: str, since: float) -> TimelineSettings:
    values = {name: value for name, value in json.loads(text).items() if name in _FIELDS}  # a newer release knows more
    lists = {name: tuple(values.get(name, ())) for name in ("funnels", "kinds")}
    return TimelineSettings(**{**values, **lists, "mode": TimelineMode(values["mode"]), "since": since})
