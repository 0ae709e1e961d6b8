"""The custom field that shows the widget inside a card's form: its type, its name in each kind of card, its place.

bitrix24/b24restdocs: api-reference/widgets/user-field/userfieldtype-add.md, crm/universal/userfieldconfig/*.md,
crm/universal/item-details-configuration/crm-item-details-configuration-get.md.
"""

from collections.abc import Mapping
from typing import Any

from widget.bitrix24.findings import InLayout
from widget.untrusted import list_of

TYPE_ID = "whatsapp"  # a-z0-9 only
XML_ID = "whatsapp-in-the-card"  # fields can be listed by it, and not by the card they belong to
HEIGHT = 72  # pixels of the closed button; the page asks for more when it needs it
TITLE = "WhatsApp"
DESCRIPTION = "Clients' numbers, who has WhatsApp, and chats / Номера клиентов, у кого есть WhatsApp, и чаты"
LABELS = {"en": "WhatsApp", "ru": "WhatsApp"}


def field_name(entity: str) -> str:
    """UF_CRM_DEAL_WHATSAPP for CRM_DEAL: a field's code begins with what it belongs to."""
    return f"UF_{entity}_WHATSAPP"


def full_type(app_id: str) -> str:
    """How the portal calls our type: with the row id of the application there."""
    return f"rest_{app_id}_{TYPE_ID}"


def type_parameters(handler: str) -> dict[str, Any]:
    return {
        "USER_TYPE_ID": TYPE_ID,
        "HANDLER": handler,
        "TITLE": TITLE,
        "DESCRIPTION": DESCRIPTION,
        "OPTIONS": {"height": HEIGHT},
    }


def field_parameters(entity: str, user_type: str) -> dict[str, Any]:
    return {
        "moduleId": "crm",
        "field": {
            "entityId": entity,
            "fieldName": field_name(entity),
            "userTypeId": user_type,
            "xmlId": XML_ID,
            "multiple": "N",
            "mandatory": "N",
            "showFilter": "N",
            "editFormLabel": LABELS,
        },
    }


def in_layout(configuration: Any, name: str) -> InLayout:
    """Whether the shared layout of a card has the field. A layout that was never arranged comes as null."""
    if not isinstance(configuration, list) or not configuration:
        return InLayout.UNKNOWN
    return InLayout.YES if any(name in _names(section) for section in configuration) else InLayout.NO


def _names(section: Any) -> set[str]:
    """The fields of a section; sections may stand in columns."""
    if not isinstance(section, Mapping):
        return set()
    names = {str(section.get("name", ""))}
    for element in list_of(section.get("elements")):
        names |= _names(element)
    return names
