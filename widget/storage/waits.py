"""Who wrote last in a chat, since when its client waits, and who answers it. Kept beyond the wiping
of texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sqlalchemy import ColumnClause, ColumnElement, Engine, case, delete, func, literal, literal_column, select, update

from widget.storage.chats import Chat, chat_of_row
from widget.storage.schema import chats, losses, messages, sends
from widget.storage.sends import WENT_OUT
from widget.storage.transaction import after_commit, transaction
from widget.storage.upsert import insert_into

MAX_TURNS = 60  # of one chat that a recount looks at; what was before them is in its columns
MAX_LISTED = 200
MAX_LOST = 20  # chats whose loss a user is told at once
MAX_LATE = 5000
COUNTED_DAYS = 7  # who has waited for longer is told to no operator
# How long a client has waited at least (seconds), longest first; the names are labels of a metric.
WAITED = (("a_day", 86_400.0), ("an_hour", 3600.0), ("a_quarter", 900.0), ("less", 0.0))


class By(Enum):
    """Who wrote a message."""

    CLIENT = "client"
    REP = "rep"  # sent from a card
    DEVICE = "device"  # from us, but not from here: the phone, or an automatic answer of its application


class ChatTurn(NamedTuple):
    """One message: when it was written (unix seconds), by whom, and its id, "" for a send."""

    at: float
    by: By
    message_id: str = ""


@dataclass(frozen=True)
class Filter:
    """Which waiting chats are wanted. `owner_id` None is any, 0 none."""

    line_ids: tuple[int, ...]
    owner_id: int | None = None


class Waits:
    def __init__(self, engine: Engine, tell: Callable[[Chat], None]) -> None:
        """`tell` is told of a chat after it was changed. Must not raise."""
        self._engine = engine
        self._tell = tell

    def turns(self, chat: Chat) -> list[ChatTurn]:
        """The newest turns of the chat, unordered: what webhooks told, and what was sent from
        cards. Sends that did not surely go out are none, nor are automatic ones. Two queries."""
        written = (
            select(messages.c.at, messages.c.from_me, messages.c.message_id)
            .where(
                messages.c.portal_id == chat.portal_id,
                messages.c.line_id == chat.line_id,
                messages.c.chat_id.in_(chat.chat_ids),
                messages.c.at > 0,
            )
            .order_by(messages.c.at.desc())
            .limit(MAX_TURNS)
        )
        sent = (
            select(sends.c.created_at, sends.c.user_id, sends.c.state, sends.c.message_id)
            .where(sends.c.portal_id == chat.portal_id, sends.c.chat_id == chat.id)
            .order_by(sends.c.created_at.desc())
            .limit(MAX_TURNS)
        )
        with transaction(self._engine) as connection:
            told, ours = connection.execute(written).all(), connection.execute(sent).all()
        known = {row.message_id for row in ours}
        return [
            *(
                ChatTurn(row.at, By.DEVICE if row.from_me else By.CLIENT, row.message_id)
                for row in told
                if row.message_id not in known
            ),
            *(ChatTurn(row.created_at, By.REP) for row in ours if row.user_id and row.state in _WENT),
        ]

    def sent_ids(self, chat: Chat, message_ids: Sequence[str]) -> set[str]:
        """Which of these messages are sends from cards. One query, none for no ids."""
        if not message_ids:
            return set()
        mine = sends.c.portal_id == chat.portal_id, sends.c.chat_id == chat.id, sends.c.message_id.in_(message_ids)
        with transaction(self._engine) as connection:
            return set(connection.execute(select(sends.c.message_id).where(*mine)).scalars())

    def get(self, chat: Chat) -> Chat | None:
        """The chat as it is stored now. One query."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(chats).where(*_this(chat))).mappings().first()
        return chat_of_row(row) if row else None

    def recounted(self, chat: Chat, *, since: float, theirs_at: float, answered_at: float) -> Chat | None:
        """Store what was worked out from the chat's turns; None if another process has done so
        since `chat` was read. One statement. It counts even where nothing changes: who read fewer
        turns must not write after it."""
        values = {"waiting_since": since, "theirs_at": theirs_at, "answered_at": answered_at}
        return self._change(chat, chats.c.recounts == chat.recounts, **values, recounts=chat.recounts + 1)

    def waive(self, chat: Chat, user_id: int, *, until: float) -> Chat | None:
        """The client's messages up to `until` (unix seconds) need no reply; None where that was
        said of them and later ones. One statement."""
        at = case((chats.c.theirs_at < until, chats.c.theirs_at), else_=literal(until))
        recounts = chats.c.recounts + 1
        return self._change(chat, chats.c.waived_at < at, waived_at=at, waived_by=user_id, recounts=recounts)

    def own(self, chat: Chat, user_id: int, *, at: float, typed: bool = False) -> Chat | None:
        """Give the chat to a user, 0 for none; None if it is theirs. `typed`: a typed number is all
        that brought them. Who had it is told. One statement, a second one where there was an
        owner."""
        which = chats.c.owner_id != user_id
        was = case((chats.c.owner_id != 0, chats.c.owner_id), else_=chats.c.owner_was)
        with transaction(self._engine) as connection:
            owned = self._change(chat, which, owner_id=user_id, owner_at=at, owner_typed=typed, owner_was=was)
            if owned and owned.owner_was:
                row = {"portal_id": owned.portal_id, "user_id": owned.owner_was, "chat_id": owned.id}
                connection.execute(insert_into(connection, losses).values(row).on_conflict_do_nothing())
        return owned

    def is_taken_from(self, chat: Chat, user_id: int) -> bool:
        """Whether another user has this chat now that was theirs, and they have not seen that. One
        query where others are to be told, none else."""
        if not chat.owner_was or chat.owner_id in (0, user_id):
            return False
        if chat.owner_was == user_id:
            return True
        with transaction(self._engine) as connection:
            return (
                connection.execute(select(losses).where(*_loss(chat.portal_id, chat.id, user_id))).first() is not None
            )

    def seen_by_loser(self, portal_id: int, chat_id: int, user_id: int) -> None:
        """The user from whom the chat was taken has seen that. Two statements."""
        mine = chats.c.portal_id == portal_id, chats.c.id == chat_id, chats.c.owner_was == user_id
        others = select(func.max(losses.c.user_id)).where(losses.c.portal_id == portal_id, losses.c.chat_id == chat_id)
        with transaction(self._engine) as connection:
            connection.execute(delete(losses).where(*_loss(portal_id, chat_id, user_id)))
            connection.execute(
                update(chats).where(*mine).values(owner_was=func.coalesce(others.scalar_subquery(), _ZERO))
            )

    def waiting(self, portal_id: int, wanted: Filter) -> list[Chat]:
        """The chats whose clients wait, longest first; of very many the first. One query."""
        which = () if wanted.owner_id is None else (chats.c.owner_id == wanted.owner_id,)
        return self._longest(portal_id, wanted.line_ids, *which, most=MAX_LISTED)

    def owned_since(self, portal_id: int, line_ids: Sequence[int], until: float) -> list[Chat]:
        """The chats with an owner whose clients have waited since this time (unix seconds) or
        longer, longest first; of very many the first. One query."""
        which = chats.c.waiting_since <= until, chats.c.owner_id != 0
        return self._longest(portal_id, line_ids, *which, most=MAX_LATE)

    def _longest(self, portal_id: int, line_ids: Sequence[int], *which: ColumnElement[bool], most: int) -> list[Chat]:
        mine = chats.c.portal_id == portal_id, chats.c.waiting_since > _ZERO, chats.c.line_id.in_(line_ids), *which
        query = select(chats).where(*mine).order_by(chats.c.waiting_since, chats.c.id).limit(most)
        with transaction(self._engine) as connection:
            return [chat_of_row(row) for row in connection.execute(query).mappings()]

    def portals(self) -> set[int]:
        """Those in which a client waits. One query, which reads the chats of such clients alone."""
        query = select(chats.c.portal_id).where(chats.c.waiting_since > _ZERO).distinct()
        with transaction(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def counts(self, now: float) -> dict[str, int]:
        """How many clients of all portals wait at `now` (unix seconds), by the names in WAITED. One
        query."""
        steps = ((chats.c.waiting_since <= now - seconds, name) for name, seconds in WAITED)
        waited = case(*steps, else_=WAITED[-1][0])
        recent = chats.c.waiting_since > _ZERO, chats.c.waiting_since > now - COUNTED_DAYS * 86_400.0
        query = select(waited.label("waited"), func.count()).where(*recent).group_by("waited")
        with transaction(self._engine) as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(query)}
        return {name: found.get(name, 0) for name, _seconds in WAITED}

    def lost(self, portal_id: int, user_id: int) -> list[Chat]:
        """The chats that were taken from this user, the last taken first, until they have seen it.
        One query."""
        mine = losses.c.portal_id == portal_id, losses.c.user_id == user_id, chats.c.owner_id.not_in((0, user_id))
        query = select(chats).join(losses, losses.c.chat_id == chats.c.id).where(*mine)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(chats.c.owner_at.desc()).limit(MAX_LOST))
            return [chat_of_row(row) for row in rows.mappings()]

    def written_in(self, portal_id: int, user_id: int, chat_ids: Sequence[int]) -> set[int]:
        """Those of these chats in which the user wrote what went out, from a card or with another
        right to read them. One query, none for no chats."""
        if not chat_ids:
            return set()
        here = sends.c.portal_id == portal_id, sends.c.chat_id.in_(chat_ids)
        mine = *here, sends.c.user_id == user_id, sends.c.state.in_(_WENT), ~sends.c.typed
        with transaction(self._engine) as connection:
            return set(connection.execute(select(sends.c.chat_id).where(*mine).distinct()).scalars())

    def owners(self) -> dict[int, set[int]]:
        """The users who own chats, by portal. One query."""
        query = select(chats.c.portal_id, chats.c.owner_id).where(chats.c.owner_id != 0).distinct()
        found: dict[int, set[int]] = {}
        with transaction(self._engine) as connection:
            for portal_id, owner_id in connection.execute(query):
                found.setdefault(portal_id, set()).add(owner_id)
        return found

    def _change(self, chat: Chat, *which: ColumnElement[bool], **values: object) -> Chat | None:
        changed = update(chats).where(*_this(chat), *which).values(values).returning(*chats.c)
        with transaction(self._engine) as connection:
            row = connection.execute(changed).mappings().first()
        if row is None:
            return None
        found = chat_of_row(row)
        if _shown(found) != _shown(chat):
            after_commit(self._engine, lambda: self._tell(found))
        return found


# An index of a part of the rows is used where its condition stands word for word.
_ZERO: ColumnClause[int] = literal_column("0")
_WENT = {state.value for state in WENT_OUT}


def _this(chat: Chat) -> tuple[ColumnElement[bool], ...]:
    return chats.c.portal_id == chat.portal_id, chats.c.id == chat.id


def _loss(portal_id: int, chat_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return losses.c.portal_id == portal_id, losses.c.chat_id == chat_id, losses.c.user_id == user_id


def _shown(chat: Chat) -> tuple[object, ...]:
    return chat.waiting_since, chat.theirs_at, chat.owner_id, chat.owner_was, chat.waived_at
