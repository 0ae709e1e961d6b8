"""In which card a conversation is told: what Bitrix24 knows of the number, and the portal's choice (pure).

bitrix24/b24restdocs: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md, crm/universal/crm-item-list.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.crm import COMPANY, CONTACT, DEAL, LEAD
from widget.storage.timelines import TimelineSettings
from widget.untrusted import as_dict, as_positive_int

NAMES = {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company"}


@dataclass(frozen=True)
class CrmParties:
    """The CRM's items with a number, and the deals of these, the freshest first."""

    contacts: tuple[int, ...] = ()
    companies: tuple[int, ...] = ()
    leads: tuple[int, ...] = ()
    deals: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The card, those that show a copy, and how many other deals might have been meant."""

    place: tuple[int, int]
    copies: tuple[tuple[int, int], ...] = ()
    others: int = 0


def with_cards(known: CrmParties, cards: Sequence[tuple[int, int]]) -> CrmParties:
    """The same with more cards (entityTypeId, id) of the client (pure)."""

    def more(ids: tuple[int, ...], kind: int) -> tuple[int, ...]:
        return tuple(dict.fromkeys((*ids, *(card_id for card_kind, card_id in cards if card_kind == kind))))

    return CrmParties(more(known.contacts, CONTACT), more(known.companies, COMPANY), more(known.leads, LEAD))


def deals_of(items: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    deals = {as_positive_int(item.get("id")): item for item in map(as_dict, items) if as_positive_int(item.get("id"))}
    return tuple(sorted(deals.values(), key=lambda deal: -as_positive_int(deal.get("id"))))


def choose(known: CrmParties, settings: TimelineSettings) -> Chosen | None:
    """The freshest deal that is allowed, else a lead, else the client; None for a number that the CRM does not know."""
    people = tuple((CONTACT, one) for one in known.contacts) + tuple((COMPANY, one) for one in known.companies)
    copies = people if settings.copies else ()
    deals = [deal for deal in known.deals if _allowed(deal, settings)] if settings.deals else []
    if deals:
        return Chosen((DEAL, as_positive_int(deals[0].get("id"))), copies, len(deals) - 1)
    if settings.leads and known.leads:
        return Chosen((LEAD, max(known.leads)), copies)
    return Chosen(people[0], copies[1:]) if people else None


def _allowed(deal: Mapping[str, Any], settings: TimelineSettings) -> bool:
    closed = deal.get("closed") == "Y" or deal.get("stageSemanticId") in ("S", "F")
    funnel = deal.get("categoryId")
    return (settings.closed or not closed) and (not settings.funnels or int(funnel or 0) in settings.funnels)
