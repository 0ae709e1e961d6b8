"""Chats: one row for each line and phone, whatever card it was opened from, with the ids its gateway uses."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from widget.storage.schema import chats


@dataclass(frozen=True)
class Chat:
    """`chat_ids` is best first; `proved` means the gateway has it, so the number has WhatsApp."""

    id: int
    portal_id: int
    line_id: int
    phone: str
    chat_ids: tuple[str, ...]
    proved: bool
    last_at: float
    created_by: int = 0  # the user who opened it first, 0 when it was found at the gateway

    def __repr__(self) -> str:
        return f"Chat(id={self.id}, line_id={self.line_id})"


class Chats:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def get(self, portal_id: int, chat_id: int) -> Chat | None:
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.id == chat_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return _chat(row) if row else None

    def of_phones(self, portal_id: int, phones: Collection[str]) -> list[Chat]:
        """Every chat of these phones on any line, the last used first. One query."""
        if not phones:
            return []
        query = (
            select(chats)
            .where(chats.c.portal_id == portal_id, chats.c.phone.in_(phones))
            .order_by(chats.c.last_at.desc(), chats.c.id)
        )
        with self._engine.connect() as connection:
            return [_chat(row) for row in connection.execute(query).mappings()]

    def remember(
        self,
        portal_id: int,
        line_id: int,
        phone: str,
        *,
        chat_ids: Sequence[str] = (),
        proved: bool = False,
        last_at: float = 0.0,
        user_id: int = 0,
    ) -> tuple[Chat, bool]:
        """The chat of this line and phone, made if there is none, enriched if there is. Also says if it is new.

        Two cards that create it at once get the same row.
        """
        news = _News(chat_ids, proved, last_at)
        for _attempt in range(2):
            try:
                with self._engine.begin() as connection:
                    found = self._find(connection, portal_id, line_id, phone)
                    if found:
                        return self._enrich(connection, found, news), False
                    connection.execute(
                        insert(chats).values(
                            portal_id=portal_id,
                            line_id=line_id,
                            phone=phone,
                            chat_ids=json.dumps(list(chat_ids)),
                            proved=proved,
                            last_at=last_at,
                            created_by=user_id,
                            created_at=self._clock(),
                        )
                    )
                    made = self._find(connection, portal_id, line_id, phone)
                    assert made  # noqa: S101 - inserted above
                    return made, True
            except IntegrityError:
                continue  # another card was quicker; its row is there now
        raise RuntimeError("a chat can neither be found nor made")

    def _find(self, connection: Connection, portal_id: int, line_id: int, phone: str) -> Chat | None:
        query = select(chats).where(chats.c.portal_id == portal_id, chats.c.line_id == line_id, chats.c.phone == phone)
        row = connection.execute(query).mappings().first()
        return _chat(row) if row else None

    def _enrich(self, connection: Connection, chat: Chat, news: "_News") -> Chat:
        richer = replace(
            chat,
            chat_ids=tuple(dict.fromkeys((*news.chat_ids, *chat.chat_ids))),
            proved=chat.proved or news.proved,
            last_at=max(chat.last_at, news.last_at),
        )
        if richer != chat:
            connection.execute(
                update(chats)
                .where(chats.c.portal_id == chat.portal_id, chats.c.id == chat.id)
                .values(chat_ids=json.dumps(richer.chat_ids), proved=richer.proved, last_at=richer.last_at)
            )
        return richer


@dataclass(frozen=True)
class _News:
    chat_ids: Sequence[str]
    proved: bool
    last_at: float


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
