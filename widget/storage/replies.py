"""Quick replies: an employee's own and the portal's shared ones, and who uses which how often."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, select, update

from widget.storage.rows import reader
from widget.storage.schema import replies, reply_uses
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into

SHARED = 0  # in place of a user's id
MAX_OWN = 200  # of one employee
MAX_SHARED = 500  # of one portal


@dataclass(frozen=True)
class QuickReply:
    """`user_id` 0 is a shared one, `line_id` 0 any line. `used_at` is when the reader last used it (unix seconds, 0
    never), `times` how often all users did."""

    name: str
    text: str = field(repr=False)
    category: str = ""
    language: str = ""
    line_id: int = 0
    user_id: int = SHARED
    id: int = 0
    used_at: float = 0.0
    times: int = 0


@dataclass(frozen=True)
class _Row:
    id: int
    user_id: int
    line_id: int
    name: str
    category: str
    language: str
    text: str


class QuickReplies:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._read = reader(_Row, replies, columns={"text": "sealed"}, text=secret_box.decrypt_or_empty)

    def of(self, portal_id: int, user_id: int) -> list[QuickReply]:
        """Those that this employee owns, and the shared ones, by name. Two queries."""
        mine = replies.c.portal_id == portal_id, replies.c.user_id.in_((SHARED, user_id))
        uses = reply_uses
        counted = select(
            uses.c.reply_id,
            func.sum(uses.c.times).label("times"),
            func.max(uses.c.at).filter(uses.c.user_id == user_id).label("used_at"),
        )
        counted = counted.where(uses.c.portal_id == portal_id).group_by(uses.c.reply_id)
        with transaction(self._engine) as connection:
            rows = [self._read(row) for row in connection.execute(select(replies).where(*mine)).mappings()]
            used = {row.reply_id: row for row in connection.execute(counted)}
        found = [self._reply(row) for row in rows]
        known = [
            replace(reply, times=int(use.times), used_at=use.used_at or 0.0) if (use := used.get(reply.id)) else reply
            for reply in found
        ]
        return sorted(known, key=lambda reply: (reply.name.casefold(), reply.id))

    def get(self, portal_id: int, user_id: int, reply_id: int) -> QuickReply | None:
        """One that this employee may use. One query."""
        query = select(replies).where(*_one(portal_id, reply_id), replies.c.user_id.in_((SHARED, user_id)))
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return self._reply(self._read(row)) if row else None

    def add(self, portal_id: int, wanted: Iterable[QuickReply]) -> bool:
        """Add all of them, of one owner; none, and False, where they would be too many. Two statements, and one for
        each reply."""
        new = list(wanted)
        with transaction(self._engine) as connection:
            for user_id in {reply.user_id for reply in new}:
                count = sum(reply.user_id == user_id for reply in new)
                if _count(connection, portal_id, user_id) + count > (MAX_OWN if user_id else MAX_SHARED):
                    return False
            if new:
                connection.execute(insert(replies), [{"portal_id": portal_id, **self._values(reply)} for reply in new])
        return True

    def change(self, portal_id: int, reply: QuickReply) -> bool:
        """Store a changed reply. Returns False if its owner has none of this id. One statement."""
        which = *_one(portal_id, reply.id), replies.c.user_id == reply.user_id
        with transaction(self._engine) as connection:
            return bool(connection.execute(update(replies).where(*which).values(self._values(reply))).rowcount)

    def remove(self, portal_id: int, user_id: int, reply_id: int) -> bool:
        """Delete a reply of this owner. Returns False if they have none of this id. One statement."""
        which = *_one(portal_id, reply_id), replies.c.user_id == user_id
        with transaction(self._engine) as connection:
            return bool(connection.execute(delete(replies).where(*which)).rowcount)

    def used(self, portal_id: int, user_id: int, reply_id: int) -> None:
        """Count a use. One statement."""
        now = self._clock()
        values = {"portal_id": portal_id, "reply_id": reply_id, "user_id": user_id, "times": 1, "at": now}
        with transaction(self._engine) as connection:
            row = insert_into(connection, reply_uses).values(values)
            again = {"times": reply_uses.c.times + 1, "at": now}
            connection.execute(row.on_conflict_do_update(index_elements=["reply_id", "user_id"], set_=again))

    def _reply(self, row: _Row) -> QuickReply:
        return QuickReply(row.name, row.text, row.category, row.language, row.line_id, row.user_id, row.id)

    def _values(self, reply: QuickReply) -> dict[str, object]:
        return {
            "user_id": reply.user_id,
            "line_id": reply.line_id,
            "name": reply.name,
            "category": reply.category,
            "language": reply.language,
            "sealed": self._secret_box.encrypt(reply.text),
            "changed_at": self._clock(),
        }


def _one(portal_id: int, reply_id: int) -> tuple[ColumnElement[bool], ...]:
    return replies.c.portal_id == portal_id, replies.c.id == reply_id


def _count(connection: Connection, portal_id: int, user_id: int) -> int:
    which = and_(replies.c.portal_id == portal_id, replies.c.user_id == user_id)
    return connection.execute(select(func.count()).where(which).select_from(replies)).scalar_one()
