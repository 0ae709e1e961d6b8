"""A phone that a client has shared, into a contact or company of the open card."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import make_response, render_template
from flask.typing import ResponseReturnValue

from widget.bitrix24.adding import AddedPhone
from widget.bitrix24.clients import CrmLink
from widget.bitrix24.crm import COMPANY, CONTACT, PersonKind, TypedPhone
from widget.card.pages import current_card, pages
from widget.chats.context import ask_back, current_context
from widget.context import CardContext, CardPhone, Owner
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, maybe_text_field, text_field
from widget.gateways.vcards import MAX_NAME, MAX_PHONE
from widget.services import services

KINDS = {PersonKind.CONTACT: CONTACT, PersonKind.COMPANY: COMPANY}


@dataclass(frozen=True)
class PhoneTarget:
    """A person of the card; `has` the phone already."""

    name: str
    link: CrmLink
    owner: Owner
    has: bool

    @property
    def key(self) -> str:
        return f"{self.owner.kind.value}-{self.owner.id}"


@pages.post("/card/phone")
def add_phone() -> ResponseReturnValue:
    """Put `phone` into `person` of the card, with this user's rights in Bitrix24. Asks back first,
    with the people to choose from: those of the number `beside` come first. Answers with what came
    of it; two outside calls."""
    body = json_body()
    typed, shared_name = text_field(body, "phone", longest=MAX_PHONE), maybe_text_field(body, "name", longest=MAX_NAME)
    person, beside = maybe_text_field(body, "person", longest=40), maybe_text_field(body, "beside", longest=64)
    confirmed = flag_field(body, "confirmed")
    current_card()
    context = current_context()
    item = services().card.door.typed(context, typed)
    targets = _targets(context, item, beside)
    without = [target for target in targets if not target.has]
    if not item.phone.e164 or not without:
        return render_template("card/_phone_added.html", item=item, came="unfit", targets=targets)
    if not confirmed:
        return ask_back(render_template("card/_phone_ask.html", item=item, name=shared_name, targets=without))
    target = next((target for target in targets if target.key == person), None)
    if target is None:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="person is not on this card")
    came = _add(context, target.link, item)
    response = make_response(render_template("card/_phone_added.html", item=item, came=came.value, targets=[target]))
    if came is AddedPhone.ADDED:
        response.headers["X-Card-Changed"] = "1"
    return response


def _add(context: CardContext, link: CrmLink, item: CardPhone) -> AddedPhone:
    here, portal = services(), context.portal

    def holds(typed: Sequence[TypedPhone]) -> bool:
        return item.client in here.card.door.numbers_in(context, typed)

    came = here.bitrix24.phones.add(portal, context.viewer.user_id, link, item.client, holds=holds)
    if came in (AddedPhone.ADDED, AddedPhone.THERE):  # what is remembered may be older
        here.card.memory.drop(portal.id, link.entity_type_id, link.id)
    return came


def _targets(context: CardContext, item: CardPhone, beside: str) -> list[PhoneTarget]:
    """The people whose phones are on the card, each once; a number that was only attached to it is
    of no person."""
    first = sorted(context.card.phones, key=lambda phone: phone.key != beside)
    owners = {(owner.kind, owner.id): owner for phone in first for owner in phone.owners if owner.id}
    having = {
        (owner.kind, owner.id) for phone in context.card.phones if phone.client == item.client for owner in phone.owners
    }
    return [
        PhoneTarget(owner.name, CrmLink(_kind_of(context, owner), owner.id), owner, has=named in having)
        for named, owner in owners.items()
    ]


def _kind_of(context: CardContext, owner: Owner) -> int:
    return KINDS.get(owner.kind, context.session.entity_type_id)  # else the card itself: a lead, contact or company
