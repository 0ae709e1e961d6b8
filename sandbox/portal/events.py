"""The events of a portal: which there are, what each tells, and to whom it is sent.

bitrix24/b24restdocs: api-reference/common/events/*, crm/universal/events/**, events/index.md; which
tokens come with an event: server module rest, lib/event/sender.php.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from .credentials import server_endpoint
from .delivery import Letter, bracketed
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE
from .portals import SandboxPortals
from .state import Handler, SandboxPortalState, SmartType
from .users import USERS, User

APPLICATION = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT", "ONAPPMETHODCONFIRM", "ONAPPTEST")
CARDS = {LEAD: "ONCRMLEAD", DEAL: "ONCRMDEAL", CONTACT: "ONCRMCONTACT", COMPANY: "ONCRMCOMPANY", QUOTE: "ONCRMQUOTE"}
DYNAMIC = "ONCRMDYNAMICITEM"  # smart processes, and smart invoices too
_NAMES = (*CARDS.values(), DYNAMIC, "ONCRMTYPE")
OPEN_LINES = (
    *(f"ONIMCONNECTORMESSAGE{what}" for what in ("ADD", "UPDATE", "DELETE")),
    *("ONIMCONNECTORDIALOGSTART", "ONIMCONNECTORDIALOGFINISH", "ONIMCONNECTORSTATUSDELETE", "ONIMCONNECTORLINEDELETE"),
)
CRM = tuple(f"{name}{what}" for name in _NAMES for what in ("ADD", "UPDATE", "DELETE"))

RENEWING = ("ONAPPINSTALL", "ONAPPUPDATE")  # these bring a refresh token
WITHOUT_TOKENS = ("ONAPPUNINSTALL", "ONAPPPAYMENT")
WRONG_TOKEN = "0" * 32


def known_events(state: SandboxPortalState) -> tuple[str, ...]:
    crm = CRM if state.has_scope("crm") else ()
    lines = OPEN_LINES if state.has_scope("imconnector") or state.has_scope("imopenlines") else ()
    return (*APPLICATION, *crm, *lines)


def fire(portals: SandboxPortals, state: SandboxPortalState, event: str, data: Any, user: User | None = None) -> int:
    """Send an event to each handler bound to it. Returns how many there are.

    None is sent before the installation is finished, nor when the paid period is over.
    """
    if not state.installed or (state.payment_expired == "Y" and event not in APPLICATION):
        return 0
    return send(portals, state, event, data, user, listeners(state, event))


def listeners(state: SandboxPortalState, event: str) -> list[Handler]:
    return [each for each in state.handlers if each.event == event and not each.offline]


def send(
    portals: SandboxPortals,
    state: SandboxPortalState,
    event: str,
    data: Any,
    user: User | None,
    to: list[Handler],
    **auth: Any,
) -> int:
    """Send without asking whether it is due; `auth` changes or (with None) leaves out what the
    event says of itself."""
    for handler in to:
        owner = next((each for each in USERS.values() if each.id == handler.auth_type), user)
        fields = {
            "event": event,
            "event_handler_id": handler.id,
            "data": dict(data) if isinstance(data, Mapping) else data,
            "ts": int(time.time()),
            "auth": _auth(portals, state, event, owner) | auth,
        }
        portals.delivery.post(Letter(state.portal.number, event, handler.address, bracketed(fields)))
    return len(to)


def _auth(portals: SandboxPortals, state: SandboxPortalState, event: str, user: User | None) -> dict[str, Any]:
    told = {
        "domain": state.portal.domain(portals.port),
        "server_endpoint": server_endpoint(portals.port, state.quirks.server),
        "client_endpoint": state.portal.client_endpoint(portals.port),
        "member_id": state.portal.member_id,
        "application_token": state.application_token,
    }
    if user is None or event in WITHOUT_TOKENS:
        return told
    grant = portals.tokens.issue(state.portal, user)
    tokens: dict[str, Any] = {"access_token": grant.access, "expires": grant.expires, "user_id": user.id}
    if event in RENEWING:
        tokens["refresh_token"] = grant.refresh
    return {**tokens, "expires_in": portals.tokens.lifetime, "scope": state.scopes, "status": state.status, **told}


def usual_data(state: SandboxPortalState, event: str) -> dict[str, Any]:
    """What an event tells by default."""
    language = {"LANGUAGE_ID": "ru"}
    if event == "ONAPPINSTALL":
        return {"VERSION": state.version, "ACTIVE": "Y", "INSTALLED": "Y", **language}
    if event == "ONAPPUPDATE":
        return {"VERSION": state.version, "PREVIOUS_VERSION": state.previous_version or state.version - 1, **language}
    if event == "ONAPPUNINSTALL":
        return {**language, "CLEAN": 0}
    if event == "ONAPPPAYMENT":
        return payment(state)
    if event.startswith("ONCRMTYPE"):
        return {"FIELDS": {"ID": state.types[0].row_id if state.types else 0}}
    if event.startswith(DYNAMIC):
        return {"FIELDS": {"ID": 12, "ENTITY_TYPE_ID": 183}}
    kind = next((kind for kind, name in CARDS.items() if re.match(name + "[AUD]", event)), None)
    first = min((item_id for of_type, item_id in state.crm if of_type == kind), default=0)
    return {"FIELDS": {"ID": first}}


def payment(state: SandboxPortalState) -> dict[str, Any]:
    paid = {"STATUS": state.status, "PAYMENT_EXPIRED": state.payment_expired, "DAYS": state.days}
    return {"CODE": "sandbox.whatsapp", "VERSION": state.version, **paid, "LANGUAGE_ID": "ru"}


def card_changed(
    portals: SandboxPortals, state: SandboxPortalState, entity_type_id: int, item_id: int, user: User
) -> int:
    """Fire the event of a saved card. Returns how many handlers it went to."""
    if entity_type_id in CARDS:
        return fire(portals, state, f"{CARDS[entity_type_id]}UPDATE", {"FIELDS": {"ID": item_id}}, user)
    told = {"FIELDS": {"ID": item_id, "ENTITY_TYPE_ID": entity_type_id}}
    return fire(portals, state, f"{DYNAMIC}UPDATE", told, user)


def card_deleted(
    portals: SandboxPortals, state: SandboxPortalState, entity_type_id: int, item_id: int, user: User
) -> int:
    if entity_type_id in CARDS:
        return fire(portals, state, f"{CARDS[entity_type_id]}DELETE", {"FIELDS": {"ID": item_id}}, user)
    told = {"FIELDS": {"ID": item_id, "ENTITY_TYPE_ID": entity_type_id}}
    return fire(portals, state, f"{DYNAMIC}DELETE", told, user)


def type_changed(
    portals: SandboxPortals, state: SandboxPortalState, what: str, smart_type: SmartType, user: User
) -> int:
    """`what` is ADD, UPDATE or DELETE. Only the row of the type is told, not its entityTypeId."""
    return fire(portals, state, f"ONCRMTYPE{what}", {"FIELDS": {"ID": smart_type.row_id}}, user)
