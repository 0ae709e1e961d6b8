"""How a card is arranged: crm.item.details.configuration.get and .set, the elder .get of deals,
leads, contacts and companies, and the funnels that arrange their cards each for itself.

b24restdocs: api-reference/crm/universal/item-details-configuration/*.md,
crm/universal/category/crm-category-list.md.
"""

from typing import Any

from .arrangement import saved
from .asked import Asked, Method
from .batch import Answer
from .errors import RestError
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE

_VARIANT = {DEAL: "dealCategoryId", LEAD: "leadCustomerType"}  # in `extras`; of a smart process it is categoryId
PAGE = 50


def _of_item(asked: Asked) -> Answer:
    return _configuration(asked, _kind(asked))


def _of(entity_type_id: int) -> Method:
    return lambda asked: _configuration(asked, entity_type_id)


def _kind(asked: Asked) -> int:
    if "entityTypeId" not in asked.params:
        raise _said(asked, "Parameter 'entityTypeId' is not defined")
    told = str(asked.params["entityTypeId"])
    kind = next((kind for kind in asked.state.owners() if str(kind) == told), None)
    if kind is None:
        raise _said(asked, f"The entity type '{told}' is not supported in current context.")
    return kind


def _configuration(asked: Asked, entity_type_id: int) -> Answer:
    """Shared settings (scope C), or null for personal ones (scope P, the usual), of which there are
    none here."""
    if str(asked.params.get("userId") or asked.user.id) != str(asked.user.id) and not asked.user.is_admin:
        raise _said(asked, "Access denied.")
    if asked.params.get("scope", "P") != "C":
        return Answer(None)
    return Answer(asked.state.layouts.get(_key(asked, entity_type_id)))


def _set(asked: Asked) -> Answer:
    """Write the whole layout: what the data do not name leaves the card."""
    entity_type_id = _kind(asked)
    if asked.params.get("scope", "P") != "C":
        return Answer(True)  # a personal layout, which is not kept here
    if not asked.user.is_admin:
        raise _said(asked, "Access denied.")
    try:
        asked.state.layouts[_key(asked, entity_type_id)] = saved(asked.params.get("data"))
    except ValueError as error:
        raise _said(asked, str(error)) from error
    return Answer(True)


def _key(asked: Asked, entity_type_id: int) -> tuple[str, int]:
    variants, extras = asked.state.variants(entity_type_id), asked.params.get("extras")
    wanted = extras.get(_VARIANT.get(entity_type_id, "categoryId")) if isinstance(extras, dict) else None
    chosen = int(str(wanted)) if str(wanted).isdigit() else variants[0]
    return asked.state.owners()[entity_type_id], chosen


def _funnels(asked: Asked) -> Answer:
    entity_type_id = _kind_of_funnels(asked)
    rows: list[dict[str, Any]] = [
        {
            "id": funnel.id,
            "name": funnel.name,
            "sort": 100 * (place + 1),
            "entityTypeId": entity_type_id,
            "isDefault": "N" if place else "Y",
        }
        for place, funnel in enumerate(asked.state.funnels_of(entity_type_id))
    ]
    start = int(asked.params.get("start") or 0)
    more = start + PAGE if len(rows) > start + PAGE else None
    # The controller gives a page that it never cut (server module crm,
    # lib/controller/category.php); the docs cut it.
    told = rows[start : start + PAGE] if asked.state.quirks.funnels_in_pages else rows
    return Answer({"categories": told}, total=len(rows), next=more)


def _kind_of_funnels(asked: Asked) -> int:
    told = str(asked.params.get("entityTypeId"))
    kind = next((kind for kind in asked.state.owners() if str(kind) == told), None)
    if kind is None:
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
    if kind in (LEAD, COMPANY, QUOTE, SMART_INVOICE):
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind} is not supported")
    return kind


def _said(asked: Asked, words: str) -> RestError:
    return RestError(asked.state.quirks.plain_code, words)


METHODS: dict[str, Method] = {
    "crm.item.details.configuration.get": _of_item,
    "crm.item.details.configuration.set": _set,
    "crm.deal.details.configuration.get": _of(DEAL),
    "crm.lead.details.configuration.get": _of(LEAD),
    "crm.contact.details.configuration.get": _of(CONTACT),
    "crm.company.details.configuration.get": _of(COMPANY),
    "crm.category.list": _funnels,
}
