"""Sends: what reps wrote from a card. The row comes before the gateway; one send key is one row for
ever."""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, exists, func, select, update

from widget.storage.database import NOT_WRITTEN, RowRefused
from widget.storage.pruning import in_parts
from widget.storage.rows import reader
from widget.storage.schema import chats, sends, trail
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into

GIVEN_UP = 60.0  # seconds; a send without an answer for this long was left by a process that died
REPLY = "im:"  # how the send key begins of what an operator wrote in an open line
DECIDED_WITHIN = 7 * 86_400.0  # seconds for which a missing send stays in sight until a rep says what is true
SETTLES_WITHIN = 600.0  # seconds; what is unclear for longer is worth an administrator's look
MAX_RECENT = 200  # sends of one chat in one answer
SENT_AGAIN = "sent_again"  # the reason of a missing send whose text went out anew, under another key
MAX_LATELY = 20
LOOKED = "looked"  # a step of a trail: the job looks for the send
TOLD = "told"  # another one: Bitrix24 was told of it
MAX_STEPS = 100  # of one send
MAX_TRAIL = 8000  # letters of its steps
MAX_NAME = 120
MAX_WRITTEN = 500  # sends of one user in one chat

# What a Send is read from: its steps are as long as all the rest, and are looked at one by one.
SEND_COLUMNS = tuple(column for column in sends.c if column is not sends.c.steps)

log = logging.getLogger(__name__)


class SendState(Enum):
    """Moves forward only; UNKNOWN is left when the gateway's history tells what happened."""

    SENDING = "sending"  # the row is written, the gateway has not answered yet
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have gone out; never sent again by itself
    MISSING = "missing"  # looked for during a day and not found: not sent, as far as can be seen


PROGRESS = {
    SendState.SENDING: 0,
    SendState.UNKNOWN: 1,
    SendState.MISSING: 2,
    SendState.QUEUED: 3,
    SendState.SENT: 4,
    SendState.FAILED: 5,  # WhatsApp may refuse what the gateway had sent; what was delivered did not fail
    SendState.DELIVERED: 6,
    SendState.READ: 7,
}


WENT_OUT = frozenset({SendState.QUEUED, SendState.SENT, SendState.DELIVERED, SendState.READ})
UNCLEAR = frozenset({SendState.SENDING, SendState.UNKNOWN})
_NOT_OUT = (SendState.FAILED.value, SendState.MISSING.value)
OPEN = frozenset({*UNCLEAR, SendState.MISSING})  # until a look, a webhook or a rep says what became of it


@dataclass(frozen=True)
class Send:
    id: int
    portal_id: int
    chat_id: int
    send_key: str
    user_id: int
    text: str
    state: SendState
    reason: str
    message_id: str
    created_at: float
    changed_at: float
    looks: int = 0  # how often the job has looked for it (chats/unclear.py)
    user_name: str = ""  # as the portal called the user then

    def __repr__(self) -> str:
        return f"Send(id={self.id}, state={self.state.value})"


@dataclass(frozen=True)
class SendStep:
    """What happened to a send: a state, LOOKED or TOLD; `how` that was found out; `detail` is a
    reason, or who said so."""

    at: float
    what: str
    how: str
    detail: str


class Trail:
    """The steps of sends. Kept as long as they are."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._read = reader(SendStep, trail)

    def longer(self, what: str, *, how: str = "", detail: str = "") -> ColumnElement[str]:
        """The steps of a send with one more, for the statement that changes it; of very many the
        first stay."""
        step = json.dumps([self._clock(), what, how, detail[:120]]) + "\n"
        return case((func.length(sends.c.steps) < MAX_TRAIL, sends.c.steps + step), else_=sends.c.steps)

    def add(self, send: Send, what: str) -> None:
        """One statement, in the transaction of what it tells."""
        mine = sends.c.portal_id == send.portal_id, sends.c.id == send.id
        with transaction(self._engine) as connection:
            connection.execute(update(sends).where(*mine).values(steps=self.longer(what)))

    def of(self, send: Send) -> list[SendStep]:
        """Oldest first, those of an older version too; of very many the first. Two queries."""
        here = select(sends.c.steps).where(sends.c.portal_id == send.portal_id, sends.c.id == send.id)
        mine = trail.c.portal_id == send.portal_id, trail.c.send_id == send.id
        there = select(trail).where(*mine).order_by(trail.c.id).limit(MAX_STEPS)
        with transaction(self._engine) as connection:
            steps = connection.execute(here).scalar() or ""
            older = [self._read(row) for row in connection.execute(there).mappings()]
        return sorted([*older, *steps_in(steps)], key=lambda step: step.at)[:MAX_STEPS]


def steps_in(kept: str) -> list[SendStep]:
    """The steps that a send's row holds, oldest first (pure). A newer version may tell more of
    each."""
    return [SendStep(*json.loads(line)[:4]) for line in kept.splitlines()]


class Sends:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self.of_row = reader(Send, sends, text=secret_box.decrypt_or_empty, state=SendState)
        self.trail = Trail(engine, clock)

    def begin(
        self,
        portal_id: int,
        chat_id: int,
        *,
        send_key: str,
        user_id: int,
        text: str,
        message_id: str,
        user_name: str = "",
        typed: bool = False,
    ) -> tuple[Send, bool]:
        """Write the row before anything is sent. With a key that was seen before: that row, and
        False. `typed`: a typed number is all that brought its writer to the chat. Raises RowRefused
        for a portal or chat that is gone. One statement, another one for a known key."""
        now = self._clock()
        values = {
            "portal_id": portal_id,
            "chat_id": chat_id,
            "send_key": send_key,
            "user_id": user_id,
            "user_name": user_name[:MAX_NAME],
            "typed": typed,
            "text": self._secret_box.encrypt(text),
            "state": SendState.SENDING.value,
            "reason": "",
            "message_id": message_id,
            "created_at": now,
            "changed_at": now,
            "next_look_at": now + GIVEN_UP,
        }
        with transaction(self._engine) as connection:
            row = insert_into(connection, sends).values(values).on_conflict_do_nothing().returning(*SEND_COLUMNS)
            made = connection.execute(row).mappings().first()
        send = self.of_row(made) if made else self.by_key(portal_id, send_key)
        if send is None:
            raise RowRefused("a send row can neither be written nor found")
        return send, made is not None

    def by_key(self, portal_id: int, send_key: str) -> Send | None:
        """The send of this key, None if the key is new. One query."""
        query = select(*SEND_COLUMNS).where(sends.c.portal_id == portal_id, sends.c.send_key == send_key)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return self.of_row(row) if row else None

    def settle(
        self, send: Send, state: SendState, *, reason: str = "", message_id: str = "", how: str = "", by: int = 0
    ) -> Send:
        """As `advance`, also where the database takes no writes: the send is returned as it would
        be, and the next reading finds its state out again. Never raises for that."""
        try:
            return self.advance(send, state, reason=reason, message_id=message_id, how=how, by=by)
        except NOT_WRITTEN as error:
            log.error("send.end_not_stored send=%s error=%s", send.id, type(error).__name__)
            changed = replace(send, state=state, reason=reason, message_id=message_id or send.message_id)
            return changed if send.state in _up_to(state) else send

    def advance(
        self, send: Send, state: SendState, *, reason: str = "", message_id: str = "", how: str = "", by: int = 0
    ) -> Send:
        """Move the send to `state` unless it is already further along PROGRESS: a late «sent»
        cannot undo «read». Its trail says `how` that was found out, and `by` which user. Returns
        the row as stored. One statement, another one where it was further along."""
        values: dict[str, Any] = {"state": state.value, "reason": reason, "changed_at": self._clock()}
        if message_id:
            values["message_id"] = message_id
        if state is not send.state or reason != send.reason:
            values["steps"] = self.trail.longer(state.value, how=how, detail=str(by) if by else reason)
        allowed = [earlier.value for earlier in _up_to(state)]
        mine = (sends.c.portal_id == send.portal_id, sends.c.id == send.id, sends.c.state.in_(allowed))
        with transaction(self._engine) as connection:
            moved = update(sends).where(*mine).values(values).returning(*SEND_COLUMNS)
            row = connection.execute(moved).mappings().first()
        return self.of_row(row) if row else self.by_key(send.portal_id, send.send_key) or send

    def newest(self, portal_id: int, chat_ids: Collection[int]) -> dict[int, Send]:
        """The last send of each chat that may be out, by the chat's id. One query."""
        mine = (sends.c.portal_id == portal_id, sends.c.chat_id.in_(chat_ids), sends.c.state.not_in(_NOT_OUT))
        last = select(func.max(sends.c.id)).where(*mine).group_by(sends.c.chat_id)
        query = select(*SEND_COLUMNS).where(sends.c.portal_id == portal_id, sends.c.id.in_(last))
        with transaction(self._engine) as connection:
            found = [self.of_row(row) for row in connection.execute(query).mappings()]
        return {send.chat_id: send for send in found}

    def recent(self, portal_id: int, chat_id: int, since: float, before: float = float("inf")) -> list[Send]:
        """The chat's sends from a time on until another, oldest first; of very many the newest."""
        in_time = [sends.c.created_at >= since]
        if before != float("inf"):
            in_time.append(sends.c.created_at < before)
        return self._of_chat(portal_id, chat_id, *in_time, most=MAX_RECENT)[::-1]

    def named(self, portal_id: int, chat_id: int, message_ids: Collection[str]) -> list[Send]:
        """Those of the chat's sends that are these messages, however old. One query, none for no
        ids."""
        return self._of_chat(portal_id, chat_id, sends.c.message_id.in_(message_ids)) if message_ids else []

    def in_state(
        self, portal_id: int, chat_id: int, states: Collection[SendState], since: float, before: float, most: int
    ) -> list[Send]:
        """The chat's sends of a time that are still in one of these states, those looked at longest
        ago first."""
        in_time = (_in(states), sends.c.created_at > since, sends.c.created_at < before)
        return self._of_chat(portal_id, chat_id, *in_time, most=most, order=(sends.c.changed_at, sends.c.id))

    def written_by(self, portal_id: int, chat_id: int, user_id: int) -> list[Send]:
        """What this user wrote in the chat from here, newest first; of very many the newest. One
        query."""
        return self._of_chat(portal_id, chat_id, sends.c.user_id == user_id, most=MAX_WRITTEN)

    def lately(self, portal_id: int, chat_id: int, since: float) -> list[Send]:
        """What users wrote in the chat from here after this time (unix seconds), newest first; of
        very many the newest. One query."""
        return self._of_chat(portal_id, chat_id, sends.c.user_id != 0, sends.c.created_at > since, most=MAX_LATELY)

    def by_message(self, portal_id: int, line_id: int, message_id: str) -> list[Send]:
        """The sends of this line that are this message. One query."""
        mine = sends.c.portal_id == portal_id, sends.c.message_id == message_id, _of_line(portal_id, line_id)
        with transaction(self._engine) as connection:
            return [self.of_row(row) for row in connection.execute(select(*SEND_COLUMNS).where(*mine)).mappings()]

    def lines_unclear(self) -> list[tuple[int, int]]:
        """Portal and line of every send without a clear end that is due to be looked for. One
        query."""
        query = (
            select(chats.c.portal_id, chats.c.line_id).join_from(sends, chats, sends.c.chat_id == chats.c.id).distinct()
        )
        with transaction(self._engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query.where(_due(self._clock())))]

    def unclear(self, portal_id: int, line_id: int, most: int) -> list[Send]:
        """The line's sends that are due to be looked for, those due longest first. One query."""
        mine = sends.c.portal_id == portal_id, _of_line(portal_id, line_id), _due(self._clock())
        query = select(*SEND_COLUMNS).where(*mine).order_by(sends.c.next_look_at, sends.c.id).limit(most)
        with transaction(self._engine) as connection:
            return [self.of_row(row) for row in connection.execute(query).mappings()]

    def look(self, send: Send, *, pause: float) -> bool:
        """Take the next look for a send, for this caller alone; the one after it is due in `pause`
        seconds. False if another caller was quicker. One statement."""
        mine = sends.c.portal_id == send.portal_id, sends.c.id == send.id, sends.c.looks == send.looks
        next_look = {"looks": send.looks + 1, "next_look_at": self._clock() + pause, "steps": self.trail.longer(LOOKED)}
        with transaction(self._engine) as connection:
            return bool(connection.execute(update(sends).where(*mine).values(next_look)).rowcount)

    def count_unclear(self, portal_id: int | None = None) -> dict[SendState, int]:
        """How many sends of the last week have no clear end for some minutes, or are missing and no
        rep said what is true, by state; of all portals where none is named. One query."""
        now = self._clock()
        since, before = now - DECIDED_WITHIN, now - SETTLES_WITHIN
        where = [sends.c.created_at > since, sends.c.created_at < before, sends.c.reason != SENT_AGAIN]
        if portal_id is not None:
            where.append(sends.c.portal_id == portal_id)
        counts = dict.fromkeys((SendState.UNKNOWN, SendState.MISSING), 0)
        query = select(sends.c.state, func.count()).where(_in(OPEN), *where).group_by(sends.c.state)
        with transaction(self._engine) as connection:
            for state, number in connection.execute(query):
                counts[SendState.MISSING if state == SendState.MISSING.value else SendState.UNKNOWN] += number
        return counts

    def forget_text(self, portal_id: int, line_id: int, message_id: str) -> None:
        """What was taken back is not kept; the row stays, so its key stays used. One statement."""
        mine = sends.c.portal_id == portal_id, sends.c.message_id == message_id, _of_line(portal_id, line_id)
        with transaction(self._engine) as connection:
            connection.execute(update(sends).where(*mine).values(text=""))

    def wipe_texts(self, before: float) -> int:
        """Forget the texts of old sends; the rows stay, so their keys stay used. Returns how
        many."""
        old = and_(sends.c.created_at < before, sends.c.text != "")
        return in_parts(self._engine, sends, old, update(sends).values(text=""))

    def _of_chat(
        self,
        portal_id: int,
        chat_id: int,
        *which: ColumnElement[bool],
        most: int | None = None,
        order: Sequence[ColumnElement[Any]] = (sends.c.created_at.desc(), sends.c.id.desc()),
    ) -> list[Send]:
        where = (sends.c.portal_id == portal_id, sends.c.chat_id == chat_id, *which)
        query = select(*SEND_COLUMNS).where(*where).order_by(*order).limit(most)
        with transaction(self._engine) as connection:
            return [self.of_row(row) for row in connection.execute(query).mappings()]


def _of_line(portal_id: int, line_id: int) -> ColumnElement[bool]:
    """Sends in chats of this line. Not as a list of them, which SQLite would go through chat by
    chat."""
    return exists().where(chats.c.id == sends.c.chat_id, chats.c.portal_id == portal_id, chats.c.line_id == line_id)


def _due(now: float) -> ColumnElement[bool]:
    return and_(_in(UNCLEAR), sends.c.next_look_at <= now)


def _in(states: Collection[SendState]) -> ColumnElement[bool]:
    return sends.c.state.in_([state.value for state in states])


def _up_to(state: SendState) -> list[SendState]:
    """The states from which a send may move to this one."""
    return [earlier for earlier in SendState if PROGRESS[earlier] <= PROGRESS[state]]
