"""Ask Bitrix24 in which card a conversation is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from widget.bitrix24.clients import cards_of_chat
from widget.bitrix24.commands import Command
from widget.bitrix24.crm import DEAL
from widget.bitrix24.rest import Batch, Rest
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal
from widget.storage.timelines import TimelineSettings
from widget.timeline.places import Chosen, CrmParties, choose, newest_first, with_cards
from widget.untrusted import as_dict, as_rows

MAX_PEOPLE = 10


class CardFinder:
    def __init__(self, rest: Rest, hidden: HiddenClients) -> None:
        self._rest = rest
        self._hidden = hidden

    def find(self, portal: Portal, settings: TimelineSettings, chat: Chat) -> Chosen | None:
        """The card of a chat, found by its number and by the cards that it was attached to; None if
        the CRM has none. Two calls at most, and a query. Raises Refused."""
        known = with_cards(CrmParties(), cards_of_chat(self._rest, self._hidden, portal, chat))
        kinds = (*((DEAL,) if settings.deals else ()), *settings.kinds)
        return choose(self._with_items(portal, known, kinds), settings)

    def _with_items(self, portal: Portal, known: CrmParties, kinds: Sequence[int]) -> CrmParties:
        """With what these people have, of all of them in one batch. A contact may be an item's
        first or another one; a kind that links no clients refuses its filter, and has none. Raises
        Refused."""
        people = {"contactIds": known.contacts, "contactId": known.contacts, "companyId": known.companies}
        commands: dict[str, Command] = {
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
        answer = self._rest.batch(portal, portal.installer_id, commands) if commands else Batch({}, {})
        if answer.busy:  # what it does not tell now is not an empty list
            raise answer.refused(answer.busy)
        found = {kind: newest_first(_items_of(answer.results, kind)) for kind in kinds}
        items = tuple((kind, item) for kind in kinds if kind != DEAL for item in found[kind])
        return replace(known, deals=found.get(DEAL, ()), items=items)


def _items_of(answer: Mapping[str, Any], kind: int) -> list[Any]:
    lists = (as_dict(told) for key, told in answer.items() if key.startswith(f"k{kind}_"))
    return [item for told in lists for item in as_rows(told.get("items"))]
