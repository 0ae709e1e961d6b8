"""What POST /_sandbox/portals/<n> may change, each under its name. Unknown names and wrong values
raise ValueError."""

from collections.abc import Callable
from typing import Any

from . import lifecycle
from .arrangement import arranged_with
from .events import card_changed, card_deleted, fire
from .items import CONTACT, contact
from .openlines.model import ClientUser, Connector, LineChat
from .portals import SandboxPortals
from .state import Field, Funnel, SandboxPortalState, put_application
from .users import USERS, User

Change = Callable[[SandboxPortals, SandboxPortalState, Any], None]
ADMIN: User = USERS["admin"]
ADDED_FROM = 1001  # ids above those of the seed


def change(portals: SandboxPortals, state: SandboxPortalState, wanted: dict[str, Any]) -> None:
    unknown = wanted.keys() - CHANGES.keys()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(CHANGES)}")
    for name, make in CHANGES.items():  # in this order, not in that of the JSON
        if name in wanted:
            make(portals, state, wanted[name])


def _installed(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """false: a clean portal that never had the app. true: as an earlier installation left it. No
    events."""
    if value is True:
        put_application(state, portals.widget_url)
    elif value is False:
        state.remove_application()
        state.fields, state.layouts, state.foreign_types = [], {}, []
        state.version, state.previous_version, state.finished_once = 1, None, False
    else:
        raise ValueError("installed is true or false")


def _version(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    lifecycle.update(portals, state, ADMIN, int(value))


def _installer_active(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    _keep(state.dismissed, state.installer_id, inside=value is False)


def _dismissed(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """The roles of all who are dismissed: ["rep"]."""
    state.dismissed = {USERS[role].id for role in value}


def _set(name: str, kind: Callable[[Any], Any]) -> Change:
    def put(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
        setattr(state, name, kind(value))

    return put


def _arranged(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """false: no card was ever arranged."""
    if value is False:
        state.layouts = {}


def _in_layout(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """The entityTypeIds of the cards that always show our field; in all others it is not there."""
    for entity_type_id, owner in state.owners().items():
        for variant in state.variants(entity_type_id):
            state.layouts[owner, variant] = arranged_with({})
    for entity_type_id in value:
        for variant in state.variants(int(entity_type_id)):
            _layout(portals, state, {"entityTypeId": entity_type_id, "variant": variant, "field": "always"})


def _layout(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """One layout: {"entityTypeId": 2, "variant": 9, "field": "always" | "filled" | "absent" |
    "never_arranged"}, with "renamed": "COMMENTS" where that field was given another title."""
    entity_type_id, where = int(value["entityTypeId"]), value["field"]
    found = state.field_of(entity_type_id)
    if found is None:
        raise ValueError(f"no field of the app on {entity_type_id}")
    key = found[0].owner, int(value.get("variant", state.variants(entity_type_id)[0]))
    if where == "never_arranged":
        state.layouts.pop(key, None)
        return
    fields = {"always": {found[0].name: True}, "filled": {found[0].name: False}, "absent": {}}
    state.layouts[key] = arranged_with(fields[where])
    for element in (one for section in state.layouts[key] for one in section["elements"]):
        if element["name"] == value.get("renamed"):
            element["title"] = "Как договорились"


def _funnels(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """{"2": [[0, "Общая"], [9, "Опт"]]}; the first of each is the default, and the new ones are not
    arranged."""
    for entity_type_id, funnels in value.items():
        state.funnels[int(entity_type_id)] = [Funnel(int(number), str(name)) for number, name in funnels]


def _quirks(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """Some of state.Quirks: {"old_box": true}. The others stay."""
    for name, wanted in value.items():
        if type(getattr(state.quirks, name)) is not type(wanted):
            raise ValueError(f"{name} is of another type")
        setattr(state.quirks, name, wanted)


def _foreign_types(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    state.foreign_types = [str(each) for each in value]


def _foreign_fields(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """Fields of another application's type: [["CRM_DEAL", "UF_CRM_DEAL_WHATSAPP", "whatsapp"]]."""
    for owner, name, type_id in value:
        state.fields.append(Field(state.next_id(), owner, name, f"rest_99_{type_id}", {"xmlId": "whatsapp"}))


def _add_smart_type(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    entity_type_id = int(value.get("entityTypeId") or 0)
    if entity_type_id in state.owners():
        raise ValueError(f"{entity_type_id} is taken")
    has_clients = value.get("isClientEnabled", "Y") == "Y"
    lifecycle.add_smart_type(
        portals, state, ADMIN, value["title"], has_clients=has_clients, entity_type_id=entity_type_id
    )


def _rename_smart_type(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    found = state.smart_type(int(value["entityTypeId"]))
    if found is None:
        raise ValueError("no such smart process")
    lifecycle.rename_smart_type(portals, state, ADMIN, found, value["title"])


def _delete_smart_type(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    found = state.smart_type(int(value))
    if found is None:
        raise ValueError("no such smart process")
    lifecycle.delete_smart_type(portals, state, ADMIN, found)


def _change_item(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """A user saves other values of an item: {"entityTypeId", "id", "fields"}; the event goes
    out."""
    entity_type_id, item_id = int(value["entityTypeId"]), int(value["id"])
    state.crm[entity_type_id, item_id].update(value["fields"])
    card_changed(portals, state, entity_type_id, item_id, ADMIN)


def _delete_item(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """A user deletes an item; the event goes out."""
    entity_type_id, item_id = int(value["entityTypeId"]), int(value["id"])
    del state.crm[entity_type_id, item_id]
    card_deleted(portals, state, entity_type_id, item_id, ADMIN)


def _add_contacts(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """Add so many contacts without phones: a portal where a list has several pages."""
    for number in range(int(value)):
        made = contact(ADDED_FROM + number, f"Контакт {number}", [])
        state.crm[CONTACT, made["id"]] = made


def _open_line(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """An administrator changes a line: {"id", "active", "off_hours", "config": {…}, "error"}, or
    {"id", "deleted"}."""
    line = state.centre.lines[int(value["id"])]
    line.active, line.off_hours = value.get("active", line.active), value.get("off_hours", line.off_hours)
    line.config |= value.get("config", {})
    for (_connector, number), link in state.centre.links.items():
        if number == line.id:
            link.error = value.get("error", link.error)
    if value.get("deleted"):
        del state.centre.lines[line.id]
        fire(portals, state, "ONIMCONNECTORLINEDELETE", line.id, ADMIN)


def _line_chat(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """A chat of another vendor's connector: {"id", "connector", "title", "outside", "bindings":
    {"3": 42}}."""
    centre, name = state.centre, str(value["connector"])
    centre.connectors[name] = Connector(name, str(value["title"]), "", {})
    client = ClientUser(state.next_id(), str(value["outside"]), "Гость")
    bindings = {int(kind): int(item_id) for kind, item_id in value["bindings"].items()}
    chat_id = int(value["id"])
    centre.chats[chat_id] = LineChat(chat_id, name, 1, client.outside, client, "Гость", bindings=bindings)


def _connector_off(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """An administrator switches the connector off on a line, in the contact centre: {"connector",
    "line"}."""
    state.centre.links.pop((str(value["connector"]), int(value["line"])), None)
    fire(portals, state, "ONIMCONNECTORSTATUSDELETE", {"connector": value["connector"], "line": value["line"]}, ADMIN)


def _refuse_messages(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """So many messages of the next calls fail while the call itself succeeds."""
    state.centre.refuse = int(value)


def _bare_answers(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """So many of the next answers to messages name no session."""
    state.centre.bare = int(value)


def _line_clock(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """What time (unix seconds) it is in open lines; 0 is the real one."""
    state.centre.at = float(value)


def _events(portals: SandboxPortals, state: SandboxPortalState, value: Any) -> None:
    """{"ONIMCONNECTORMESSAGEADD": "lost" | "twice" | "held" | ""}; an empty object releases what
    was held."""
    portals.delivery.how = dict(value)
    if not value:
        portals.delivery.release()


def _keep(ids: set[int], one: int, *, inside: bool) -> None:
    ids.add(one) if inside else ids.discard(one)


CHANGES: dict[str, Change] = {
    "quirks": _quirks,
    "installed": _installed,
    "version": _version,
    "installer_active": _installer_active,
    "dismissed": _dismissed,
    "scopes": _set("scopes", str),
    "application_token": _set("application_token", str),
    "status": _set("status", str),
    "days": _set("days", lambda value: None if value is None else int(value)),
    "payment_expired": _set("payment_expired", lambda value: "Y" if value in (True, "Y") else "N"),
    "foreign_types": _foreign_types,
    "foreign_fields": _foreign_fields,
    "funnels": _funnels,
    "arranged": _arranged,
    "in_layout": _in_layout,
    "layout": _layout,
    "add_smart_type": _add_smart_type,
    "rename_smart_type": _rename_smart_type,
    "delete_smart_type": _delete_smart_type,
    "change_item": _change_item,
    "delete_item": _delete_item,
    "add_contacts": _add_contacts,
    "open_line": _open_line,
    "line_chat": _line_chat,
    "connector_off": _connector_off,
    "refuse_messages": _refuse_messages,
    "bare_answers": _bare_answers,
    "line_clock": _line_clock,
    "events": _events,
}
