"""Quick replies: an employee's own and the portal's shared ones, and who uses which how often."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, select, update

from widget.storage.lines import Grantee, grantees_json, read_grantees
from widget.storage.rows import reader
from widget.storage.schema import replies, reply_uses
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into

SHARED = 0  # in place of a user's id
MAX_OWN = 200  # of one employee
MAX_SHARED = 500  # of one portal


@dataclass(frozen=True)
class ReplyUse:
    """How often a quick reply was used in all, by how many employees, and when last (unix seconds,
    0 never)."""

    times: int = 0
    people: int = 0
    last_at: float = 0.0


@dataclass(frozen=True)
class QuickReply:
    """`user_id` 0 is a shared one: `line_ids` are those in whose chats it is used, () any; `access`
    is who may use it, () everybody, and `editors` who may change it beside administrators.
    `used_at` is when the reader last used it (unix seconds, 0 never)."""

    name: str
    text: str = field(repr=False)
    category: str = ""
    language: str = ""
    user_id: int = SHARED
    id: int = 0
    line_ids: tuple[int, ...] = ()
    access: tuple[Grantee, ...] = ()
    editors: tuple[Grantee, ...] = ()
    used_at: float = 0.0
    use: ReplyUse = ReplyUse()

    def serves(self, line_id: int) -> bool:
        """Whether it is for chats of this line."""
        return not self.line_ids or line_id in self.line_ids


@dataclass(frozen=True)
class _Row:
    id: int
    user_id: int
    line_id: int
    line_ids: tuple[int, ...]
    access: tuple[Grantee, ...]
    editors: tuple[Grantee, ...]
    name: str
    category: str
    language: str
    text: str


class QuickReplies:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._read = reader(
            _Row,
            replies,
            columns={"text": "sealed"},
            text=secret_box.decrypt_or_empty,
            line_ids=lambda text: tuple(json.loads(text)),
            access=read_grantees,
            editors=read_grantees,
        )

    def of(self, portal_id: int, user_id: int) -> list[QuickReply]:
        """Those that this employee owns, and the shared ones, by name. Two queries."""
        mine = replies.c.portal_id == portal_id, replies.c.user_id.in_((SHARED, user_id))
        uses = reply_uses
        counted = select(
            uses.c.reply_id,
            func.sum(uses.c.times).label("times"),
            func.count().label("people"),
            func.max(uses.c.at).label("last_at"),
            func.max(uses.c.at).filter(uses.c.user_id == user_id).label("used_at"),
        )
        counted = counted.where(uses.c.portal_id == portal_id).group_by(uses.c.reply_id)
        with transaction(self._engine) as connection:
            rows = [self._read(row) for row in connection.execute(select(replies).where(*mine)).mappings()]
            used = {row.reply_id: row for row in connection.execute(counted)}
        found = [self._reply(row) for row in rows]
        known = [
            replace(reply, use=ReplyUse(int(use.times), use.people, use.last_at), used_at=use.used_at or 0.0)
            if (use := used.get(reply.id))
            else reply
            for reply in found
        ]
        return sorted(known, key=lambda reply: (reply.name.casefold(), reply.id))

    def get(self, portal_id: int, user_id: int, reply_id: int) -> QuickReply | None:
        """This employee's own, or a shared one. One query."""
        query = select(replies).where(*_one(portal_id, reply_id), replies.c.user_id.in_((SHARED, user_id)))
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return self._reply(self._read(row)) if row else None

    def set_access(self, portal_id: int, reply_id: int, access: Sequence[Grantee]) -> None:
        """Who may use a shared one; an empty list is every employee. One statement."""
        self._set(portal_id, reply_id, access=grantees_json(access))

    def set_editors(self, portal_id: int, reply_id: int, editors: Sequence[Grantee]) -> None:
        """Who may change a shared one beside administrators. One statement."""
        self._set(portal_id, reply_id, editors=grantees_json(editors))

    def add(self, portal_id: int, wanted: Iterable[QuickReply]) -> bool:
        """Add all of them, of one owner; none, and False, where they would be too many. Two
        statements, and one for each reply."""
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
        """Delete a reply of this owner. Returns False if they have none of this id. One
        statement."""
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

    def _set(self, portal_id: int, reply_id: int, **values: object) -> None:
        which = *_one(portal_id, reply_id), replies.c.user_id == SHARED
        with transaction(self._engine) as connection:
            connection.execute(update(replies).where(*which).values(values))

    def _reply(self, row: _Row) -> QuickReply:
        only = (row.line_id,) if row.line_id else ()  # as a version wrote it that knew one line
        return QuickReply(
            *(row.name, row.text, row.category, row.language, row.user_id, row.id),
            line_ids=row.line_ids or only,
            access=row.access,
            editors=row.editors,
        )

    def _values(self, reply: QuickReply) -> dict[str, object]:
        return {
            "user_id": reply.user_id,
            "line_id": reply.line_ids[0] if reply.line_ids else 0,
            "line_ids": json.dumps(reply.line_ids),
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
