"""One more phone in a card of the CRM, by the user who asks, and never twice."""

from collections.abc import Callable, Sequence
from enum import Enum

from widget.bitrix24.claims import Claims, only_asking
from widget.bitrix24.clients import CrmLink
from widget.bitrix24.crm import TypedPhone, phones_in
from widget.bitrix24.rest import Rest
from widget.cache import Cache
from widget.errors import ErrorCode, Refused
from widget.storage.portals import Portal
from widget.untrusted import as_dict, as_rows


class AddedPhone(Enum):
    ADDED = "added"
    THERE = "there"  # the card had it
    UNDERWAY = "underway"  # another press is adding it, or one whose end is not known
    DENIED = "denied"  # the user may read the card and not change it


class PhoneAdder:
    def __init__(self, rest: Rest, cache: Cache) -> None:
        self._rest = rest
        self._claims = Claims(cache)

    def add(
        self, portal: Portal, user_id: int, card: CrmLink, phone: str, *, holds: Callable[[Sequence[TypedPhone]], bool]
    ) -> AddedPhone:
        """Put the phone (E.164) into the card unless what stands there `holds` it: Bitrix24 itself
        would keep it twice.

        Two outside calls, the first of which reads the card anew. One press at a time adds to a
        card, also from other processes, as long as the cache is there. Raises Refused: CARD_GONE
        where the user may not read the card."""
        claim = f"adding:{portal.id}:{card.entity_type_id}:{card.id}"
        if not self._claims.take(claim):
            return AddedPhone.UNDERWAY
        try:
            there = holds(self._phones(portal, user_id, card))
            came = AddedPhone.THERE if there else self._write(portal, user_id, card, phone)
        except Refused:
            self._claims.release(claim)
            raise
        if came is not AddedPhone.UNDERWAY:
            self._claims.release(claim)
        return came

    def _write(self, portal: Portal, user_id: int, card: CrmLink, phone: str) -> AddedPhone:
        fields = {"fm": [{"typeId": "PHONE", "valueType": "MOBILE", "value": phone}]}
        change = {"entityTypeId": card.entity_type_id, "id": card.id, "fields": fields}
        try:
            self._rest.call(portal, user_id, "crm.item.update", change)
        except Refused as refusal:
            if refusal.code is ErrorCode.PORTAL_DENIED:
                return AddedPhone.DENIED
            if refusal.code is ErrorCode.PORTAL_FAILED:  # it may have been written all the same
                return AddedPhone.UNDERWAY
            raise
        return AddedPhone.ADDED

    def _phones(self, portal: Portal, user_id: int, card: CrmLink) -> Sequence[TypedPhone]:
        wanted = {"entityTypeId": card.entity_type_id, "filter": {"=id": card.id}, "select": ["*"], "start": -1}
        with only_asking():
            answer = self._rest.call(portal, user_id, "crm.item.list", wanted)
        items = [as_dict(item) for item in as_rows(as_dict(answer).get("items"))]
        if not items:
            raise Refused(ErrorCode.CARD_GONE, reason="card to add a phone to")
        return phones_in(items[0].get("fm"))
