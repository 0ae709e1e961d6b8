"""event.bind, get, unbind and events: b24restdocs, api-reference/events/*.md."""

from .asked import Asked, Method, address_of, text_of
from .batch import Answer
from .errors import RestError, admins_only
from .events import known_events
from .state import Handler


def _bind(asked: Asked) -> Answer:
    """Each user may bind an event for themselves; only an admin for others, for all, or offline."""
    params = asked.upper()
    event = text_of(params, "EVENT").upper()
    if event not in known_events(asked.state):
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    offline = str(params.get("EVENT_TYPE", "online")).lower() == "offline"
    address = "" if offline else address_of(params)
    auth_type = _auth_type(asked, params.get("AUTH_TYPE"), offline=offline)
    known = {(each.event, each.address, each.auth_type, each.offline) for each in asked.state.handlers}
    if (event, address, auth_type, int(offline)) in known:
        raise RestError("ERROR_HANDLER_ALREADY_EXIST", "Handler already exists!")
    asked.state.handlers.append(Handler(asked.state.next_id(), event, address, auth_type, int(offline)))
    return Answer(True)


def _auth_type(asked: Asked, given: object, *, offline: bool) -> int:
    if asked.user.is_admin:
        return int(str(given)) if str(given or "").isdigit() else 0
    if offline or str(given or asked.user.id) != str(asked.user.id):
        raise admins_only()
    return asked.user.id


def _get(asked: Asked) -> Answer:
    seen = [each for each in asked.state.handlers if asked.user.is_admin or each.auth_type == asked.user.id]
    return Answer([
        {
            "event": each.event,
            "handler": each.address,
            "auth_type": str(each.auth_type),
            "offline": each.offline,
        }
        for each in seen
    ])  # fmt: skip


def _unbind(asked: Asked) -> Answer:
    params = asked.upper()
    event, address = text_of(params, "EVENT").upper(), params.get("HANDLER")
    offline = int(str(params.get("EVENT_TYPE", "online")).lower() == "offline")
    gone = [
        each
        for each in asked.state.handlers
        if (each.event, each.offline) == (event, offline)
        and address in (None, "", each.address)
        and str(params.get("AUTH_TYPE", each.auth_type)) == str(each.auth_type)
    ]
    if not asked.user.is_admin and (offline or any(each.auth_type != asked.user.id for each in gone)):
        raise admins_only()
    asked.state.handlers = [each for each in asked.state.handlers if each not in gone]
    return Answer({"count": len(gone)})


METHODS: dict[str, Method] = {
    "event.bind": _bind,
    "event.get": _get,
    "event.unbind": _unbind,
    "events": lambda asked: Answer(list(known_events(asked.state))),
}
