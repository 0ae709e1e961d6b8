"""Chats: one row for each line and phone, whatever card it was opened from, with the ids its gateway uses."""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from widget.storage.database import NOT_WRITTEN, RowRefused
from widget.storage.schema import chats, sends

# Built once: every warm card runs it, and building it anew was 7 % of one.
_OF_PHONES = (
    select(chats)
    .where(chats.c.portal_id == bindparam("portal_id"), chats.c.phone.in_(bindparam("phones", expanding=True)))
    .order_by(chats.c.last_at.desc(), chats.c.id)
)
MOST_IDS = 8  # of one chat: a page of its history may cost a call for each
log = logging.getLogger(__name__)

TRIES = 20  # writers that may be quicker than we are, one after the other


@dataclass(frozen=True)
class Chat:
    """`chat_ids` is best first, at most MOST_IDS; `proved` means the gateway has it, so the number has WhatsApp."""

    id: int
    portal_id: int
    line_id: int
    phone: str
    chat_ids: tuple[str, ...]
    proved: bool
    last_at: float
    created_by: int = 0  # the user who opened it first, 0 when it was found at the gateway

    @property
    def written(self) -> bool:
        """Something is known to be in it. A chat that was only opened binds its number to no line."""
        return self.proved or self.last_at > 0

    def __repr__(self) -> str:
        return f"Chat(id={self.id}, line_id={self.line_id})"


class Chats:
    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float],
        changed: Callable[[int, str], None] = lambda portal, phone: None,
    ) -> None:
        """`changed` is told of the portal and the phone after a chat of theirs was written. Must not raise."""
        self._engine = engine
        self._clock = clock
        self._changed = changed

    def get(self, portal_id: int, chat_id: int) -> Chat | None:
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.id == chat_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return _chat(row) if row else None

    def of_phones(self, portal_id: int, phones: Collection[str]) -> list[Chat]:
        """Every chat of these phones on any line, the last used first. One query."""
        if not phones:
            return []
        wanted = {"portal_id": portal_id, "phones": list(phones)}
        with self._engine.connect() as connection:
            return [_chat(row) for row in connection.execute(_OF_PHONES, wanted).mappings()]

    def find(self, portal_id: int, line_id: int, phone: str) -> Chat | None:
        with self._engine.connect() as connection:
            return self._find(connection, portal_id, line_id, phone)

    def writers(self, chat: Chat) -> set[int]:
        """The users who sent something in it from here, whatever became of it."""
        query = select(sends.c.user_id).where(sends.c.portal_id == chat.portal_id, sends.c.chat_id == chat.id)
        with self._engine.connect() as connection:
            return set(connection.execute(query.distinct()).scalars())

    def unwritten(self, portal_id: int, user_id: int, since: float) -> int:
        """How many chats this user made since then that hold nothing: no message, and no send. One query."""
        sent = exists().where(sends.c.portal_id == chats.c.portal_id, sends.c.chat_id == chats.c.id)
        empty = and_(chats.c.proved.is_(False), chats.c.last_at == 0, ~sent)
        query = select(func.count()).where(
            chats.c.portal_id == portal_id, chats.c.created_by == user_id, chats.c.created_at >= since, empty
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def called(self, portal_id: int, line_id: int, chat_ids: Collection[str], phones: Collection[str]) -> list[Chat]:
        """The line's chats that have one of these ids; if there is none, those of these phones. The oldest first.

        Two queries at most. The first one reads the line's chats, because ids are a list in their row.
        """
        held = [chats.c.chat_ids.contains(json.dumps(chat_id), autoescape=True) for chat_id in chat_ids]
        if held and (found := self._of_line(portal_id, line_id, or_(*held))):
            return found
        return self._of_line(portal_id, line_id, chats.c.phone.in_(phones)) if phones else []

    def _of_line(self, portal_id: int, line_id: int, which: ColumnElement[bool]) -> list[Chat]:
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id, which)
        with self._engine.connect() as connection:
            return [_chat(row) for row in connection.execute(query.order_by(chats.c.id)).mappings()]

    def remember(
        self,
        portal_id: int,
        line_id: int,
        phone: str,
        *,
        chat_ids: Sequence[str] = (),
        also: Sequence[str] = (),
        proved: bool = False,
        last_at: float = 0.0,
        user_id: int = 0,
    ) -> tuple[Chat, bool]:
        """The chat of this line and phone, made if there is none, enriched if there is. Also says if it is new.

        `chat_ids` become its best ids, `also` its last ones; beyond MOST_IDS the last ones are left out. Two cards that
        create it at once get the same row, and two that enrich it at once take nothing from each other.
        """
        news = _News(chat_ids, also, proved, last_at)
        before, chat, new = self._remember(portal_id, line_id, phone, news, user_id)
        if chat != before:
            self._changed(portal_id, phone)
        return chat, new

    def _remember(
        self, portal_id: int, line_id: int, phone: str, news: "_News", user_id: int
    ) -> tuple[Chat | None, Chat, bool]:
        """The chat before, the chat now, and whether it is new."""
        for _attempt in range(TRIES):
            try:
                with self._engine.begin() as connection:
                    found = self._find(connection, portal_id, line_id, phone)
                    if found:
                        richer = self._enrich(connection, found, news)
                        if richer is None:
                            continue
                        return found, richer, False
                    connection.execute(
                        insert(chats).values(
                            portal_id=portal_id,
                            line_id=line_id,
                            phone=phone,
                            chat_ids=json.dumps(_best(*news.chat_ids, *news.also)),
                            proved=news.proved,
                            last_at=news.last_at,
                            created_by=user_id,
                            created_at=self._clock(),
                        )
                    )
                    made = self._find(connection, portal_id, line_id, phone)
                    assert made  # noqa: S101 - inserted above
                    return None, made, True
            except IntegrityError:
                continue  # another card was quicker; its row is there now
        raise RowRefused("a chat can neither be found nor made")

    def learn(
        self,
        portal_id: int,
        line_id: int,
        phone: str,
        *,
        chat_ids: Sequence[str] = (),
        proved: bool,
        last_at: float,
    ) -> Chat | None:
        """Remember what somebody who only reads came across; None where the database takes no writes now."""
        try:
            return self.remember(portal_id, line_id, phone, chat_ids=chat_ids, proved=proved, last_at=last_at)[0]
        except NOT_WRITTEN as error:
            log.error("a chat is not remembered: %s", type(error).__name__)
            return None

    def _find(self, connection: Connection, portal_id: int, line_id: int, phone: str) -> Chat | None:
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id, chats.c.phone == phone)
        row = connection.execute(query).mappings().first()
        return _chat(row) if row else None

    def _enrich(self, connection: Connection, chat: Chat, news: "_News") -> Chat | None:
        """None if the row is no longer what it was."""
        richer = replace(
            chat,
            chat_ids=_best(*news.chat_ids, *chat.chat_ids, *news.also),
            proved=chat.proved or news.proved,
            last_at=max(chat.last_at, news.last_at),
        )
        if richer == chat:
            return chat
        same = and_(
            chats.c.portal_id == chat.portal_id,
            chats.c.id == chat.id,
            chats.c.chat_ids == json.dumps(chat.chat_ids),
            chats.c.proved == chat.proved,
            chats.c.last_at == chat.last_at,
        )
        values = {"chat_ids": json.dumps(richer.chat_ids), "proved": richer.proved, "last_at": richer.last_at}
        return richer if connection.execute(update(chats).where(same).values(values)).rowcount else None


@dataclass(frozen=True)
class _News:
    chat_ids: Sequence[str]
    also: Sequence[str]
    proved: bool
    last_at: float


def _best(*chat_ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chat_ids))[:MOST_IDS]


def _chat(row: RowMapping) -> Chat:
    return Chat(
        id=row["id"],
        portal_id=row["portal_id"],
        line_id=row["line_id"],
        phone=row["phone"],
        chat_ids=tuple(json.loads(row["chat_ids"])),
        proved=row["proved"],
        last_at=row["last_at"],
        created_by=row["created_by"],
    )
