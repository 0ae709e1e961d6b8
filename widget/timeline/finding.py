"""Ask Bitrix24 in which card a conversation is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from widget.bitrix24.crm import DEAL
from widget.bitrix24.rest import Rest
from widget.phones.spellings import spellings_in_crm
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal
from widget.storage.timelines import TimelineSettings
from widget.timeline.places import Chosen, CrmParties, choose, newest_first, people_of, with_cards
from widget.untrusted import as_dict, as_rows

MAX_PEOPLE = 10


class CardFinder:
    def __init__(self, rest: Rest, hidden: HiddenClients) -> None:
        self._rest = rest
        self._hidden = hidden

    def find(self, portal: Portal, settings: TimelineSettings, chat: Chat) -> Chosen | None:
        """By the number, and by the cards that the chat was attached to. Two calls at most, and a query."""
        known = with_cards(self._by_phone(portal, chat), self._hidden.links(portal.id, [chat.id]).get(chat.id, []))
        kinds = (*((DEAL,) if settings.deals else ()), *settings.kinds)
        return choose(self._with_items(portal, known, kinds), settings)

    def _by_phone(self, portal: Portal, chat: Chat) -> CrmParties:
        if not chat.phone:
            return CrmParties()
        wanted = {"type": "PHONE", "values": list(spellings_in_crm(chat.phone, portal.country))}
        return people_of(self._rest.call(portal, portal.installer_id, "crm.duplicate.findbycomm", wanted))

    def _with_items(self, portal: Portal, known: CrmParties, kinds: Sequence[int]) -> CrmParties:
        """With what these people have, of all of them in one batch. A contact may be an item's first or another one;
        a kind that links no clients refuses its filter, and has none."""
        people = {"contactIds": known.contacts, "contactId": known.contacts, "companyId": known.companies}
        commands: dict[str, tuple[str, Mapping[str, Any]]] = {
            f"k{kind}_{field}": (
                "crm.item.list",
                {
                    "entityTypeId": kind,
                    "filter": {field: list(ids[:MAX_PEOPLE])},
                    "order": {"id": "DESC"},
                    "select": ["*"],
                },
            )
            for kind in kinds
            for field, ids in people.items()
            if ids
        }
        answer = self._rest.batch(portal, portal.installer_id, commands).results if commands else {}
        found = {kind: newest_first(_items_of(answer, kind)) for kind in kinds}
        items = tuple((kind, item) for kind in kinds if kind != DEAL for item in found[kind])
        return replace(known, deals=found.get(DEAL, ()), items=items)


def _items_of(answer: Mapping[str, Any], kind: int) -> list[Any]:
    lists = (as_dict(told) for key, told in answer.items() if key.startswith(f"k{kind}_"))
    return [item for told in lists for item in as_rows(told.get("items"))]
