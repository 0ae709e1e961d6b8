"""One opening of the app in a frame: what the frame is called, and what is posted into it.

bitrix24/b24restdocs: api-reference/widgets/_includes/widget_data.md, widgets/crm/detail-tab.md,
widgets/user-field/userfieldtype-add.md, settings/oauth/simple-way.md.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request

from .cards import PortalCard
from .credentials import server_endpoint
from .php import as_php
from .portals import SandboxPortals
from .staff import is_active
from .state import USUAL_HEIGHT, Field, SandboxPortalState
from .tokens import TokenPair
from .users import User


@dataclass(frozen=True)
class OpeningPlace:
    """Where the app is opened: a card's tab, a field of the card, or (without a card) its own page;
    `setting` is a connector and a line whose settings are opened in the contact centre."""

    card: PortalCard | None = None
    as_field: bool = False
    mode: str = "view"
    uri: str = ""  # the page around the frame; the portal takes it from the Referer
    setting: tuple[str, int] | None = None
    given: dict[str, str] = field(default_factory=dict)  # what openApplication hands to the app's own page

    @property
    def code(self) -> str:
        if self.setting:
            return "SETTING_CONNECTOR"
        if self.card is None:
            return "DEFAULT"
        return "USERFIELD_TYPE" if self.as_field else self.card.placement

    def options(self, state: SandboxPortalState) -> dict[str, Any] | None:
        if self.setting:
            connector, line = self.setting
            link = state.centre.link(connector, line)
            about = {"CONNECTOR": connector, "LINE": str(line), "STATUS": link.status, "ACTIVE_STATUS": link.active}
            return {
                **about,
                "CONNECTION_STATUS": link.configured,
                "REGISTER_STATUS": link.configured,
                "ERROR_STATUS": link.error,
            }
        if self.card is None:
            return self.given or None
        found = state.field_of(self.card.entity_type_id) if self.as_field else None
        own = self._field(found[0]) if found else {"ID": str(self.card.item_id)}
        return {**own, "URI": self.uri} if self.uri else own

    def _field(self, found: Field) -> dict[str, Any]:
        assert self.card
        item_id = str(self.card.item_id)
        return {
            "MODE": self.mode,
            "ENTITY_ID": found.owner,
            "FIELD_NAME": found.name,
            "ENTITY_VALUE_ID": item_id,
            "VALUE": None,
            "MULTIPLE": "N",
            "MANDATORY": "N",
            "XML_ID": found.settings.get("xmlId"),
            "ENTITY_DATA": {"entityTypeId": self.card.entity_type_id, "entityId": item_id, "module": "crm"},
        }


@dataclass
class NotShown(Exception):
    """The portal draws no frame here. `why` is a key of words.py too."""

    why: str


def open_app(
    portals: SandboxPortals, state: SandboxPortalState, user: User, lang: str, place: OpeningPlace
) -> dict[str, Any]:
    """A new opening: its own APP_SID and its own tokens. Raises NotShown.

    DOMAIN is the host as the browser shows it, which may be another name or port than the portal's
    own.

    `{"frame": name, "action": address, "fields": body, "height", "install", "first_run",
    "app_options", "user_options"}`.
    """
    handler, height = _handler(portals, state, user, place)
    portal = state.portal
    sid = secrets.token_hex(16)
    domain = request.host
    query = urlencode({"DOMAIN": domain, "PROTOCOL": "0", "LANG": lang, "APP_SID": sid})
    newer = {
        "SERVER_ENDPOINT": server_endpoint(portals.port, state.quirks.server),
        "APPLICATION_TOKEN": state.application_token,
        "APPLICATION_SCOPE": state.scopes,
    }
    fields = {
        **tokens_of(portals, portals.tokens.issue(portal, user)),
        **({} if state.quirks.old_box else newer),
        "member_id": portal.member_id,
        "status": state.status,
        "PLACEMENT": place.code,
    }
    options = place.options(state)
    if options is not None:
        fields["PLACEMENT_OPTIONS"] = php_json(options)
    action = f"{handler}{'&' if '?' in handler else '?'}{query}"
    options_set = {
        "app_options": as_php(state.app_options),
        "user_options": as_php(state.user_options.get(user.id, {})),
    }
    told = {"install": not state.installed, "first_run": not state.finished_once, **options_set}
    return {"frame": f"{domain}|0|{sid}", "action": action, "fields": fields, "height": height, **told}


def _handler(portals: SandboxPortals, state: SandboxPortalState, user: User, place: OpeningPlace) -> tuple[str, int]:
    """Where to post and how high the frame is at first.

    While the installation is not finished, an admin gets the install address in every place, and
    others nothing.
    """
    if not is_active(state, user):
        raise NotShown("dismissed")
    if not state.present:
        raise NotShown("no_application")
    found = _bound(portals, state, place)
    if state.installed:
        return found
    if not user.is_admin:
        raise NotShown("not_installed")
    return f"{portals.widget_url}/install", found[1]


def _bound(portals: SandboxPortals, state: SandboxPortalState, place: OpeningPlace) -> tuple[str, int]:
    if place.setting:
        connector = state.centre.connectors.get(place.setting[0])
        if connector is None:
            raise NotShown("not_bound")
        return connector.handler, USUAL_HEIGHT
    if place.card is None:
        return f"{portals.widget_url}/app", USUAL_HEIGHT
    if not place.as_field:
        bound = state.bound(place.code)
        if not bound:
            raise NotShown("not_bound")
        return bound[0].handler, USUAL_HEIGHT
    found = state.field_of(place.card.entity_type_id)
    if not found:
        raise NotShown("no_field")
    variant = state.variant_of(place.card)
    if not state.in_layout(found[0], variant):
        raise NotShown("not_in_layout")
    if place.mode == "view" and not state.always_shown(found[0], variant):
        raise NotShown("empty_field")  # it has no value, and is not to be shown without one
    return found[1].handler, found[1].height


def tokens_of(portals: SandboxPortals, grant: TokenPair) -> dict[str, str]:
    return {"AUTH_ID": grant.access, "AUTH_EXPIRES": str(portals.tokens.lifetime), "REFRESH_ID": grant.refresh}


def php_json(value: Any) -> str:
    """As json_encode writes it: no spaces, slashes escaped, everything beyond ASCII as \\uXXXX."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")
