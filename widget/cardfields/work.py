"""Tell cards the facts of their conversations. Once a minute in the worker: a round writes into a
card once at most.

What differs from what was told is due, so nothing is lost while the worker, the portal or a token
is away. A card whose client went away has no conversation any more that could tell of it: cards
with facts are read anew in turn. Presence is told as it is known; nothing is ever asked of
WhatsApp.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from widget.bitrix24.clients import cards_of_chat
from widget.bitrix24.commands import Command
from widget.bitrix24.crm import COMPANY, CONTACT, LEAD, batch_of, card_of
from widget.bitrix24.own_writes import OwnWrites
from widget.bitrix24.rest import Rest
from widget.cardfields.talks import CardTalks
from widget.errors import AppError, ErrorCode, Refused
from widget.storage.card_fields import MAX_DUE, MAX_PUT_BACK, CardFieldMap, CardFields, FactFields, FilledItem
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal, Portals
from widget.untrusted import as_dict, as_positive_int, as_rows

log = logging.getLogger(__name__)

APART = 60.0  # seconds between two writes into one card
MAX_CARDS = 20  # of one client
NEWEST = 5  # deals or items of a smart process of one person
PUT_BACK_AGAIN = 600.0
PEOPLE = {LEAD, CONTACT, COMPANY}
Values = dict[str, Any]


class TooSoon(Exception):
    """A card was written into less than a minute ago. `until` is unix seconds."""

    def __init__(self, until: float) -> None:
        super().__init__()
        self.until = until


class CardFieldWork:
    def __init__(
        self,
        card_fields: CardFields,
        hidden: HiddenClients,
        portals: Portals,
        talks: CardTalks,
        rest: Rest,
        own_writes: OwnWrites,
        clock: Callable[[], float],
    ) -> None:
        self._stored = card_fields
        self._hidden = hidden
        self._portals = portals
        self._talks = talks
        self._rest = rest
        self._own_writes = own_writes
        self._clock = clock

    def go(self) -> None:
        """A round over every portal that wants facts, or did until now: what was written lately,
        and everything where old conversations may be left. Two queries where none does. Never
        raises."""
        behind = self._stored.backlog.take()
        for portal_id, fields in self._stored.wanted().items():
            portal = self._portals.get(portal_id)
            looked = False
            if portal is not None and portal.is_served:
                if fields:
                    looked = self._go(portal, fields, behind=portal_id in behind)
                else:
                    self._put_back(portal, fields)
            if portal_id in behind and not looked:
                self._stored.backlog.put_back(portal_id)

    def _go(self, portal: Portal, fields: CardFieldMap, *, behind: bool) -> bool:
        """Returns whether nothing was left."""
        left = behind and self._put_back(portal, fields)
        due = self._stored.due(portal.id, self._stored.backlog.since(behind=behind))
        for chat in due:
            self._tell_of(portal, fields, chat)
        for kind, item_id in self._stored.to_look_at(portal.id, fields.keys()):
            self._look_at(portal, fields[kind], kind, item_id)
        return len(due) < MAX_DUE and not left

    def _look_at(self, portal: Portal, names: FactFields, kind: int, item_id: int) -> None:
        """Tell a card anew what is true of the people who are in it now; forget one that is no
        more. Never raises."""
        item = FilledItem(portal.id, kind, item_id)
        try:
            self._stored.look_later(item)
            if not self._tell(portal, names, kind, item_id):
                self._stored.forget(item)
        except (TooSoon, AppError) as error:
            log.info("cardfields.looked_in_vain portal=%s error=%s", portal.id, type(error).__name__)
        except Exception:
            log.exception("cardfields.broken portal=%s", portal.id)

    def _tell_of(self, portal: Portal, fields: CardFieldMap, chat: Chat) -> None:
        try:
            for kind, item_id in self._cards_of(portal, fields, chat):
                self._tell(portal, fields[kind], kind, item_id)
            self._stored.mark_written(chat)
        except TooSoon as soon:
            self._stored.later(chat, soon.until)
        except AppError as error:
            log.warning("cardfields.failed portal=%s chat=%s error=%s", portal.id, chat.id, error.reason)
            self._stored.fail(chat, error.reason or error.code.value)
        except Exception as error:
            log.exception("cardfields.broken portal=%s chat=%s", portal.id, chat.id)
            self._stored.fail(chat, type(error).__name__)

    def _cards_of(self, portal: Portal, fields: CardFieldMap, chat: Chat) -> list[tuple[int, int]]:
        """The client's cards of the kinds that hold facts. Two calls at most. Raises Refused."""
        cards = set(cards_of_chat(self._rest, self._hidden, portal, chat))
        people = sorted(card for card in cards if card[0] in (CONTACT, COMPANY))[:NEWEST]
        linked = [kind for kind in fields if kind not in PEOPLE]
        if people and linked:
            cards |= self._items_of(portal, people, linked)
        return sorted(card for card in cards if card[0] in fields)[:MAX_CARDS]

    def _items_of(
        self, portal: Portal, people: Sequence[tuple[int, int]], kinds: Sequence[int]
    ) -> set[tuple[int, int]]:
        """The newest deals and items of smart processes of these contacts and companies that are
        not closed, or that hold facts: what they say stays true."""
        newest = {"order": {"id": "DESC"}, "select": ["*"], "start": -1}
        asked: dict[str, Command] = {
            f"k{kind}_{of}_{one}": (
                "crm.item.list",
                {"entityTypeId": kind, "filter": {"contactId" if of == CONTACT else "companyId": one}, **newest},
            )
            for kind in kinds
            for of, one in people
        }
        answer = self._rest.batch(portal, portal.installer_id, dict(list(asked.items())[:50]))
        if answer.busy:
            raise answer.refused(answer.busy)
        items = {
            (int(key[1:].partition("_")[0]), as_positive_int(item.get("id"))): item
            for key, told in answer.results.items()
            for item in [as_dict(row) for row in as_rows(as_dict(told).get("items"))][:NEWEST]
        }
        closed = {card for card, item in items.items() if not _is_open(item)}
        return items.keys() - closed | self._stored.holding(portal.id, closed)

    def _tell(self, portal: Portal, names: FactFields, kind: int, item_id: int) -> bool:
        """What is true of this card's conversations now, into its fields; whether there is such a
        card. One call to read it, one to write where something is new."""
        answer = self._rest.batch(portal, portal.installer_id, batch_of(kind, item_id))
        try:
            card = card_of(answer, kind, portal.installer_id)
        except Refused as error:
            if error.code is ErrorCode.CARD_GONE:
                return error.reason.upper() != "NOT_FOUND"  # what may not be read now keeps what it held before
            raise
        facts = self._talks.facts(portal, kind, item_id, card.people)
        self._write(portal, kind, item_id, {names[fact]: facts[fact] for fact in names if fact in facts}, answer)
        return True

    def _write(self, portal: Portal, kind: int, item_id: int, values: Values, answer: Any) -> None:
        known = self._stored.filled(portal.id, kind, item_id)
        item = as_dict(as_dict(answer.results.get("item")).get("item"))
        left = {name: known.before.get(name) or "" for name in known.written if name not in values}
        if not left and all((known.written.get(name, item.get(name)) or "") == value for name, value in values.items()):
            return
        if self._clock() < known.at + APART:
            raise TooSoon(known.at + APART)
        before = {**{name: item.get(name) for name in values}, **known.before}
        # Kept before the call: after it the fields hold what we wrote.
        self._stored.fill(replace(known, before=before))
        self._update(portal, kind, item_id, {**left, **values})
        kept = {name: value for name, value in before.items() if name in values}
        self._stored.fill(replace(known, written=values, before=kept, at=self._clock()))

    def _update(self, portal: Portal, kind: int, item_id: int, values: Values) -> None:
        self._own_writes.expect(portal.id, kind, item_id)
        self._rest.call(
            portal, portal.installer_id, "crm.item.update", {"entityTypeId": kind, "id": item_id, "fields": values}
        )

    def _put_back(self, portal: Portal, kept: Collection[int]) -> bool:
        """Write back what fields of cards held before, of kinds that are not kept. Returns whether
        some may be left. One call a card."""
        found = self._stored.to_put_back(portal.id, kept)
        for item in found:
            values = {name: item.before.get(name) or "" for name in item.written}
            try:
                if values:
                    self._update(portal, item.entity_type_id, item.entity_id, values)
            except AppError as error:
                log.warning("cardfields.not_put_back portal=%s error=%s", portal.id, error.reason)
                if error.reason.upper() != "NOT_FOUND":
                    self._stored.delay(item, PUT_BACK_AGAIN)
                    continue
            self._stored.forget(item)
        return len(found) == MAX_PUT_BACK


def _is_open(item: Mapping[str, Any]) -> bool:
    return item.get("closed") != "Y" and item.get("stageSemanticId") not in ("S", "F")
