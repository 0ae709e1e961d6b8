"""One opening of the app in a frame: what the frame is called, and what is posted into it.

bitrix24/b24restdocs: api-reference/widgets/_includes/widget_data.md, widgets/crm/detail-tab.md,
widgets/user-field/userfieldtype-add.md, settings/oauth/simple-way.md.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .cards import Card
from .credentials import SCOPE, STATUS, PortalCredentials, server_endpoint
from .tokens import Grant
from .users import User
from .world import World

FIELD_NAME = "UF_CRM_WHATSAPP"


@dataclass(frozen=True)
class Place:
    """Where the app is opened: a card's tab, a field of the card, or (without a card) its own page."""

    card: Card | None = None
    as_field: bool = False
    mode: str = "view"
    uri: str = ""  # the page around the frame; the portal takes it from the Referer

    @property
    def code(self) -> str:
        if self.card is None:
            return "DEFAULT"
        return "USERFIELD_TYPE" if self.as_field else self.card.placement

    def options(self) -> dict[str, Any] | None:
        if self.card is None:
            return None
        own = self._field() if self.as_field else {"ID": str(self.card.item_id)}
        return {**own, "URI": self.uri} if self.uri else own

    def _field(self) -> dict[str, Any]:
        assert self.card
        item_id = str(self.card.item_id)
        return {
            "MODE": self.mode,
            "ENTITY_ID": self.card.field_owner,
            "FIELD_NAME": FIELD_NAME,
            "ENTITY_VALUE_ID": item_id,
            "VALUE": None,
            "MULTIPLE": "N",
            "MANDATORY": "N",
            "XML_ID": None,
            "ENTITY_DATA": {"entityTypeId": self.card.entity_type_id, "entityId": item_id, "module": "crm"},
        }


def open_app(world: World, portal: PortalCredentials, user: User, lang: str, place: Place) -> dict[str, Any]:
    """A new opening: its own APP_SID and its own tokens. `{"frame": name, "action": address, "fields": body}`."""
    sid = secrets.token_hex(16)
    domain = portal.domain(world.port)
    query = urlencode({"DOMAIN": domain, "PROTOCOL": "0", "LANG": lang, "APP_SID": sid})
    fields = {
        **tokens_of(world, world.tokens.issue(portal, user)),
        "SERVER_ENDPOINT": server_endpoint(world.port),
        "APPLICATION_TOKEN": portal.application_token,
        "APPLICATION_SCOPE": SCOPE,
        "member_id": portal.member_id,
        "status": STATUS,
        "PLACEMENT": place.code,
    }
    options = place.options()
    if options is not None:
        fields["PLACEMENT_OPTIONS"] = php_json(options)
    handler = "placement" if place.card else "app"
    return {"frame": f"{domain}|0|{sid}", "action": f"{world.widget_url}/{handler}?{query}", "fields": fields}


def tokens_of(world: World, grant: Grant) -> dict[str, str]:
    return {"AUTH_ID": grant.access, "AUTH_EXPIRES": str(world.tokens.lifetime), "REFRESH_ID": grant.refresh}


def php_json(value: Any) -> str:
    """As json_encode writes it: no spaces, slashes escaped, everything beyond ASCII as \\uXXXX."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")
