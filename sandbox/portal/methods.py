"""The methods of the portal's REST, each by its name in small letters."""

from datetime import UTC, datetime
from typing import Any

from . import drive, field_types, fields, handlers, layouts, notices, placements, smart_types, staff, stages, timelines
from .asked import Asked, Method
from .batch import Answer
from .crm import add_item, find_duplicates, get_item, list_items, update_item
from .crm_fields import fields_of, own_fields
from .errors import known
from .events import card_changed
from .openlines import connectors, messenger, operators
from .php import is_truthy
from .portals import SandboxPortals
from .scopes import EVERY, is_granted, need_scope
from .state import APP_ID
from .tokens import TokenPair


def call_method(portals: SandboxPortals, grant: TokenPair, name: str, params: dict[str, Any]) -> Answer:
    """Run one method with the rights of the token's user; raises RestError."""
    method = METHODS.get(name.lower())
    if method is None:
        raise known("ERROR_METHOD_NOT_FOUND")
    state = portals.state_of(grant.portal)
    need_scope(state, name.lower())
    with connectors.taking_turns(state, name.lower(), params):
        with state.lock:
            answer = method(Asked(portals, state, grant.user, params))
        if state.quirks.events_first:
            portals.delivery.wait()
    return answer


def _application(asked: Asked) -> Answer:
    state = asked.state
    paid = {"PAYMENT_EXPIRED": state.payment_expired, "DAYS": state.days, "LANGUAGE_ID": "ru"}
    licence = {"LICENSE": "ru_pro100", "LICENSE_TYPE": "pro100", "LICENSE_FAMILY": "pro"}
    about = {"ID": APP_ID, "CODE": "sandbox.whatsapp", "VERSION": state.version, "STATUS": state.status}
    return Answer({**about, "INSTALLED": state.installed, **paid, **licence})


def _describe(asked: Asked) -> Answer:
    name = str(asked.params.get("name", "")).lower()
    there = name in (*METHODS, "batch")
    return Answer({"isExisting": there, "isAvailable": there and is_granted(asked.state, name)})


def _scope(asked: Asked) -> Answer:
    return Answer(list(EVERY) if is_truthy(asked.params.get("full")) else asked.state.scopes.split(","))


def _update_item(asked: Asked) -> Answer:
    """The event goes out for a write of an application, too."""
    kind, item_id = int(asked.params.get("entityTypeId") or 0), int(asked.params.get("id") or 0)
    answer = update_item(asked.state.crm, asked.user, asked.params, own_fields(asked.state, kind))
    card_changed(asked.portals, asked.state, kind, item_id, asked.user)
    return answer


METHODS: dict[str, Method] = {
    "app.info": _application,
    "server.time": lambda asked: Answer(datetime.now(UTC).isoformat(timespec="seconds")),
    "method.get": _describe,
    "methods": lambda asked: Answer(sorted(METHODS)),
    "scope": _scope,
    "crm.duplicate.findbycomm": lambda asked: find_duplicates(asked.state.crm, asked.user, asked.params),
    "crm.item.get": lambda asked: get_item(asked.state.crm, asked.user, asked.params),
    "crm.item.list": lambda asked: list_items(asked.state.crm, asked.user, asked.params),
    "crm.item.add": lambda asked: add_item(asked.state.crm, asked.user, asked.params),
    "crm.item.update": _update_item,
    "crm.item.fields": fields_of,
    **staff.METHODS,
    **stages.METHODS,
    **smart_types.METHODS,
    **placements.METHODS,
    **field_types.METHODS,
    **fields.METHODS,
    **layouts.METHODS,
    **handlers.METHODS,
    **timelines.METHODS,
    **connectors.METHODS,
    **operators.METHODS,
    **messenger.METHODS,
    **notices.METHODS,
    **drive.METHODS,
}
