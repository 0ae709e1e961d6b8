"""Load what is known about a card's phones. Reads and never writes, and asks nothing of a
gateway."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from widget.cache import Cache, StoreGone
from widget.card.cache import CardCache
from widget.card.collect import SHOWN, arrange
from widget.card.reading import Ahead, CardReader
from widget.card.rows import KnownChats, KnownPhones
from widget.card.stored import StoredClients, StoredFacts
from widget.context import CardContext, CardPhone, ReadMode
from widget.gateways.lines import chat_ids_for
from widget.marks import Marks
from widget.presence.budget import CheckPriority
from widget.presence.freshness import FreshnessPolicy
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason
from widget.presence.store import PresenceStore
from widget.session import Session
from widget.storage.chats import Chat
from widget.storage.portals import Portal

OLD_CARD = 15.0  # seconds after which a remembered card is drawn at once and read again behind the page


@dataclass(frozen=True)
class CardSnapshot:
    """A request's context, and what the cache has under its `keys`: None where it is out of reach.
    `raw` is to be compared with what was there before."""

    context: CardContext
    keys: tuple[str, ...]
    raw: tuple[Any, ...] | None
    read: Callable[[Sequence[str], Sequence[Any]], dict[str, Any]] = field(compare=False, repr=False)

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks of its chats as they were read: a page sends them to be told what came
        after."""
        keys = _mark_keys(self.context)
        return tuple(str(mark) for key in keys if (mark := (self.records or {}).get(key)))

    @cached_property
    def records(self) -> dict[str, Any] | None:
        return None if self.raw is None else self.read(self.keys, self.raw)


class Loader:
    def __init__(
        self,
        door: CardReader,
        cache: Cache,
        presences: PresenceStore,
        stored: StoredClients,
        freshness: FreshnessPolicy,
        clock: Callable[[], float],
    ) -> None:
        self._door = door
        self._cache = cache
        self._presences = presences
        self._clients = stored
        self._freshness = freshness
        self._clock = clock

    def see(
        self, session: Session, portal: Portal, reading: ReadMode = ReadMode.CURRENT, ahead: Ahead | None = None
    ) -> CardSnapshot:
        """The request's context, of a card that was not thrown away meanwhile, and the cache's
        records. One round trip for a card that this process remembers; else what `CardReader.enter`
        costs besides. Raises Refused."""
        first = ReadMode.ANEW if reading is ReadMode.ANEW else ReadMode.REMEMBERED
        seen = self._seen(self._door.enter(session, portal, first, ahead))
        if self._is_outdated(seen):
            seen = self._seen(self._door.enter(session, portal, ReadMode.CURRENT))
        return seen

    def _is_outdated(self, seen: CardSnapshot) -> bool:
        """Whether the card was thrown away since it was read."""
        if seen.raw is None:
            return False
        of_generation = CardCache.generation_keys(seen.context.session)  # the first of all keys
        records = seen.read(of_generation, seen.raw[: len(of_generation)])
        return CardCache.generation_in(records, seen.context.session) != seen.context.card.generation

    def known(self, seen: CardSnapshot, most: int = SHOWN) -> KnownPhones:
        """What the records say, and the database where they say that it has changed. At most five
        queries; one more for numbers that the cache has nothing about, or without the cache."""
        context = seen.context
        portal_id = context.session.portal_id
        keys = {self._presences.key(portal_id, item.key): str(item.phone.e164) for item in context.card.numbers}
        if seen.records is None:
            found = self._presences.without_cache(portal_id, keys)
        else:
            found = self._presences.complete(portal_id, keys, seen.records)
        answers = {keys[key]: presence for key, presence in found.items()}
        stored = self._stored(context, seen.records)
        return self.known_of(context, answers, stored, store_gone=seen.records is None, most=most)

    def known_of(
        self,
        context: CardContext,
        answers: Mapping[str, Presence],
        stored: StoredFacts,
        *,
        store_gone: bool,
        most: int = SHOWN,
    ) -> KnownPhones:
        answers = {**answers, **by_dialogs(context.card.phones, answers)}
        chats = chats_of(context, stored.chats, answers)
        # Cut before anything is asked: 25 numbers never cost 25 checks.
        talked = {*chats.last, *chats.kept}
        there = [item for item in context.card.phones if not item.lid or item.lid in talked]
        shown = arrange(there, talked)[:most]
        return KnownPhones(
            shown,
            chats,
            answers,
            self._to_ask(shown, answers),
            store_gone=store_gone,
            chosen=stored.chosen,
            previews=stored.previews,
            ignored=stored.ignored,
        )

    def learned(self, seen: CardSnapshot, known: KnownPhones, news: Mapping[str, Presence]) -> KnownPhones:
        """The same card after a check: what it found is known now, in the rows that were there."""
        answers = {**known.answers, **news}
        chats = chats_of(seen.context, self._stored(seen.context, seen.records).chats, answers)
        return replace(known, answers=answers, chats=chats, to_ask=self._to_ask(known.shown, answers))

    def is_old(self, context: CardContext) -> bool:
        return context.now > context.card.read_at + OLD_CARD

    def _to_ask(self, shown: Iterable[CardPhone], answers: Mapping[str, Presence]) -> dict[str, CheckPriority]:
        now = self._clock()
        asked = {phone: self._freshness.due(answers.get(phone), now) for phone in e164s(shown)}
        return {phone: priority for phone, priority in asked.items() if priority}

    def _seen(self, context: CardContext) -> CardSnapshot:
        portal_id = context.session.portal_id
        keys = (
            *CardCache.generation_keys(context.session),
            *(self._presences.key(portal_id, item.key) for item in context.card.numbers),
            *_mark_keys(context),
        )
        try:
            return CardSnapshot(context, keys, self._cache.get_raw(keys), self._cache.read)
        except StoreGone:
            return CardSnapshot(context, keys, None, self._cache.read)

    def _stored(self, context: CardContext, records: Mapping[str, Any] | None) -> StoredFacts:
        """What the database has, as it was read under the same marks."""
        marks = None if records is None else [records.get(key) for key in _mark_keys(context)]
        return self._clients.of(context, context.card.clients, marks)


def by_dialogs(phones: Iterable[CardPhone], answers: Mapping[str, Presence]) -> dict[str, Presence]:
    """What the card's own batch proves of numbers that nothing else is known of, or only by a check
    (pure). A «no» and a refusal are newer than any dialog, which has no date."""
    proved = Presence(PresenceAnswer.YES, how=Source.DIALOG)
    dialogs = [item.phone.e164 for item in phones if item.in_dialog and item.phone.e164]
    return {phone: proved for phone in dialogs if _is_open(answers.get(phone))}


def _is_open(known: Presence | None) -> bool:
    if known is None or known.answer is PresenceAnswer.UNKNOWN:
        return known is None or known.why is not UnknownReason.REFUSED
    return known.answer is PresenceAnswer.YES and not known.proved


def chats_of(context: CardContext, chats: Sequence[Chat], answers: Mapping[str, Presence]) -> KnownChats:
    """The last used chat of each number on a line this user may use, and on one that was (pure). A
    chat that so far only a gateway's listing has is one too: it is stored when it is opened."""
    mine = {line.id: line for line in context.lines}
    readable = {line.id for line in context.past_lines}
    stored = {(chat.client, chat.line_id) for chat in chats}
    listed = [
        listed_chat(context, phone, presence)
        for phone, presence in answers.items()
        if presence.how is Source.CHAT and presence.line_id in mine and (phone, presence.line_id) not in stored
    ]
    found = KnownChats({}, {}, set())
    for chat in sorted([*chats, *listed], key=lambda chat: (-chat.last_at, chat.id)) if listed else chats:
        if chat.line_id in mine:
            found.last.setdefault(chat.client, chat)
            longest = found.waiting.get(chat.client)
            if chat.waiting_since and (longest is None or chat.waiting_since < longest.waiting_since):
                found.waiting[chat.client] = chat
        if chat.line_id in readable and chat.written:
            found.kept.setdefault(chat.client, chat)
        if chat.proved:
            found.proved.add(chat.client)
    return found


def listed_chat(context: CardContext, phone: str, presence: Presence) -> Chat:
    """The chat that a gateway's listing proved, as it would be stored."""
    line = context.line(presence.line_id)
    ids = tuple(chat_ids_for(line, presence.chat_id))
    return Chat(0, line.portal_id, line.id, phone, ids, proved=True, last_at=presence.last_at)


def e164s(phones: Iterable[CardPhone]) -> list[str]:
    return [item.phone.e164 for item in phones if item.phone.e164]


def _mark_keys(context: CardContext) -> list[str]:
    session = context.session
    return [
        Marks.user_key(session.portal_id, session.user_id),
        *(Marks.chat_key(session.portal_id, item.key) for item in context.card.clients),
    ]
