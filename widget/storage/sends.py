"""Sends: what reps wrote from a card. The row comes before the gateway; one send key is one row for ever."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from widget.storage.database import NOT_WRITTEN, RowRefused
from widget.storage.schema import chats, sends
from widget.storage.vault import Vault

MOST_RECENT = 200  # sends of one chat in one answer
MOST_WRITTEN = 500  # sends of one user in one chat

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


PROGRESS = {
    SendState.SENDING: 0,
    SendState.UNKNOWN: 1,
    SendState.QUEUED: 2,
    SendState.SENT: 3,
    SendState.FAILED: 4,  # WhatsApp may refuse what the gateway had sent; what was delivered did not fail
    SendState.DELIVERED: 5,
    SendState.READ: 6,
}


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

    def __repr__(self) -> str:
        return f"Send(id={self.id}, state={self.state.value})"


class Sends:
    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock

    def begin(
        self, portal_id: int, chat_id: int, *, send_key: str, user_id: int, text: str, message_id: str
    ) -> tuple[Send, bool]:
        """Write the row before anything is sent. With a key that was seen before: that row, and False."""
        now = self._clock()
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(sends).values(
                        portal_id=portal_id,
                        chat_id=chat_id,
                        send_key=send_key,
                        user_id=user_id,
                        text=self._vault.seal(text),
                        state=SendState.SENDING.value,
                        reason="",
                        message_id=message_id,
                        created_at=now,
                        changed_at=now,
                    )
                )
            new = True
        except IntegrityError:
            new = False
        send = self.by_key(portal_id, send_key)
        if send is None:
            raise RowRefused("a send row can neither be written nor found")
        return send, new

    def by_key(self, portal_id: int, send_key: str) -> Send | None:
        query = select(sends).where(sends.c.portal_id == portal_id, sends.c.send_key == send_key)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return self._send(row) if row else None

    def settle(self, send: Send, state: SendState, *, reason: str = "", message_id: str = "") -> Send:
        """Record what became of it. A state never moves backwards: a late «sent» cannot undo «read».

        What a database with a full disk does not take is told all the same, and found out again by the next reading.
        """
        allowed = [s.value for s in SendState if PROGRESS[s] <= PROGRESS[state]]
        values = {"state": state.value, "reason": reason, "changed_at": self._clock()}
        if message_id:
            values["message_id"] = message_id
        mine = (sends.c.portal_id == send.portal_id, sends.c.id == send.id, sends.c.state.in_(allowed))
        try:
            with self._engine.begin() as connection:
                connection.execute(update(sends).where(*mine).values(values))
            return self.by_key(send.portal_id, send.send_key) or send
        except NOT_WRITTEN as error:
            log.error("the end of send %s is not stored: %s", send.id, type(error).__name__)
            told = replace(send, state=state, reason=reason, message_id=message_id or send.message_id)
            return told if send.state.value in allowed else send

    def recent(self, portal_id: int, chat_id: int, since: float, before: float = float("inf")) -> list[Send]:
        """The chat's sends from a time on until another, oldest first; of very many the newest."""
        in_time = [sends.c.created_at >= since]
        if before != float("inf"):
            in_time.append(sends.c.created_at < before)
        return self._of_chat(portal_id, chat_id, *in_time, most=MOST_RECENT)[::-1]

    def named(self, portal_id: int, chat_id: int, message_ids: Collection[str]) -> list[Send]:
        """Those of the chat's sends that are these messages, however old. One query, none for no ids."""
        return self._of_chat(portal_id, chat_id, sends.c.message_id.in_(message_ids)) if message_ids else []

    def in_state(
        self, portal_id: int, chat_id: int, states: Collection[SendState], since: float, before: float, most: int
    ) -> list[Send]:
        """The chat's sends of a time that are still in one of these states, those looked at longest ago first."""
        held = sends.c.state.in_([state.value for state in states])
        in_time = (held, sends.c.created_at > since, sends.c.created_at < before)
        return self._of_chat(portal_id, chat_id, *in_time, most=most, order=(sends.c.changed_at, sends.c.id))

    def written_by(self, portal_id: int, chat_id: int, user_id: int) -> list[Send]:
        """What this user wrote in the chat from here, newest first; of very many the newest. One query."""
        return self._of_chat(portal_id, chat_id, sends.c.user_id == user_id, most=MOST_WRITTEN)

    def by_message(self, portal_id: int, line_id: int, message_id: str, chat_ids: Collection[int]) -> list[Send]:
        """The sends of this line that are this message; among these chats only, if any are named. One query."""
        of_line = select(chats.c.id).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id)
        query = select(sends).where(
            sends.c.portal_id == portal_id,
            sends.c.message_id == message_id,
            sends.c.chat_id.in_(chat_ids or of_line),
        )
        with self._engine.connect() as connection:
            return [self._send(row) for row in connection.execute(query).mappings()]

    def forget_text(self, portal_id: int, line_id: int, message_id: str) -> None:
        """What was taken back is not kept; the row stays, so its key stays used."""
        of_line = select(chats.c.id).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id)
        mine = sends.c.portal_id == portal_id, sends.c.message_id == message_id, sends.c.chat_id.in_(of_line)
        with self._engine.begin() as connection:
            connection.execute(update(sends).where(*mine).values(text=""))

    def wipe_texts(self, before: float) -> int:
        """Forget the texts of old sends; the rows stay, so their keys stay used. Returns how many."""
        with self._engine.begin() as connection:
            wiped = connection.execute(
                update(sends).where(sends.c.created_at < before, sends.c.text != "").values(text="")
            )
        return wiped.rowcount

    def _of_chat(
        self,
        portal_id: int,
        chat_id: int,
        *which: ColumnElement[bool],
        most: int | None = None,
        order: Sequence[ColumnElement[Any]] = (sends.c.created_at.desc(), sends.c.id.desc()),
    ) -> list[Send]:
        where = (sends.c.portal_id == portal_id, sends.c.chat_id == chat_id, *which)
        query = select(sends).where(*where).order_by(*order).limit(most)
        with self._engine.connect() as connection:
            return [self._send(row) for row in connection.execute(query).mappings()]

    def _send(self, row: RowMapping) -> Send:
        return Send(
            id=row["id"],
            portal_id=row["portal_id"],
            chat_id=row["chat_id"],
            send_key=row["send_key"],
            user_id=row["user_id"],
            text=self._vault.opened(row["text"]),
            state=SendState(row["state"]),
            reason=row["reason"],
            message_id=row["message_id"],
            created_at=row["created_at"],
            changed_at=row["changed_at"],
        )
