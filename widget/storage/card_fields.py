"""Facts of conversations in fields of cards: which a portal wants, what is due, and what was in the
fields before."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Engine, and_, delete, func, or_, select, tuple_, update

from widget.storage.backlog import Backlog, written_since
from widget.storage.chats import Chat, chat_of_row
from widget.storage.rows import reader
from widget.storage.schema import card_fields, chats, filled_items, told_fields
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.tries import MAX_ERROR
from widget.storage.upsert import insert_into
from widget.timing import doubled

FIRST_PAUSE, MAX_PAUSE = 60.0, 6 * 3600.0
MAX_DUE = 15  # chats of one portal in one round: a handful of calls each, and a portal serves two a second
MAX_PUT_BACK = 40  # cards of one portal in one round
MAX_LOOKED_AT = 3  # the same, of cards that are read anew: a call or two each
LOOK_AGAIN = 3600.0  # seconds until then, at least


class TalkFact(Enum):
    """What is told of a conversation."""

    LAST = "last"  # when the last message was written
    WAITING = "waiting"  # since when the client waits
    WHATSAPP = "whatsapp"  # whether the client has WhatsApp, as far as it is known
    OWNER = "owner"  # who answers


FactFields = Mapping[TalkFact, str]
CardFieldMap = Mapping[int, FactFields]  # by entityTypeId


@dataclass(frozen=True)
class FilledItem:
    """A card with facts in its fields: what was written, and what was there before the first
    time."""

    portal_id: int
    entity_type_id: int
    entity_id: int
    written: Mapping[str, Any] = field(default_factory=dict, repr=False)
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    at: float = 0.0


class CardFields:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self.backlog = Backlog(engine, card_fields, clock)
        self._read = reader(
            FilledItem,
            filled_items,
            columns={"written": "sealed", "before": "sealed"},
            written=lambda sealed: self._in_sealed(sealed)[0],
            before=lambda sealed: self._in_sealed(sealed)[1],
        )

    def of(self, portal_id: int) -> CardFieldMap:
        """Which facts go into which fields, {} for none. One query."""
        query = select(card_fields.c.fields).where(card_fields.c.portal_id == portal_id)
        with transaction(self._engine) as connection:
            found = connection.execute(query).scalar()
        return _fields(found or "{}")

    def save(self, portal_id: int, fields: CardFieldMap) -> None:
        """Keep the choice. Every card is written anew; without fields, what the cards held before
        is put back. Two statements."""
        text = json.dumps({kind: {fact.value: name for fact, name in of.items()} for kind, of in fields.items()})
        with transaction(self._engine) as connection:
            values = {"fields": text, "behind": True}
            row = insert_into(connection, card_fields).values(portal_id=portal_id, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["portal_id"], set_=values))
            connection.execute(delete(told_fields).where(told_fields.c.portal_id == portal_id))

    def wanted(self) -> dict[int, CardFieldMap]:
        """The choices of all portals that ever made one, by portal. One query."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(card_fields)).all()
        return {row.portal_id: _fields(row.fields) for row in rows}

    def due(self, portal_id: int, since: float = 0.0) -> list[Chat]:
        """Chats written in since a time (unix seconds) that are another than was told, the last
        used first, at most MAX_DUE. One query, which reads the chats since then alone."""
        pairs = [(chats.c[name], told_fields.c[name]) for name in ("last_at", "waiting_since", "owner_id", "proved")]
        is_told = told_fields.c.chat_id.is_not(None)
        query = (
            select(chats)
            .select_from(chats.outerjoin(told_fields, told_fields.c.chat_id == chats.c.id))
            .where(
                written_since(portal_id, since),
                or_(
                    and_(~is_told, or_(chats.c.last_at > 0, chats.c.owner_id != 0, chats.c.proved)),
                    and_(is_told, or_(*(now != then for now, then in pairs))),
                ),
                func.coalesce(told_fields.c.next_try_at, 0.0) <= self._clock(),
            )
            .order_by(chats.c.last_at.desc(), chats.c.id)
            .limit(MAX_DUE)
        )
        with transaction(self._engine) as connection:
            return [chat_of_row(row) for row in connection.execute(query).mappings()]

    def mark_written(self, chat: Chat) -> None:
        """Note that the chat's cards hold what the chat was when it was read. One statement."""
        values = {name: getattr(chat, name) for name in ("last_at", "waiting_since", "owner_id", "proved")}
        self._put(chat, {**values, "attempts": 0, "next_try_at": 0.0, "error": ""})

    def later(self, chat: Chat, at: float) -> None:
        """Put the chat off until this time (unix seconds). One statement."""
        self._put(chat, {"next_try_at": at})

    def fail(self, chat: Chat, error: str) -> None:
        """Note the failure; the chat is due again after a pause, each twice the one before. One
        statement."""
        query = select(told_fields.c.attempts).where(told_fields.c.chat_id == chat.id)
        with transaction(self._engine) as connection:
            attempts = connection.execute(query).scalar() or 0
        pause = doubled(FIRST_PAUSE, attempts, MAX_PAUSE)
        self._put(chat, {"attempts": attempts + 1, "next_try_at": self._clock() + pause, "error": error[:MAX_ERROR]})

    def filled(self, portal_id: int, entity_type_id: int, entity_id: int) -> FilledItem:
        """What was written into this card; nothing where it never was. One query."""
        empty = FilledItem(portal_id, entity_type_id, entity_id)
        with transaction(self._engine) as connection:
            row = connection.execute(select(filled_items).where(*_this(empty))).mappings().first()
        return self._read(row) if row else empty

    def holding(self, portal_id: int, cards: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of the cards (entityTypeId, id) whose fields hold facts. One query, none for no
        cards."""
        if not cards:
            return set()
        card = tuple_(filled_items.c.entity_type_id, filled_items.c.entity_id)
        query = select(filled_items).where(filled_items.c.portal_id == portal_id, card.in_(cards))
        with transaction(self._engine) as connection:
            found = [self._read(row) for row in connection.execute(query).mappings()]
        return {(item.entity_type_id, item.entity_id) for item in found if item.written}

    def fill(self, item: FilledItem) -> None:
        """Remember what was written into the card. One statement."""
        sealed = self._secret_box.encrypt(json.dumps([item.written, item.before]))
        named = {"portal_id": item.portal_id, "entity_type_id": item.entity_type_id, "entity_id": item.entity_id}
        with transaction(self._engine) as connection:
            set_ = {"sealed": sealed, "at": item.at, "look_at": self._clock() + LOOK_AGAIN}
            row = insert_into(connection, filled_items).values({**named, **set_})
            connection.execute(row.on_conflict_do_update(index_elements=list(named), set_=set_))

    def to_put_back(self, portal_id: int, kept: Collection[int] = ()) -> list[FilledItem]:
        """Cards whose fields still hold facts, of other kinds than are kept. One query."""
        due = filled_items.c.next_try_at <= self._clock()
        mine = filled_items.c.portal_id == portal_id, filled_items.c.entity_type_id.not_in(kept), due
        query = select(filled_items).where(*mine).order_by(filled_items.c.at).limit(MAX_PUT_BACK)
        with transaction(self._engine) as connection:
            return [self._read(row) for row in connection.execute(query).mappings()]

    def to_look_at(self, portal_id: int, kinds: Collection[int]) -> list[tuple[int, int]]:
        """Cards (entityTypeId, id) of these kinds with facts in their fields that were not read for
        an hour and the longest: who is in them may be another. One query."""
        mine = filled_items.c.portal_id == portal_id, filled_items.c.entity_type_id.in_(kinds)
        query = select(filled_items.c.entity_type_id, filled_items.c.entity_id).where(
            *mine, filled_items.c.look_at <= self._clock()
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(filled_items.c.look_at).limit(MAX_LOOKED_AT)).all()
        return [(row.entity_type_id, row.entity_id) for row in rows]

    def look_later(self, item: FilledItem) -> None:
        """The card was looked at now. One statement."""
        with transaction(self._engine) as connection:
            changed = update(filled_items).where(*_this(item)).values(look_at=self._clock() + LOOK_AGAIN)
            connection.execute(changed)

    def forget(self, item: FilledItem) -> None:
        """Forget what a card's fields held. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(delete(filled_items).where(*_this(item)))

    def delay(self, item: FilledItem, seconds: float) -> None:
        """Put the card off by so many seconds: its fields could not be put back. One statement."""
        changed = update(filled_items).where(*_this(item)).values(next_try_at=self._clock() + seconds)
        with transaction(self._engine) as connection:
            connection.execute(changed)

    def _put(self, chat: Chat, values: Mapping[str, object]) -> None:
        with transaction(self._engine) as connection:
            row = insert_into(connection, told_fields).values(chat_id=chat.id, portal_id=chat.portal_id, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_=dict(values)))

    def _in_sealed(self, sealed: str) -> list[dict[str, Any]]:
        """What was written, and what was there before."""
        found: list[dict[str, Any]] = json.loads(self._secret_box.decrypt_or_empty(sealed) or "[{}, {}]")
        return found


def _this(item: FilledItem) -> tuple[Any, ...]:
    return (
        filled_items.c.portal_id == item.portal_id,
        filled_items.c.entity_type_id == item.entity_type_id,
        filled_items.c.entity_id == item.entity_id,
    )


def _fields(text: str) -> CardFieldMap:
    found = json.loads(text)
    return {int(kind): {TalkFact(fact): str(name) for fact, name in of.items()} for kind, of in found.items()}
