"""How a card is arranged: crm.item.details.configuration.get and its elder for deals, leads, contacts and companies.

b24restdocs: api-reference/crm/universal/item-details-configuration/crm-item-details-configuration-get.md.
"""

from typing import Any

from .asked import Asked, Method
from .batch import Answer
from .errors import RestError
from .items import COMPANY, CONTACT, DEAL, LEAD
from .state import PortalState

_SECTIONS = {
    "main": ("О карточке", ("TITLE", "STAGE_ID", "OPPORTUNITY_WITH_CURRENCY", "CLIENT")),
    "additional": ("Дополнительно", ("SOURCE_ID", "OPENED", "ASSIGNED_BY_ID", "COMMENTS")),
}


def _of_item(asked: Asked) -> Answer:
    if "entityTypeId" not in asked.params:
        raise RestError("", "Parameter 'entityTypeId' is not defined")
    return _configuration(asked, str(asked.params["entityTypeId"]))


def _of(entity_type_id: int) -> Method:
    return lambda asked: _configuration(asked, str(entity_type_id))


def _configuration(asked: Asked, entity_type_id: str) -> Answer:
    """Shared settings (scope C), or null for personal ones (scope P, the usual): nobody here has any."""
    owner = {str(kind): owner for kind, owner in asked.state.owners().items()}.get(entity_type_id)
    if owner is None:
        raise RestError("", f"The entity type '{entity_type_id}' is not supported in current context.")
    if str(asked.params.get("userId") or asked.user.id) != str(asked.user.id) and not asked.user.is_admin:
        raise RestError("", "Access denied.")
    is_shared = asked.params.get("scope", "P") == "C"
    return Answer(_sections(asked.state, owner) if is_shared and asked.state.arranged else None)


def _sections(state: PortalState, owner: str) -> list[dict[str, Any]]:
    named = {name: (title, list(elements)) for name, (title, elements) in _SECTIONS.items()}
    named["main"][1].extend(state.layouts.get(owner, ()))
    return [
        {"name": name, "title": title, "type": "section", "elements": [_element(each) for each in elements]}
        for name, (title, elements) in named.items()
    ]


def _element(name: str) -> dict[str, Any]:
    options = {"options": {"defaultCountry": "RU"}} if name == "CLIENT" else {}
    return {"name": name, "optionFlags": "1" if name == "CLIENT" else "0", **options}


METHODS: dict[str, Method] = {
    "crm.item.details.configuration.get": _of_item,
    "crm.deal.details.configuration.get": _of(DEAL),
    "crm.lead.details.configuration.get": _of(LEAD),
    "crm.contact.details.configuration.get": _of(CONTACT),
    "crm.company.details.configuration.get": _of(COMPANY),
}
