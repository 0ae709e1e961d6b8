"""Ask Bitrix24 in which card a conversation is told."""

from collections.abc import Mapping
from typing import Any

from widget.bitrix24.clients import cards_of_chat
from widget.bitrix24.crm import DEAL
from widget.bitrix24.rest import Rest
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal
from widget.storage.timelines import TimelineSettings
from widget.timeline.places import Chosen, CrmParties, choose, deals_of, with_cards
from widget.untrusted import as_dict, as_rows


class CardFinder:
    def __init__(self, rest: Rest, hidden: HiddenClients) -> None:
        self._rest = rest
        self._hidden = hidden

    def find(self, portal: Portal, settings: TimelineSettings, chat: Chat) -> Chosen | None:
        """The card of a chat, found by its number and by the cards that it was attached to; None if the CRM has none.
        Two calls at most, and a query. Raises Refused."""
        known = with_cards(CrmParties(), cards_of_chat(self._rest, self._hidden, portal, chat))
        if settings.deals and (known.contacts or known.companies):
            deals = deals_of(self._deals(portal, known))
            known = CrmParties(known.contacts, known.companies, known.leads, deals)
        return choose(known, settings)

    def _deals(self, portal: Portal, known: CrmParties) -> list[Any]:
        """The deals of all these contacts and companies. One batch. Raises Refused."""
        commands: dict[str, tuple[str, Mapping[str, Any]]] = {
            f"{name}{one}": (
                "crm.item.list",
                {"entityTypeId": DEAL, "filter": {name: one}, "order": {"id": "DESC"}, "select": ["*"]},
            )
            for name, ids in (("contactId", known.contacts[:10]), ("companyId", known.companies[:10]))
            for one in ids
        }
        answer = self._rest.batch(portal, portal.installer_id, commands)
        return [item for found in answer.results.values() for item in as_rows(as_dict(found).get("items"))]
