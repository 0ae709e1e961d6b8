"""Which cards of the CRM hold a phone, and which of them a user may read.

The search answers any user about all cards (bitrix24/b24restdocs, crm.duplicate.findbycomm: rights
«for everybody», at most 20 of each kind), so what it finds is read with the rights of the user who
asks before anything is shown.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.claims import only_asking
from widget.bitrix24.commands import Command
from widget.bitrix24.crm import COMPANY, CONTACT, LEAD, viewer_of
from widget.bitrix24.errors import NOT_THEIRS
from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.phones.spellings import spellings_in_crm
from widget.storage.chats import Chat
from widget.storage.hidden_clients import HiddenClients
from widget.storage.portals import Portal
from widget.untrusted import as_dict, as_positive_int, as_rows

KINDS = {"LEAD": LEAD, "CONTACT": CONTACT, "COMPANY": COMPANY}
ORIGINATOR = "wacard"  # we, in what we add to a CRM
MAX_COMMANDS = 50  # commands of one batch, and items of one list
MAX_LOOKED_FOR = MAX_COMMANDS - 1  # cards, beside the question who asks


@dataclass(frozen=True)
class CrmLink:
    """A card: its kind, its id, and how it is called, "" where that was not read."""

    entity_type_id: int
    id: int
    title: str = ""


def cards_of_phones(
    rest: Rest, portal: Portal, user_id: int, phones: Collection[str]
) -> dict[str, tuple[CrmLink, ...]]:
    """The cards that hold each of at most 50 phones, with and without the user's right to read
    them; without the phones for which Bitrix24 gave no clear answer. One outside call, none for no
    phones. Raises Refused."""
    named = {f"p{number}": phone for number, phone in enumerate(list(phones)[:MAX_COMMANDS])}
    if not named:
        return {}
    spellings = {key: list(spellings_in_crm(phone, portal.country)) for key, phone in named.items()}
    asked = {
        key: ("crm.duplicate.findbycomm", {"type": "PHONE", "values": values}) for key, values in spellings.items()
    }
    batch = rest.batch(portal, user_id, asked)
    if batch.busy:
        raise batch.refused(batch.busy)
    results = {phone: batch.results[key] for key, phone in named.items() if key in batch.results}
    found = {phone: tuple(_links(answer)) for phone, answer in results.items()}
    return {phone: links for phone, links in found.items() if links or results[phone] in ([], {})}


def cards_of_chat(rest: Rest, hidden: HiddenClients, portal: Portal, chat: Chat) -> list[tuple[int, int]]:
    """The cards (entityTypeId, id) of a chat's client, by the installer's token: those that hold
    the phone, and those that the chat was attached to. One query, and one outside call where the
    phone is known. Raises Refused, also where Bitrix24 gave no clear answer."""
    attached = hidden.links(portal.id, [chat.id]).get(chat.id, [])
    phones = [chat.phone] if chat.phone else []
    by_phone = cards_of_phones(rest, portal, portal.installer_id, phones)
    if len(by_phone) < len(phones):
        raise Refused(ErrorCode.PORTAL_FAILED, reason="no clear answer to a search by phone")
    found = ((card.entity_type_id, card.id) for cards in by_phone.values() for card in cards)
    return list(dict.fromkeys((*found, *attached)))


def readable(rest: Rest, portal: Portal, user_id: int, cards: Collection[CrmLink]) -> set[CrmLink]:
    """Those of the cards that this user may read, with their titles. One outside call, none for no
    cards. Raises Refused."""
    asked: dict[str, Command] = {}
    for kind in sorted({card.entity_type_id for card in cards}):
        ids = sorted({card.id for card in cards if card.entity_type_id == kind})[-MAX_COMMANDS:]
        asked[f"k{kind}"] = ("crm.item.list", {"entityTypeId": kind, "filter": {"@id": ids}, "start": -1})
    if not asked:
        return set()
    batch = rest.batch(portal, user_id, asked)
    if batch.busy:
        raise batch.refused(batch.busy)
    wanted = {(card.entity_type_id, card.id) for card in cards}
    found = {
        CrmLink(kind, as_positive_int(item.get("id")), _title(item))
        for key, answer in batch.results.items()
        for kind in [int(key.removeprefix("k"))]
        for item in map(as_dict, as_rows(as_dict(answer).get("items")))
    }
    return {link for link in found if (link.entity_type_id, link.id) in wanted}


def gone(rest: Rest, portal: Portal, cards: Collection[CrmLink]) -> set[CrmLink]:
    """Those of at most 49 cards of which Bitrix24 says that there are none: deleted, merged into
    others, or of a kind that was. The installer's token asks, and counts while it is an
    administrator's, from whom no card is hidden. One outside call, none for no cards. Raises
    Refused, also where Bitrix24 does not say who asks."""
    named = {f"c{number}": card for number, card in enumerate(list(cards)[:MAX_LOOKED_FOR])}
    if not named or not portal.installer_id:
        return set()
    asked: dict[str, Command] = {
        key: ("crm.item.get", {"entityTypeId": card.entity_type_id, "id": card.id}) for key, card in named.items()
    }
    batch = rest.batch(portal, portal.installer_id, {**asked, "me": ("profile", {})})
    if not viewer_of(batch, portal.installer_id).admin:
        return set()
    return {card for key, card in named.items() if batch.errors.get(key, "").upper() == "NOT_FOUND"}


def add_client(rest: Rest, portal: Portal, user_id: int, entity_type_id: int, chat: Chat, title: str) -> CrmLink:
    """A new lead or contact for the client of this chat, by this user. One outside call. For a
    client without a phone two: no search finds their card but by its origin, and an earlier press
    may have made it and got no answer. So the card of this kind that an earlier press made is the
    one, also where that lead was converted or called junk since, unless this user may not read it:
    then they make another. Raises Refused, and Unwritten where only the look-up failed."""
    phone = {"typeId": "PHONE", "valueType": "MOBILE", "value": chat.phone}
    origin = {"originatorId": ORIGINATOR, "originId": chat.client}
    if not chat.phone and (made := _of_origin(rest, portal, user_id, entity_type_id, origin)):
        return made
    names = {"title": title} if entity_type_id == LEAD else {"name": title}
    fields = {**names, **({"fm": [phone]} if chat.phone else origin), "assignedById": user_id}
    answer = rest.call(portal, user_id, "crm.item.add", {"entityTypeId": entity_type_id, "fields": fields})
    item = as_dict(as_dict(answer).get("item"))
    if not as_positive_int(item.get("id")):
        raise Refused(ErrorCode.PORTAL_FAILED, reason="no item was added")
    return CrmLink(entity_type_id, as_positive_int(item.get("id")), title)


def _of_origin(rest: Rest, portal: Portal, user_id: int, kind: int, origin: Mapping[str, str]) -> CrmLink | None:
    """None also where the user may add cards and read none."""
    asked = {"entityTypeId": kind, "filter": origin, "start": -1}
    try:
        with only_asking():
            answer = rest.call(portal, user_id, "crm.item.list", asked)
    except Refused as refusal:
        if refusal.code in NOT_THEIRS - {ErrorCode.NO_AUTH}:
            return None
        raise
    items = [item for item in map(as_dict, as_rows(as_dict(answer).get("items"))) if origin.items() <= item.items()]
    found = (CrmLink(kind, as_positive_int(item.get("id")), _title(item)) for item in items)
    return next((card for card in found if card.id), None)


def _links(answer: Any) -> Iterable[CrmLink]:
    """An object of lists by kind; an empty list where there are none."""
    for name, kind in KINDS.items():
        for item_id in as_rows(as_dict(answer).get(name)):
            if as_positive_int(item_id):
                yield CrmLink(kind, as_positive_int(item_id))


def _title(item: Mapping[str, Any]) -> str:
    name = " ".join(str(item[part]).strip() for part in ("name", "lastName") if item.get(part))
    return (name or str(item.get("title") or "").strip())[:200]
