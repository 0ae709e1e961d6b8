"""Chats: one row for each line and client, opened from any of the client's cards, with the ids its
gateway uses.

A client is a phone in E.164. One whose phone nothing has told yet is their LID, WhatsApp's own id
of a person: until it is told, that is who they are.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Engine,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    update,
)

from widget.storage.database import NOT_WRITTEN, RowRefused
from widget.storage.rows import reader
from widget.storage.schema import chats, joined_chats, sends
from widget.storage.transaction import after_commit, transaction
from widget.storage.upsert import insert_into

# Built once: every warm card runs it, and building it anew was 7 % of one.
_OF_PHONES = (
    select(chats)
    .where(chats.c.portal_id == bindparam("portal_id"), chats.c.phone.in_(bindparam("phones", expanding=True)))
    .order_by(chats.c.last_at.desc(), chats.c.id)
)
LID = "@lid"  # how the ids of people end whose phone WhatsApp keeps to itself
MAX_IDS = 8  # of one chat: a page of its history may cost a call for each
log = logging.getLogger(__name__)

TRIES = 20  # writers that may be quicker than we are, one after the other


@dataclass(frozen=True)
class Chat:
    """`client` is a phone in E.164, or the LID of a client whose phone is not known. `chat_ids` is
    best first, at most MAX_IDS; `proved` means the gateway has it, so the number has WhatsApp."""

    id: int
    portal_id: int
    line_id: int
    client: str
    chat_ids: tuple[str, ...]
    proved: bool
    last_at: float
    created_by: int = 0  # the user who opened it first, 0 when it was found at the gateway
    waiting_since: float = 0.0  # when the client wrote the first message without an answer, 0 if none
    theirs_at: float = 0.0  # when the client last wrote, as far as known
    answered_at: float = 0.0  # when the last answer was written, where no row here tells it
    waived_at: float = 0.0  # the client's messages until then need no reply
    waived_by: int = 0  # as this user said
    recounts: int = 0  # how often the times above were worked out
    owner_id: int = 0  # the user who answers it, 0 without one
    owner_at: float = 0.0  # since when
    owner_typed: bool = False  # a typed number is all that brought them here: no right to what others write in it
    owner_was: int = 0  # one of the users from whom it was taken and who have not seen that, 0 without any

    @property
    def phone(self) -> str:
        """In E.164, "" where it is not known."""
        return "" if self.client.endswith(LID) else self.client

    @property
    def written(self) -> bool:
        """Something is known to be in it. A chat that was only opened binds its number to no
        line."""
        return self.proved or self.last_at > 0

    def __repr__(self) -> str:
        return f"Chat(id={self.id}, line_id={self.line_id})"


@dataclass(frozen=True)
class News:
    """What was learned of a chat: `chat_ids` become its best ids, `also` its last ones."""

    chat_ids: Sequence[str] = ()
    also: Sequence[str] = ()
    proved: bool = False
    last_at: float = 0.0


chat_of_row = reader(Chat, chats, columns={"client": "phone"}, chat_ids=lambda ids: tuple(json.loads(ids)))


class Chats:
    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float],
        changed: Callable[[int, str], None] = lambda portal, phone: None,
    ) -> None:
        """`changed` is told of the portal and the phone after a chat of theirs was written. Must
        not raise."""
        self._engine = engine
        self._clock = clock
        self._told = changed

    def get(self, portal_id: int, chat_id: int) -> Chat | None:
        """The portal's chat of this id, None if it has none. One query."""
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.id == chat_id)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return chat_of_row(row) if row else None

    def of_ids(self, portal_id: int, chat_ids: Collection[int]) -> list[Chat]:
        """The portal's chats of these ids. One query, none for no ids."""
        if not chat_ids:
            return []
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.id.in_(chat_ids))
        with transaction(self._engine) as connection:
            return [chat_of_row(row) for row in connection.execute(query).mappings()]

    def of_phones(self, portal_id: int, phones: Collection[str]) -> list[Chat]:
        """Every chat of these clients, by phone or LID, on any line, the last used first. One
        query."""
        if not phones:
            return []
        wanted = {"portal_id": portal_id, "phones": list(phones)}
        with transaction(self._engine) as connection:
            return [chat_of_row(row) for row in connection.execute(_OF_PHONES, wanted).mappings()]

    def resolved(self, portal_id: int, chat_id: int) -> Chat | None:
        """The chat of this id, or the one that it has become one with. Two queries at most."""
        if chat := self.get(portal_id, chat_id):
            return chat
        mine = joined_chats.c.portal_id == portal_id, joined_chats.c.was == chat_id
        query = select(chats).join(joined_chats, joined_chats.c.chat_id == chats.c.id).where(*mine)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return chat_of_row(row) if row else None

    def find(self, portal_id: int, line_id: int, phone: str) -> Chat | None:
        """The chat of this line and client, None if there is none. One query."""
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id, chats.c.phone == phone)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return chat_of_row(row) if row else None

    def writers(self, chat: Chat) -> set[int]:
        """The users who sent something in it from here, also what failed. One query."""
        query = select(sends.c.user_id).where(sends.c.portal_id == chat.portal_id, sends.c.chat_id == chat.id)
        with transaction(self._engine) as connection:
            return set(connection.execute(query.distinct()).scalars())

    def unwritten(self, portal_id: int, user_id: int, since: float) -> int:
        """How many chats this user made since then that hold nothing: no message, and no send. One
        query."""
        sent = exists().where(sends.c.portal_id == chats.c.portal_id, sends.c.chat_id == chats.c.id)
        empty = and_(chats.c.proved.is_(False), chats.c.last_at == 0, ~sent)
        query = select(func.count()).where(
            chats.c.portal_id == portal_id, chats.c.created_by == user_id, chats.c.created_at >= since, empty
        )
        with transaction(self._engine) as connection:
            return connection.execute(query).scalar_one()

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
        """The chat of this line and phone, made if there is none, enriched if there is. Also says
        if it is new.

        `chat_ids` become its best ids, `also` its last ones; beyond MAX_IDS the last ones are left
        out. Two cards that create it at once get the same row, and two that enrich it at once take
        nothing from each other. Raises RowRefused for a portal or a line that is gone.
        """
        news = News(chat_ids, also, proved, last_at)
        for _attempt in range(TRIES):
            found = self.find(portal_id, line_id, phone)
            richer = self._enrich(found, news) if found else None
            if richer:
                return richer, False
            made = None if found else self._make(portal_id, line_id, phone, news, user_id)
            if made:
                return made, True
        raise RowRefused("a chat can neither be found nor made")

    def enrich(self, chat: Chat, news: News) -> Chat:
        """The same for a chat that was just read. One statement where something is new, none where
        nothing is."""
        richer = self._enrich(chat, news)
        if richer:
            return richer
        named = chat.portal_id, chat.line_id, chat.client
        return self.remember(*named, chat_ids=news.chat_ids, also=news.also, proved=news.proved, last_at=news.last_at)[
            0
        ]

    def wrote(self, chat: Chat, at: float, *, answers: bool = False, owner_id: int = 0, typed: bool = False) -> Chat:
        """A rep wrote in the chat at this time (unix seconds). Where that surely went out it
        `answers` a client who waits, unless they wrote again after it. A chat without an owner gets
        this one, 0 for none; `typed`: a typed number is all that brought them here. Returns the
        chat as stored. One statement."""
        mine = chats.c.portal_id == chat.portal_id, chats.c.id == chat.id
        values: dict[str, Any] = {"last_at": case((chats.c.last_at < at, literal(at)), else_=chats.c.last_at)}
        if answers:
            values["waiting_since"] = case((chats.c.theirs_at <= at, literal(0.0)), else_=chats.c.waiting_since)
            values["recounts"] = chats.c.recounts + 1
        if owner_id:
            for name, value in (("owner_id", owner_id), ("owner_at", at), ("owner_typed", typed)):
                values[name] = case((chats.c.owner_id == 0, literal(value)), else_=chats.c[name])
        with transaction(self._engine) as connection:
            row = connection.execute(update(chats).where(*mine).values(values).returning(*chats.c)).mappings().first()
        self._tell(chat.portal_id, chat.client)
        return chat_of_row(row) if row else chat

    def changed(self, chat: Chat) -> None:
        """Something in the chat is another than it was: open pages are told."""
        self._tell(chat.portal_id, chat.client)

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
        """Remember what a reader came across; None where the database takes no writes now."""
        try:
            return self.remember(portal_id, line_id, phone, chat_ids=chat_ids, proved=proved, last_at=last_at)[0]
        except NOT_WRITTEN as error:
            log.error("chat.not_remembered error=%s", type(error).__name__)
            return None

    def notice(self, chat: Chat, news: News) -> None:
        """The same of a chat that was just read. One statement where something is new, none where
        nothing is."""
        try:
            self.enrich(chat, news)
        except NOT_WRITTEN as error:
            log.error("chat.not_enriched error=%s", type(error).__name__)

    def _make(self, portal_id: int, line_id: int, phone: str, news: News, user_id: int) -> Chat | None:
        """None if another card was quicker. Raises RowRefused for a line or a portal that is
        gone."""
        values = {
            "portal_id": portal_id,
            "line_id": line_id,
            "phone": phone,
            "chat_ids": ids_json((*news.chat_ids, *news.also)),
            "proved": news.proved,
            "last_at": news.last_at,
            "created_by": user_id,
            "created_at": self._clock(),
        }
        with transaction(self._engine) as connection:
            row = insert_into(connection, chats).values(values).on_conflict_do_nothing().returning(*chats.c)
            made = connection.execute(row).mappings().first()
        if made is None:
            return None
        self._tell(portal_id, phone)
        return chat_of_row(made)

    def _enrich(self, chat: Chat, news: News) -> Chat | None:
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
        with transaction(self._engine) as connection:
            if not connection.execute(update(chats).where(same).values(values)).rowcount:
                return None
        self._tell(chat.portal_id, chat.client)
        return richer

    def _tell(self, portal_id: int, phone: str) -> None:
        """After the commit: who reads before it would remember what was."""
        after_commit(self._engine, lambda: self._told(portal_id, phone))


def ids_json(chat_ids: Sequence[str]) -> str:
    """A chat's ids as they are stored."""
    return json.dumps(_best(*chat_ids))


def _best(*chat_ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chat_ids))[:MAX_IDS]
