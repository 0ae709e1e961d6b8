"""In which card a conversation is told: what Bitrix24 knows of the number, and the portal's choice
(pure).

bitrix24/b24restdocs: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md,
crm/universal/crm-item-list.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from widget.bitrix24.crm import COMPANY, CONTACT, DEAL, LEAD
from widget.bitrix24.placement import ENTITY_TYPES
from widget.storage.timelines import TimelineSettings
from widget.untrusted import as_dict, as_positive_int

Place = tuple[int, int]  # entityTypeId and id of a card

_NAMES = {kind: name.lower() for name, kind in ENTITY_TYPES.items()}
# How the stages of quotes, invoices and smart processes end that Bitrix24 made itself:
# «DT183_5:SUCCESS». One that an administrator added is called otherwise, and taken for an open one.
_ENDED = frozenset({"SUCCESS", "FAIL", "APPROVED", "DECLAINED", "P", "D"})


@dataclass(frozen=True)
class CrmParties:
    """The CRM's items with a number, and what these have: deals, and items of other kinds each with
    its kind, the freshest first."""

    contacts: tuple[int, ...] = ()
    companies: tuple[int, ...] = ()
    leads: tuple[int, ...] = ()
    deals: tuple[Mapping[str, Any], ...] = ()
    items: tuple[tuple[int, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The card, those that show a copy, those that no copy can be bound to and that have a comment
    of their own, and how many other deals might have been meant."""

    place: Place
    copies: tuple[Place, ...] = ()
    beside: tuple[Place, ...] = ()
    others: int = 0


def name_of(kind: int) -> str:
    """What the timeline's methods call a kind of cards: in small letters."""
    return _NAMES.get(kind) or f"dynamic_{kind}"


def with_cards(known: CrmParties, cards: Sequence[tuple[int, int]]) -> CrmParties:
    """The same with more cards (entityTypeId, id) of the client (pure)."""

    def more(ids: tuple[int, ...], kind: int) -> tuple[int, ...]:
        return tuple(dict.fromkeys((*ids, *(card_id for card_kind, card_id in cards if card_kind == kind))))

    contacts, companies, leads = more(known.contacts, CONTACT), more(known.companies, COMPANY), more(known.leads, LEAD)
    return replace(known, contacts=contacts, companies=companies, leads=leads)


def newest_first(items: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    """Each item once."""
    known = {as_positive_int(item.get("id")): item for item in map(as_dict, items) if as_positive_int(item.get("id"))}
    return tuple(known[item_id] for item_id in sorted(known, reverse=True))


def choose(known: CrmParties, settings: TimelineSettings) -> Chosen | None:
    """The freshest deal that is allowed, else a lead, else the freshest of another kind that was
    chosen, else the client; None for a number that the CRM does not know."""
    people = tuple((CONTACT, one) for one in known.contacts) + tuple((COMPANY, one) for one in known.companies)
    copies = people if settings.copies else ()
    beside = _freshest(known, settings)
    deals = [deal for deal in known.deals if _allowed(deal, settings)] if settings.deals else []
    if deals:
        return Chosen((DEAL, as_positive_int(deals[0].get("id"))), copies, beside, len(deals) - 1)
    if settings.leads and known.leads:
        return Chosen((LEAD, max(known.leads)), copies, beside)
    if beside:
        return Chosen(beside[0], copies, beside[1:])
    return Chosen(people[0], copies[1:]) if people else None


def _freshest(known: CrmParties, settings: TimelineSettings) -> tuple[Place, ...]:
    """One item of each other kind that was chosen."""
    found: dict[int, Place] = {}
    for kind, item in known.items:
        if kind in settings.kinds and (settings.closed or not _is_over(item)):
            found.setdefault(kind, (kind, as_positive_int(item.get("id"))))
    return tuple(found[kind] for kind in settings.kinds if kind in found)


def _allowed(deal: Mapping[str, Any], settings: TimelineSettings) -> bool:
    funnel = deal.get("categoryId")
    return (settings.closed or not _is_closed(deal)) and (not settings.funnels or int(funnel or 0) in settings.funnels)


def _is_closed(item: Mapping[str, Any]) -> bool:
    return item.get("closed") == "Y" or item.get("stageSemanticId") in ("S", "F")


def _is_over(item: Mapping[str, Any]) -> bool:
    return _is_closed(item) or str(item.get("stageId") or "").rpartition(":")[2] in _ENDED
