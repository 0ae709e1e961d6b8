"""Clients whose phone is not known: how they call themselves, which cards they belong to, and who
they turn out to be.

WhatsApp may tell of a person by a LID alone. Such a chat is like any other, with the LID in the
place of the phone.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, bindparam, delete, select, tuple_, update

from widget.phones.numbers import shown
from widget.storage.chat_names import called
from widget.storage.chats import LID, MAX_IDS, Chat, chat_of_row, ids_json
from widget.storage.ignores import Ignores
from widget.storage.schema import (
    chat_links,
    chats,
    client_names,
    joined_chats,
    lines,
    losses,
    mirrored,
    mirrors,
    records,
    scheduled,
    sends,
)
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import after_commit, transaction
from widget.storage.upsert import insert_into

MAX_NAME = 100
MAX_LOOKED_UP = 500  # of one line in one night
MAX_OF_CARD = 10
# Built once: each cold card asks for it.
_OF_CARDS = (
    select(chats)
    .join(chat_links, chat_links.c.chat_id == chats.c.id)
    .where(
        chat_links.c.portal_id == bindparam("portal_id"),
        tuple_(chat_links.c.entity_type_id, chat_links.c.entity_id).in_(bindparam("cards", expanding=True)),
    )
    .order_by(chats.c.last_at.desc())
    .limit(MAX_OF_CARD)
)
# What belongs to a chat and goes with it to the other one, with what of it the other one may have
# already.
FOLLOWING: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (sends, ()),
    (records, ("name",)),
    (chat_links, ("entity_type_id", "entity_id")),
    (scheduled, ()),
    (joined_chats, ()),
    (losses, ("user_id",)),
)


class HiddenClients:
    def __init__(
        self,
        engine: Engine,
        secret_box: SecretBox,
        clock: Callable[[], float],
        tell: Callable[[Chat], None],
        ignores: Ignores,
    ) -> None:
        """`tell` is told of a chat after it was changed. Must not raise."""
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._tell = tell
        self._ignores = ignores

    def phone_of(self, portal_id: int, lid: str) -> str:
        """The phone of the client whom a chat on any of the portal's lines calls by this LID too,
        "" without one: a LID is a person's, whichever line they write to
        (github.com/tulir/whatsmeow, store/sqlstore: one table of pairs for all accounts). One
        query."""
        of_portal = select(lines.c.id).where(lines.c.portal_id == portal_id)
        # Of its lines, and not of the portal, or SQLite reads all that the portal has; nor sorted,
        # for the same reason.
        here = chats.c.line_id.in_(of_portal), called(self._engine.dialect.name, of_portal, [lid])
        query = select(chats.c.last_at, chats.c.phone).where(*here, ~chats.c.phone.endswith(LID))
        with transaction(self._engine) as connection:
            found = [(row.last_at, str(row.phone)) for row in connection.execute(query)]
        return max(found, default=(0.0, ""))[1]

    def call(self, chat: Chat, name: str) -> None:
        """Remember how the client calls themselves. One query, and a statement where that is
        news."""
        name = " ".join(name.split())[:MAX_NAME]
        if not name or self.names([chat]).get(chat.id) == name:
            return
        values = {"portal_id": chat.portal_id, "sealed": self._secret_box.encrypt(name)}
        with transaction(self._engine) as connection:
            row = insert_into(connection, client_names).values(chat_id=chat.id, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_=values))

    def names(self, of: Collection[Chat]) -> dict[int, str]:
        """By the chat's id, for those of the chats whose clients have one. One query, none without
        a hidden client."""
        ids = [chat.id for chat in of if not chat.phone]
        if not ids:
            return {}
        query = select(client_names.c.chat_id, client_names.c.sealed).where(client_names.c.chat_id.in_(ids))
        with transaction(self._engine) as connection:
            found = connection.execute(query).all()
        return {row.chat_id: self._secret_box.decrypt_or_empty(row.sealed) for row in found}

    def titles(self, of: Collection[Chat], nameless: str = "") -> dict[int, str]:
        """How the client of each chat is called, by the chat's id: by their number, else by the
        name that they gave, else `nameless`. A query as `names`."""
        names = self.names(of)
        return {chat.id: shown(chat.phone) if chat.phone else names.get(chat.id) or nameless for chat in of}

    def link(self, chat: Chat, entity_type_id: int, entity_id: int, *, user_id: int) -> None:
        """The chat belongs to this card. One statement; none is linked twice."""
        values = {"chat_id": chat.id, "entity_type_id": entity_type_id, "entity_id": entity_id}
        more = {"portal_id": chat.portal_id, "user_id": user_id, "at": self._clock()}
        with transaction(self._engine) as connection:
            connection.execute(insert_into(connection, chat_links).values({**values, **more}).on_conflict_do_nothing())

    def unlink(self, portal_id: int, cards: Collection[tuple[int, int]]) -> None:
        """No chat belongs to these cards (entityTypeId, id) any more. One statement, none for no
        cards."""
        if not cards:
            return
        card = tuple_(chat_links.c.entity_type_id, chat_links.c.entity_id)
        with transaction(self._engine) as connection:
            connection.execute(delete(chat_links).where(chat_links.c.portal_id == portal_id, card.in_(cards)))

    def links(self, portal_id: int, chat_ids: Collection[int]) -> dict[int, list[tuple[int, int]]]:
        """The cards, as entityTypeId and id, that each of these chats belongs to. One query, none
        for no chats."""
        if not chat_ids:
            return {}
        mine = chat_links.c.portal_id == portal_id, chat_links.c.chat_id.in_(chat_ids)
        found: dict[int, list[tuple[int, int]]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(select(chat_links).where(*mine).order_by(chat_links.c.at)):
                found.setdefault(row.chat_id, []).append((row.entity_type_id, row.entity_id))
        return found

    def of_cards(self, portal_id: int, cards: Collection[tuple[int, int]]) -> list[Chat]:
        """The chats that were attached to these cards (entityTypeId, id), the last used first. One
        query."""
        wanted = {"portal_id": portal_id, "cards": list(cards)}
        with transaction(self._engine) as connection:
            return [chat_of_row(row) for row in connection.execute(_OF_CARDS, wanted).mappings()]

    def by_line(self, portal_id: int) -> dict[int, list[Chat]]:
        """The chats of a portal's hidden clients by line, the last used first. One query."""
        mine = chats.c.portal_id == portal_id, chats.c.phone.endswith(LID)
        query = select(chats).where(*mine).order_by(chats.c.last_at.desc())
        found: dict[int, list[Chat]] = {}
        with transaction(self._engine) as connection:
            for chat in map(chat_of_row, connection.execute(query).mappings()):
                of_line = found.setdefault(chat.line_id, [])
                if len(of_line) < MAX_LOOKED_UP:
                    of_line.append(chat)
        return found

    def unite(self, hidden: Chat, phones: Sequence[str]) -> Chat:
        """The client has this phone: the chat of the LID and that of the phone, in whichever
        spelling it is kept, are one from now on. Returns it; since when its client waits is to be
        worked out anew. Who was ignored by one name is so by both, and waits no longer.

        One transaction. Of two chats the one stays that has a mirror in an open line: its name is
        known in Bitrix24. Who may read the LID's chat by having answered it, written in it or
        attached it to a card has by that no right to what others had with the phone: where that
        chat has messages, these rights end, and are looked for anew.
        """
        mine = chats.c.portal_id == hidden.portal_id, chats.c.line_id == hidden.line_id
        with transaction(self._engine) as connection:
            query = select(chats).where(*mine, chats.c.phone.in_(phones)).order_by(chats.c.id).limit(1)
            row = connection.execute(query).mappings().first()
            known = chat_of_row(row) if row else None
            phone, both = known.client if known else phones[0], [chat for chat in (known, hidden) if chat]
            values: dict[str, Any] = {"phone": phone, "recounts": chats.c.recounts + 1}
            names = {phone, *(name for chat in both for name in (chat.client, *chat.chat_ids))}
            stays = hidden
            if known:
                values |= _together(known, hidden)
                if known.written:
                    _end_rights(connection, hidden)
                stays, goes = (hidden, known) if self._is_mirrored(connection, hidden, known) else (known, hidden)
                _move(connection, goes, stays)
                _move_mirrored(connection, goes, stays)
                was = {"portal_id": goes.portal_id, "was": goes.id, "chat_id": stays.id}
                connection.execute(insert_into(connection, joined_chats).values(was).on_conflict_do_nothing())
                connection.execute(delete(chats).where(chats.c.id == goes.id))
            if ignored := self._ignores.ignores(hidden.portal_id, hidden.line_id, names):
                values["waived_at"] = max(chat.theirs_at for chat in both)
            connection.execute(delete(client_names).where(client_names.c.chat_id == stays.id))
            changed = update(chats).where(*mine, chats.c.id == stays.id).values(values).returning(*chats.c)
            found = connection.execute(changed).mappings().first()
        united = chat_of_row(found) if found else stays
        if ignored:
            self._ignores.extend(united.portal_id, united.line_id, names)
        for each in (hidden, united):  # open pages know it by either name
            after_commit(self._engine, lambda chat=each: self._tell(chat))  # type: ignore[misc]
        return united

    def _is_mirrored(self, connection: Connection, hidden: Chat, known: Chat) -> bool:
        """Whether of both only the hidden client's chat has a mirror."""
        query = select(mirrors.c.chat_id).where(mirrors.c.chat_id.in_((hidden.id, known.id)))
        return set(connection.execute(query).scalars()) == {hidden.id}


def _end_rights(connection: Connection, hidden: Chat) -> None:
    connection.execute(delete(chat_links).where(chat_links.c.chat_id == hidden.id))
    connection.execute(update(sends).where(sends.c.chat_id == hidden.id).values(typed=True))


def _move(connection: Connection, goes: Chat, stays: Chat) -> None:
    """What the other one has already goes with its chat."""
    for table, named in FOLLOWING:
        which = [table.c.chat_id == goes.id]
        if named:
            other = table.alias()
            same = and_(other.c.chat_id == stays.id, *(other.c[name] == table.c[name] for name in named))
            which.append(~select(other.c.chat_id).where(same).exists())
        connection.execute(update(table).where(*which).values(chat_id=stays.id))


def _move_mirrored(connection: Connection, goes: Chat, stays: Chat) -> None:
    """Where both chats have a mirror, what one holds goes on in the other: a mirror goes with its
    chat."""
    both = mirrors.c.portal_id == stays.portal_id, mirrors.c.chat_id.in_((goes.id, stays.id))
    query = select(mirrors.c.chat_id, mirrors.c.id).where(*both)
    ids = {row.chat_id: row.id for row in connection.execute(query)}
    if len(ids) == 2:
        known = select(mirrored.c.key).where(mirrored.c.mirror_id == ids[stays.id])
        which = mirrored.c.mirror_id == ids[goes.id], mirrored.c.key.not_in(known)
        connection.execute(update(mirrored).where(*which).values(mirror_id=ids[stays.id]))


def _together(known: Chat, hidden: Chat) -> dict[str, object]:
    """What is true of a chat that was two."""
    waiting = sorted((chat for chat in (known, hidden) if chat.waiting_since), key=lambda chat: chat.waiting_since)
    since = waiting[0].waiting_since if waiting else 0.0
    # Who waived the one had not read the other: what waits there waits on.
    waived = max(known, hidden, key=lambda chat: chat.waived_at)
    return {
        "chat_ids": ids_json((*known.chat_ids, *hidden.chat_ids)[:MAX_IDS]),
        "proved": known.proved or hidden.proved,
        "last_at": max(known.last_at, hidden.last_at),
        "theirs_at": max(known.theirs_at, hidden.theirs_at),
        "answered_at": max(known.answered_at, hidden.answered_at),
        "waiting_since": since,
        "waived_at": min(waived.waived_at, since - 1) if waiting else waived.waived_at,
        "waived_by": waived.waived_by,
        **_owned(known, hidden),
    }


def _owned(known: Chat, hidden: Chat) -> dict[str, object]:
    """Who answers both: who answers the phone's chat, unless they came by typing its number and may
    not read the other one. Who answered the LID's may not read what the phone's has. Who lost
    either has lost both."""
    lost = {"owner_was": known.owner_was or hidden.owner_was}
    if known.owner_id and not known.owner_typed:
        owned = known
    elif not known.written or hidden.owner_id == known.owner_id:
        owned = hidden
    else:
        return {"owner_id": 0, "owner_at": 0.0, "owner_typed": False, **lost}
    return {**{name: getattr(owned, name) for name in ("owner_id", "owner_at", "owner_typed")}, **lost}
