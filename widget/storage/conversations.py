"""What was said, and with whom: the repositories that a conversation is kept in."""

import math
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    outerjoin,
    select,
    union_all,
)

from widget.storage.chat_names import called
from widget.storage.chats import Chat, Chats, chat_of_row
from widget.storage.counted import Counted
from widget.storage.hidden_clients import HiddenClients
from widget.storage.ignores import Ignores
from widget.storage.messages import Messages
from widget.storage.schema import chats, sends, user_settings
from widget.storage.sends import MAX_LATELY, SEND_COLUMNS, Send, Sends
from widget.storage.transaction import transaction
from widget.storage.waits import Waits


def _before() -> Select[Any]:
    """A chat, once for each send that matters before another one: that of the key, and what users
    wrote there of late. Each is found by an index of its own, which an OR would not be on every
    database."""
    portal_id: BindParameter[int] = bindparam("portal_id")
    chat_id: BindParameter[int] = bindparam("chat_id")
    same_key = sends.c.portal_id == portal_id, sends.c.send_key == bindparam("send_key")
    lately = sends.c.portal_id == portal_id, sends.c.chat_id == chat_id, sends.c.created_at > bindparam("since")
    newest = (
        select(sends.c.id).where(*lately, sends.c.user_id != 0).order_by(sends.c.created_at.desc(), sends.c.id.desc())
    )
    ids = union_all(select(sends.c.id).where(*same_key), select(newest.limit(MAX_LATELY).subquery().c.id))
    same_user = user_settings.c.portal_id == chats.c.portal_id, user_settings.c.user_id == bindparam("user_id")
    everything = outerjoin(outerjoin(chats, sends, sends.c.id.in_(ids)), user_settings, and_(*same_user))
    columns = select(chats, *SEND_COLUMNS, user_settings.c.show_name).select_from(everything)
    return columns.where(chats.c.portal_id == portal_id, chats.c.id == chat_id)


_BEFORE = _before()  # built once: every send runs it


@dataclass(frozen=True)
class Before:
    """What is known before a send: its chat, what its key has sent already, whether the user signs
    messages, and what users have just written there, newest first."""

    chat: Chat
    known: Send | None
    show_name: bool
    lately: Sequence[Send] = ()


@dataclass(frozen=True)
class Conversations:
    """The repositories of conversations, which are handed on together and share transactions."""

    engine: Engine
    chats: Chats
    sends: Sends
    messages: Messages
    counted: Counted
    hidden: HiddenClients
    ignores: Ignores

    @cached_property
    def waits(self) -> Waits:
        """The waits and owners of chats."""
        return Waits(self.engine, self.chats.changed)

    def transaction(self) -> AbstractContextManager[Connection]:
        """One transaction for everything that is written within."""
        return transaction(self.engine)

    def before(
        self, portal_id: int, chat_id: int, *, send_key: str, user_id: int, since: float = math.inf
    ) -> Before | None:
        """None for a chat that the portal does not have. `since` (unix seconds) is from when on
        what users wrote in it is wanted. One query."""
        named = {"portal_id": portal_id, "chat_id": chat_id, "send_key": send_key, "user_id": user_id, "since": since}
        with transaction(self.engine) as connection:
            rows = connection.execute(_BEFORE, named).mappings().all()
        if not rows:
            return None
        there = [self.sends.of_row(row) for row in rows if row[sends.c.id] is not None]
        known = next((send for send in there if send.send_key == send_key), None)
        lately = sorted((send for send in there if send is not known), key=lambda send: (-send.created_at, -send.id))
        return Before(chat_of_row(rows[0]), known, bool(rows[0][user_settings.c.show_name]), lately)

    def called(
        self, portal_id: int, line_id: int, chat_ids: Collection[str], phones: Collection[str], message_id: str
    ) -> tuple[list[Chat], list[Send]]:
        """The line's chats that have one of these ids, or else those of these phones, oldest first;
        and the sends that are this message, in these chats, or anywhere on the line where it has no
        such chat.

        One query where a chat has one of the ids, at most three.
        """
        named = called(self.engine.dialect.name, [line_id], chat_ids) if chat_ids else None
        for which in (named, chats.c.phone.in_(phones) if phones else None):
            if which is not None and (found := self._with_message(portal_id, line_id, which, message_id)):
                known = {chat.id: chat for chat, _send in found}
                return list(known.values()), [send for _chat, send in found if send]
        return [], self.sends.by_message(portal_id, line_id, message_id)

    def _with_message(
        self, portal_id: int, line_id: int, which: ColumnElement[bool], message_id: str
    ) -> list[tuple[Chat, Send | None]]:
        same = and_(
            sends.c.portal_id == chats.c.portal_id, sends.c.chat_id == chats.c.id, sends.c.message_id == message_id
        )
        query = select(chats, *SEND_COLUMNS).select_from(outerjoin(chats, sends, same))
        mine = chats.c.portal_id == portal_id, chats.c.line_id == line_id, which
        with transaction(self.engine) as connection:
            rows = connection.execute(query.where(*mine).order_by(chats.c.id)).mappings()
            return [(chat_of_row(row), self.sends.of_row(row) if row[sends.c.id] is not None else None) for row in rows]
