"""The custom field that shows the widget inside a card's form: its type and its names in a portal.

bitrix24/b24restdocs: api-reference/widgets/user-field/userfieldtype-add.md,
crm/universal/userfieldconfig/*.md. The id of a type is unique over all applications of a portal,
the name of a field over all of a kind of card (server module rest, lib/placement.php); so all our
names end with a mark of our own client id.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from widget.i18n import bitrix24_code, languages

OLD_TYPE_ID = "whatsapp"  # of versions before, a word that another application may have taken
OLD_XML_ID = "whatsapp-in-the-card"
HEIGHT = 72  # pixels of the closed button; the page asks for more when it needs it
TITLE = "WhatsApp"
DESCRIPTION = "Clients' numbers, who has WhatsApp, and chats / Номера клиентов, у кого есть WhatsApp, и чаты"
LABELS = dict.fromkeys(map(bitrix24_code, languages()), TITLE)


@dataclass(frozen=True)
class FieldNames:
    """What our things are called in every portal: `type_id` is of a-z0-9, fields can be listed by
    `xml_id`."""

    type_id: str
    xml_id: str
    suffix: str

    def field_name(self, entity: str) -> str:
        """UF_CRM_DEAL_WACARD_1A2B3C4D for CRM_DEAL: a field's code begins with what it belongs
        to."""
        return f"UF_{entity}_{self.suffix}"


def names_of(client_id: str) -> FieldNames:
    mark = hashlib.sha256(client_id.encode()).hexdigest()[:8]
    return FieldNames(f"wacard{mark}", f"{OLD_XML_ID}-{mark}", f"WACARD_{mark.upper()}")


def full_type(app_id: str, type_id: str) -> str:
    """How the portal calls our type: with the row id of the application there."""
    return f"rest_{app_id}_{type_id}"


def type_parameters(type_id: str, handler: str) -> dict[str, Any]:
    return {
        "USER_TYPE_ID": type_id,
        "HANDLER": handler,
        "TITLE": TITLE,
        "DESCRIPTION": DESCRIPTION,
        "OPTIONS": {"height": HEIGHT},
    }


def field_parameters(entity: str, name: str, user_type: str, xml_id: str) -> dict[str, Any]:
    return {
        "moduleId": "crm",
        "field": {
            "entityId": entity,
            "fieldName": name,
            "userTypeId": user_type,
            "xmlId": xml_id,
            "multiple": "N",
            "mandatory": "N",
            "showFilter": "N",
            "editFormLabel": LABELS,
        },
    }
