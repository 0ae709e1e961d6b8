"""Chats that are mirrored into open lines of Bitrix24: what waits to go there or comes from there,
each once.

A mirror is worked on by one caller at a time, its pieces in the order they came. A piece is written
down as ASKED before the call that cannot be repeated blindly, so that a caller that dies leaves a
question and not a second message.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, delete, func, select, update

from widget.storage.chats import Chat
from widget.storage.portals import PortalState
from widget.storage.rows import reader
from widget.storage.schema import mirrored, mirrors, portals, sends
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.sends import REPLY
from widget.storage.transaction import after_commit, transaction
from widget.storage.tries import MAX_ERROR, in_turn
from widget.storage.upsert import insert_into
from widget.timing import doubled

log = logging.getLogger(__name__)

NEWER_SECONDS = 7 * 86_400.0  # for which a piece, and what comes after it, waits for a version that knows it
KEY_SECONDS = 86_400.0  # for which what comes after a piece waits for a key that opens it; then it has no words
LEASE_SECONDS = 300.0  # longer than the slowest piece takes
FIRST_PAUSE, MAX_PAUSE = 5.0, 1800.0  # seconds until a mirror is tried again; each twice the one before
# Bitrix24 sends an event once. Seconds after something happened in a chat until it is read for what
# no event told, and so on after each reading; the last of them `MAX_LOOKS` times in all, which is
# two weeks.
LOOK_AFTER = (120.0, 600.0, 3600.0, 6 * 3600.0, 86_400.0)
MAX_LOOKS = 18


class PieceKind(Enum):
    """What a piece is: the first ones go into the open line, the last ones come out of it."""

    CLIENT = "client"  # a message of the client
    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"
    CARD = "card"  # what a rep sent from a card
    PHONE = "phone"  # what was written on the line's own phone
    OURS = "ours"  # one of these two, or what an operator wrote, was changed or taken back here
    NOTE = "note"  # why something did not go out
    OWNER = "owner"  # who answers the chat here shall answer it there
    OPERATOR = "operator"  # what an operator wrote there
    CHANGED = "changed"  # an operator changed it
    RECALLED = "recalled"  # an operator deleted it
    NEWER = ""  # of a version after this one, whose worker does it, or no worker; never written

    @classmethod
    def _missing_(cls, _value: object) -> "PieceKind":
        return cls.NEWER


FROM_OPERATORS = (PieceKind.OPERATOR, PieceKind.CHANGED, PieceKind.RECALLED)
KNOWN = [kind.value for kind in PieceKind if kind is not PieceKind.NEWER]
ORIGINALS = (PieceKind.OPERATOR, PieceKind.CARD)  # what an employee's message in the messenger was first


class State(Enum):
    WAITING = "waiting"
    ASKED = "asked"  # a call went out whose end was not written down
    DONE = "done"
    DROPPED = "dropped"  # there was nothing to do
    FAILED = "failed"


HELD = "held"  # the error of a piece that waits for its line, and nothing is wrong
OPEN = (State.WAITING.value, State.ASKED.value)


@dataclass(frozen=True)
class Mirror:
    """`portal_chat`, `client` and `session` are Bitrix24's ids of the chat, of its client and of
    the session that our last message went into, 0 until they are known."""

    id: int
    portal_id: int
    line_id: int
    chat_id: int
    portal_chat: int = 0
    client: int = 0
    session: int = 0
    operator: int = 0
    looks: int = 0
    attempts: int = 0
    next_try_at: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Piece:
    """`words` is what an operator wrote, as JSON, or a code of ours; "" for what is read elsewhere.
    `mark` is a hash of the text that the client has of an employee's message."""

    id: int
    portal_id: int
    mirror_id: int
    key: str
    what: PieceKind
    state: State
    message_id: str
    im_id: int
    user_id: int
    mark: str
    words: str = field(repr=False)
    created_at: float


@dataclass(frozen=True)
class New:
    """A piece to be put in. `due_at` (unix seconds) is when it may be worked on."""

    key: str
    kind: PieceKind
    message_id: str = ""
    user_id: int = 0
    im_id: int = 0
    words: str = ""
    due_at: float = 0.0


@dataclass(frozen=True)
class Queue:
    """What waits of one line: how much, since when (unix seconds), what the last error was; and
    what failed."""

    waiting: int = 0
    since: float = 0.0
    error: str = ""
    failed: int = 0


class Mirrors:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._mirror = reader(Mirror, mirrors)
        self._piece = reader(
            Piece,
            mirrored,
            columns={"words": "sealed", "what": "kind"},
            words=secret_box.decrypt_or_empty,
            what=PieceKind,
            state=State,
        )

    def of_chat(self, portal_id: int, chat_id: int) -> Mirror | None:
        """The mirror of a chat, None if it has none. One query."""
        query = select(mirrors).where(mirrors.c.portal_id == portal_id, mirrors.c.chat_id == chat_id)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return self._mirror(row) if row else None

    def put(self, chat: Chat, *pieces: New) -> int:
        """Put pieces in, those whose key is known already not again. Returns the mirror's id. Three
        statements, fewer where nothing is new. Joins the caller's transaction."""
        now = self._clock()
        named = {"portal_id": chat.portal_id, "line_id": chat.line_id, "chat_id": chat.id}
        with transaction(self._engine) as connection:
            connection.execute(insert_into(connection, mirrors).values(named).on_conflict_do_nothing())
            known = select(mirrors.c.id).where(mirrors.c.portal_id == chat.portal_id, mirrors.c.chat_id == chat.id)
            mirror_id = int(connection.execute(known).scalar_one())
            rows = [
                {
                    "portal_id": chat.portal_id,
                    "mirror_id": mirror_id,
                    "key": piece.key,
                    "kind": piece.kind.value,
                    "state": State.WAITING.value,
                    "message_id": piece.message_id,
                    "user_id": piece.user_id,
                    "im_id": piece.im_id,
                    "sealed": self._secret_box.encrypt(piece.words) if piece.words else "",
                    "due_at": piece.due_at,
                    "created_at": now,
                }
                for piece in pieces
            ]
            connection.execute(insert_into(connection, mirrored).values(rows).on_conflict_do_nothing())
        return mirror_id

    def wake_after(self, mirror_id: int, wake: Callable[[int], object]) -> None:
        """Tell who works on mirrors, once the caller's transaction is committed."""
        after_commit(self._engine, lambda: wake(mirror_id))

    def hasten(self, chat: Chat, key: str) -> int:
        """A piece of the chat may be worked on now. Returns the mirror's id, 0 where there is no
        such piece. Two statements."""
        mine = select(mirrors.c.id).where(mirrors.c.portal_id == chat.portal_id, mirrors.c.chat_id == chat.id)
        # «=» and not «in»: the one mirror and the key are an index, and SQLite would rather read
        # all of the portal
        one = mirrored.c.mirror_id == mine.scalar_subquery()
        which = mirrored.c.portal_id == chat.portal_id, mirrored.c.key == key, one
        due = update(mirrored).where(*which).values(due_at=0.0).returning(mirrored.c.mirror_id)
        with transaction(self._engine) as connection:
            return int(connection.execute(due).scalar() or 0)

    def portal_of(self, mirror_id: int) -> int:
        """Whose mirror it is, 0 for one that is gone. One query."""
        with transaction(self._engine) as connection:
            found = connection.execute(select(mirrors.c.portal_id).where(mirrors.c.id == mirror_id)).scalar()
        return int(found or 0)

    def due(self, limit: int = 200, *, of_one_portal: int = 50) -> list[tuple[int, int]]:
        """Mirrors with pieces that may be worked on, which no caller has: portal and mirror, the
        portals in turn. Those with a piece of a newer version are left to its workers, for a week.
        One query."""
        now = self._clock()
        waiting = select(mirrored.c.mirror_id).where(*_waits(now))
        newer = waiting.where(mirrored.c.kind.not_in(KNOWN), mirrored.c.created_at > now - NEWER_SECONDS)
        which = mirrors.c.id.in_(waiting), mirrors.c.id.not_in(newer), _free(now)
        each = in_turn(mirrors.c.portal_id, which, (mirrors.c.next_try_at, mirrors.c.id))
        query = select(each.c.whose, each.c.id).where(each.c.place <= of_one_portal)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(each.c.place, each.c.whose).limit(limit))
            return [(row.whose, row.id) for row in rows]

    def take(self, mirror_id: int) -> Mirror | None:
        """The mirror for this caller alone, until it is released or its lease is over; None if it
        is not due or taken. One statement."""
        now = self._clock()
        lease = update(mirrors).where(mirrors.c.id == mirror_id, _free(now)).values(busy_until=now + LEASE_SECONDS)
        with transaction(self._engine) as connection:
            row = connection.execute(lease.returning(*mirrors.c)).mappings().first()
        return self._mirror(row) if row else None

    def next(self, mirror: Mirror) -> Piece | None:
        """The oldest piece that may be worked on. One that only a newer version knows is left, with
        what came after it, for `NEWER_SECONDS`. The lease is renewed. Two statements, one where
        nothing waits. Raises DecryptionError for one of the last `KEY_SECONDS` that no key of ours
        opens: another host may have a newer one."""
        now = self._clock()
        with transaction(self._engine) as connection:
            row = self._oldest(connection, mirror, now)
            if row is None:
                return None
            connection.execute(update(mirrors).where(mirrors.c.id == mirror.id).values(busy_until=now + LEASE_SECONDS))
        piece = self._piece(row)
        if row["sealed"] and not piece.words and now < piece.created_at + KEY_SECONDS:
            raise DecryptionError("a piece")
        return piece

    def waits(self, mirror: Mirror) -> bool:
        """Whether it has a piece that may be worked on. One query."""
        with transaction(self._engine) as connection:
            return self._oldest(connection, mirror, self._clock()) is not None

    def _oldest(self, connection: Connection, mirror: Mirror, now: float) -> RowMapping | None:
        query = select(mirrored).where(mirrored.c.mirror_id == mirror.id, *_waits(now)).order_by(mirrored.c.id)
        row = connection.execute(query.limit(1)).mappings().first()
        if row and row["kind"] not in KNOWN and now < row["created_at"] + NEWER_SECONDS:
            log.info("mirror.newer mirror=%s piece=%s", mirror.id, row["id"])
            return None
        return row

    def release(self, mirror: Mirror, *, error: str = "", until: float = 0.0, stirred: bool = False) -> None:
        """Give the mirror back: with an error it is tried again after a pause, at `until` (unix
        seconds) at the earliest; without one nothing is wrong with it, and it may be taken again
        from `until` on. `stirred`: something happened in it, so it is read soon for what no event
        told. One statement."""
        pause = doubled(FIRST_PAUSE, mirror.attempts, MAX_PAUSE)
        values = {"busy_until": 0.0, "error": error[:MAX_ERROR], "attempts": 0, "next_try_at": until}
        if error:
            at = max(self._clock() + pause, until)
            values |= {"attempts": mirror.attempts + 1, "next_try_at": at}
        if stirred:
            values |= {"look_at": self._clock() + LOOK_AFTER[0], "looks": 0}
        with transaction(self._engine) as connection:
            connection.execute(update(mirrors).where(mirrors.c.id == mirror.id).values(values))

    def to_look_at(self, limit: int = 200) -> list[Mirror]:
        """Mirrors whose chats are to be read for what no event told, those that wait for longest
        first. One query."""
        due = mirrors.c.look_at > 0, mirrors.c.look_at <= self._clock(), mirrors.c.portal_chat != 0
        query = select(mirrors).where(*due).order_by(mirrors.c.look_at, mirrors.c.id).limit(limit)
        with transaction(self._engine) as connection:
            return [self._mirror(row) for row in connection.execute(query).mappings()]

    def looked_at(self, mirror: Mirror, *, again_in: float | None = None) -> None:
        """The chat was read; or it could not be, and is `again_in` so many seconds, 0 for never.
        One statement."""
        looks = mirror.looks + (again_in is None)
        pause = LOOK_AFTER[min(looks, len(LOOK_AFTER) - 1)] if looks < MAX_LOOKS else 0.0
        pause = pause if again_in is None else again_in
        mine = mirrors.c.id == mirror.id, mirrors.c.look_at <= self._clock()
        values = {"looks": looks, "look_at": self._clock() + pause if pause else 0.0}
        with transaction(self._engine) as connection:
            connection.execute(update(mirrors).where(*mine).values(values))

    def learn(self, mirror: Mirror, **known: float) -> Mirror:
        """Keep what Bitrix24 calls the chat (`portal_chat`), its client (`client`) and the session
        of our last message (`session`), who answers (`operator`), and when a session ended
        (`finished_at`, unix seconds)."""
        with transaction(self._engine) as connection:
            learnt = update(mirrors).where(mirrors.c.id == mirror.id).values(known).returning(*mirrors.c)
            return self._mirror(connection.execute(learnt).mappings().one())

    def ask(self, piece: Piece, *, user_id: int | None = None) -> None:
        """Write down that the call is about to go out, as this user if one is named. One
        statement."""
        self._set(piece, state=State.ASKED, **({} if user_id is None else {"user_id": user_id}))

    def wait(self, piece: Piece) -> None:
        """The call was refused: nothing was done."""
        self._set(piece, state=State.WAITING)

    def name(self, piece: Piece, im_id: int) -> None:
        """What the messenger calls it, kept before it has its end."""
        self._set(piece, im_id=im_id)

    def mark(self, piece: Piece, mark: str) -> None:
        """Which text the client has of it now, as a hash."""
        self._set(piece, mark=mark)

    def end(self, piece: Piece, state: State, *, error: str = "", **known: int | str) -> None:
        """The piece is worked on; `known` are its `im_id` and `message_id`. Its words are
        forgotten."""
        self._set(piece, state=state, error=error[:MAX_ERROR], sealed="", **known)

    def postpone(self, piece: Piece, seconds: float) -> None:
        """Look at the piece again later; those behind it go first."""
        self._set(piece, due_at=self._clock() + seconds, error="")

    def hold(self, piece: Piece, until: float) -> None:
        """The piece waits for its line until then (unix seconds), and what operators did after it
        with it. One statement."""
        self._set(piece, due_at=max(until, self._clock() + 1.0), error=HELD)

    def held_until(self, piece: Piece) -> float:
        """Until when (unix seconds) an earlier piece from an operator is held, 0 if none is. One
        query."""
        earlier = mirrored.c.mirror_id == piece.mirror_id, mirrored.c.id < piece.id
        held = mirrored.c.state.in_(OPEN), mirrored.c.error == HELD, mirrored.c.due_at > self._clock()
        with transaction(self._engine) as connection:
            return float(connection.execute(select(func.max(mirrored.c.due_at)).where(*earlier, *held)).scalar() or 0.0)

    def of_messages(self, mirror: Mirror, im_ids: Collection[int]) -> list[Piece]:
        """Every piece that is about one of these messages of the messenger, the oldest first. One
        query."""
        query = select(mirrored).where(mirrored.c.mirror_id == mirror.id, mirrored.c.im_id.in_(im_ids))
        with transaction(self._engine) as connection:
            return [self._piece(row) for row in connection.execute(query.order_by(mirrored.c.id)).mappings()]

    def ended_as(self, portal_id: int, im_id: int, kinds: Collection[PieceKind]) -> Piece | None:
        """The piece of these kinds that is this message of the messenger. One query."""
        of_kinds = mirrored.c.kind.in_([kind.value for kind in kinds])
        query = select(mirrored).where(mirrored.c.portal_id == portal_id, mirrored.c.im_id == im_id, of_kinds)
        with transaction(self._engine) as connection:
            row = connection.execute(query.order_by(mirrored.c.id)).mappings().first()
        return self._piece(row) if row else None

    def piece(self, mirror: Mirror, key: str) -> Piece | None:
        """The one of this key. One query."""
        query = select(mirrored).where(mirrored.c.mirror_id == mirror.id, mirrored.c.key == key)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return self._piece(row) if row else None

    def has(self, mirror: Mirror, *keys: str) -> bool:
        """Whether a piece with one of these keys went into the open line. One query."""
        done = mirrored.c.state == State.DONE.value
        query = select(mirrored.c.id).where(mirrored.c.mirror_id == mirror.id, mirrored.c.key.in_(keys), done)
        with transaction(self._engine) as connection:
            return connection.execute(query).first() is not None

    def there(self, chat: Chat, since: float) -> set[str]:
        """Which of its messages, by WhatsApp's ids, stand in an open line and came since this time
        (unix seconds), an hour more or less; of what an operator wrote there every part. One
        query."""
        mine = mirrors.c.portal_id == chat.portal_id, mirrors.c.chat_id == chat.id
        went = (
            mirrored.c.state == State.DONE.value,
            mirrored.c.message_id != "",
            mirrored.c.created_at >= since - 3600.0,
        )
        query = select(mirrored.c.message_id).join_from(mirrors, mirrored).where(*mine, *went)
        in_time = sends.c.portal_id == chat.portal_id, sends.c.chat_id == chat.id, sends.c.created_at >= since - 3600.0
        parts = select(sends.c.message_id).where(*in_time, sends.c.send_key.startswith(REPLY))
        with transaction(self._engine) as connection:
            return set(connection.execute(query.union(parts)).scalars())

    def waiting(self) -> tuple[int, float]:
        """What waits of all portals that can be called: how many pieces, and when the oldest came
        (unix seconds, 0 if none). One query."""
        callable_ = select(portals.c.id).where(portals.c.state == PortalState.ACTIVE.value)
        which = mirrored.c.state.in_(OPEN), mirrored.c.portal_id.in_(callable_)
        with transaction(self._engine) as connection:
            number, at = connection.execute(select(func.count(), func.min(mirrored.c.created_at)).where(*which)).one()
        return int(number), float(at or 0.0)

    def queues(self, portal_id: int) -> dict[int, Queue]:
        """What waits and what failed, by line. Two queries."""
        waiting = func.count().filter(mirrored.c.state.in_(OPEN))
        failed = func.count().filter(mirrored.c.state == State.FAILED.value)
        since = func.min(mirrored.c.created_at).filter(mirrored.c.state.in_(OPEN))
        query = (
            select(mirrors.c.line_id, waiting, failed, since, func.max(mirrors.c.error))
            .join_from(mirrors, mirrored, mirrored.c.mirror_id == mirrors.c.id)
            .where(mirrors.c.portal_id == portal_id)
            .group_by(mirrors.c.line_id)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return {row[0]: Queue(row[1], float(row[3] or 0.0), row[4] or "", row[2]) for row in rows}

    def hasten_line(self, portal_id: int, line_id: int) -> None:
        """What waits of a line may be tried now: something about it was mended. One statement."""
        mine = mirrors.c.portal_id == portal_id, mirrors.c.line_id == line_id
        with transaction(self._engine) as connection:
            connection.execute(update(mirrors).where(*mine).values(next_try_at=0.0, attempts=0, error=""))

    def forget_places(self, portal_id: int, line_id: int) -> None:
        """The line's chats stand in no open line, or in another one: what Bitrix24 called them
        there is nothing now."""
        mine = mirrors.c.portal_id == portal_id, mirrors.c.line_id == line_id
        with transaction(self._engine) as connection:
            connection.execute(update(mirrors).where(*mine).values(portal_chat=0, client=0, session=0, operator=0))

    def drop_waiting(self, portal_id: int, line_id: int) -> None:
        """Mirroring of the line is over: what waits goes nowhere. One statement."""
        of_line = select(mirrors.c.id).where(mirrors.c.portal_id == portal_id, mirrors.c.line_id == line_id)
        which = mirrored.c.portal_id == portal_id, mirrored.c.mirror_id.in_(of_line), mirrored.c.state.in_(OPEN)
        with transaction(self._engine) as connection:
            connection.execute(update(mirrored).where(*which).values(state=State.DROPPED.value, sealed=""))

    def forget(self, before: float) -> int:
        """Delete pieces that came before this time (unix seconds), done or not. Returns how many.
        One statement."""
        with transaction(self._engine) as connection:
            return connection.execute(delete(mirrored).where(mirrored.c.created_at < before)).rowcount

    def _set(self, piece: Piece, **values: object) -> None:
        if isinstance(state := values.get("state"), State):
            values["state"] = state.value
        with transaction(self._engine) as connection:
            connection.execute(update(mirrored).where(mirrored.c.id == piece.id).values(values))


def _waits(now: float) -> tuple[ColumnElement[bool], ...]:
    return mirrored.c.state.in_(OPEN), mirrored.c.due_at <= now


def _free(now: float) -> ColumnElement[bool]:
    return and_(mirrors.c.next_try_at <= now, mirrors.c.busy_until <= now)
