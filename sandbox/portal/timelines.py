"""The timelines of cards: comments, activities of an application, and those that sessions of lines
write by themselves.

bitrix24/b24restdocs: api-reference/crm/timeline/comments/*.md, bindings/*.md,
activities/configurable/*.md.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .asked import Asked, Method
from .batch import Answer
from .crm import may_read
from .errors import RestError
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE
from .state import SandboxPortalState

NAMES = {
    **{"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY, "quote": QUOTE},
    "smart_invoice": SMART_INVOICE,
}
BINDABLE = (LEAD, DEAL, CONTACT, COMPANY)  # a comment's further places; an order is the fifth, which is not here
MAX_COMMENT = 65_535  # bytes that a column of MySQL's TEXT takes; the server cuts the rest off without a word
PAGE = 50


@dataclass
class TimelineEntry:
    """One thing in the timelines of the cards in `places`; `kind` is comment, activity or line."""

    id: int
    kind: str
    text: str
    author: int
    at: float
    places: list[tuple[int, int]]
    about: dict[str, Any] = field(default_factory=dict)


def add_line_activity(state: SandboxPortalState, kind: int, item_id: int, chat_id: int, text: str) -> None:
    """The open line's own activity, one for a chat and an item while it runs."""
    known = any(e.kind == "line" and e.about["chat"] == chat_id and (kind, item_id) in e.places for e in state.timeline)
    if not known:
        entry = TimelineEntry(state.next_id(), "line", text, 0, time.time(), [(kind, item_id)], {"chat": chat_id})
        state.timeline.append(entry)


def of_card(state: SandboxPortalState, kind: int, item_id: int) -> list[TimelineEntry]:
    return [entry for entry in state.timeline if (kind, item_id) in entry.places]


def _add(asked: Asked) -> Answer:
    fields = _fields(asked)
    text = str(fields.get("COMMENT") or "")
    if not text and not fields.get("FILES"):
        raise RestError("", "COMMENT is not defined or invalid.")
    place = _place(asked, fields)
    files = [str(row[0]) for row in fields.get("FILES") or [] if isinstance(row, list) and len(row) == 2]
    about = {"files": files}
    entry = TimelineEntry(asked.state.next_id(), "comment", _cut(text), asked.user.id, time.time(), [place], about)
    asked.state.timeline.append(entry)
    return Answer(entry.id)


def _update(asked: Asked) -> Answer:
    entry, fields = _entry(asked, asked.params.get("id"), "comment"), _fields(asked)
    entry.text = _cut(str(fields.get("COMMENT") or entry.text))
    return Answer(entry.id)


def _delete(asked: Asked) -> Answer:
    asked.state.timeline.remove(_entry(asked, asked.params.get("id"), "comment"))
    return Answer(True)


def _get(asked: Asked) -> Answer:
    return Answer(_told(_entry(asked, asked.params.get("id"), "comment")))


def _list(asked: Asked) -> Answer:
    wanted = asked.params.get("filter")
    if not isinstance(wanted, dict) or not wanted.get("ENTITY_ID"):
        raise RestError("", "Access denied.")
    place = _place(asked, wanted)
    found = [entry for entry in asked.state.timeline if entry.kind == "comment" and place in entry.places]
    order, start = asked.params.get("order"), int(asked.params.get("start") or 0)
    newest = isinstance(order, dict) and str(order.get("ID") or "").upper() == "DESC"
    found.sort(key=lambda entry: entry.id, reverse=newest)
    rows = [_told(entry) for entry in found[start : start + PAGE]]
    return Answer(rows, total=len(found), next=start + PAGE if len(found) > start + PAGE else None)


def _bind(asked: Asked) -> Answer:
    """Bound already is bound; false, and no error, where the user may not change the card."""
    fields = _fields(asked)
    kind = _kind_of(fields)
    if kind not in BINDABLE:
        raise RestError("", "ENTITY_TYPE is not defined or invalid.")
    entry, item_id = _entry(asked, fields.get("OWNER_ID"), ""), int(fields.get("ENTITY_ID") or 0)
    found = asked.state.crm.get((kind, item_id))
    if found is not None and not may_read(asked.user, found):
        return Answer(False)
    if (kind, item_id) not in entry.places:
        entry.places.append((kind, item_id))
    return Answer(True)


def _bindings(asked: Asked) -> Answer:
    wanted = asked.params.get("filter")
    entry = _entry(asked, wanted.get("OWNER_ID") if isinstance(wanted, dict) else None, "")
    names = {number: name for name, number in NAMES.items()}
    rows = [{"OWNER_ID": entry.id, "ENTITY_ID": number, "ENTITY_TYPE": names.get(kind, f"dynamic_{kind}")}
            for kind, number in entry.places]  # fmt: skip
    return Answer(rows)


def _activity_add(asked: Asked) -> Answer:
    layout, fields = asked.params.get("layout"), asked.params.get("fields")
    if not isinstance(layout, dict) or not layout.get("header") or not layout.get("body"):
        raise RestError("100", "Could not find value for parameter {layout}")
    fields = fields if isinstance(fields, dict) else {}
    if fields.get("isIncomingChannel") == "Y" and fields.get("deadline"):
        raise RestError("INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE", "Incoming activity can not be with deadline")
    if fields.get("badgeCode") and fields["badgeCode"] not in asked.state.badges:
        raise RestError("BADGE_NOT_FOUND", "Badge not found")
    place = _checked(asked, int(asked.params.get("ownerTypeId") or 0), int(asked.params.get("ownerId") or 0))
    title = str(layout["header"].get("title") or "")
    about = {"fields": fields, "layout": layout}
    entry = TimelineEntry(asked.state.next_id(), "activity", title, asked.user.id, time.time(), [place], about)
    asked.state.timeline.append(entry)
    return Answer({"activity": {"id": entry.id}})


def _activity_update(asked: Asked) -> Answer:
    if not any(str(e.id) == str(asked.params.get("id")) for e in asked.state.timeline if e.kind == "activity"):
        raise RestError("NOT_FOUND", "Not found.")
    entry = _entry(asked, asked.params.get("id"), "activity")
    for name in ("fields", "layout"):
        if isinstance(asked.params.get(name), dict):
            entry.about[name] = {**entry.about[name], **asked.params[name]}
    entry.text = str(entry.about["layout"]["header"].get("title") or "")
    return Answer({"activity": {"id": entry.id}})


def _activity_get(asked: Asked) -> Answer:
    entry = _entry(asked, asked.params.get("id"), "activity")
    return Answer({"activity": {"id": entry.id, **entry.about["fields"]}})


def _activities(asked: Asked) -> Answer:
    """By the ids that an application gave them."""
    wanted = asked.params.get("filter")
    wanted = wanted if isinstance(wanted, dict) else {}
    names = {"ORIGINATOR_ID": "originatorId", "ORIGIN_ID": "originId"}
    ours = [entry for entry in asked.state.timeline if entry.kind == "activity"]
    found = [e for e in ours if all(str(e.about["fields"].get(names[name])) == wanted[name] for name in wanted)]
    return Answer([{"ID": str(entry.id)} for entry in found], total=len(found))


def _badge(asked: Asked) -> Answer:
    params = {name: str(asked.params.get(name) or "") for name in ("code", "title", "value", "type")}
    if not all(params.values()):
        raise RestError("100", "Could not find value for parameter")
    asked.state.badges[params["code"]] = params
    return Answer({"badge": params})


def _fields(asked: Asked) -> dict[str, Any]:
    fields = asked.params.get("fields")
    if not isinstance(fields, dict):
        raise RestError("100", "Could not find value for parameter {fields}")
    return fields


def _entry(asked: Asked, entry_id: Any, kind: str) -> TimelineEntry:
    """Only an entry of a card that the user may read; an empty code, as the server has it."""
    of_kind = [e for e in asked.state.timeline if str(e.id) == str(entry_id) and kind in ("", e.kind)]
    if not of_kind:
        raise RestError("", "Not found.")
    return of_kind[0]


def _place(asked: Asked, fields: dict[str, Any]) -> tuple[int, int]:
    return _checked(asked, _kind_of(fields), int(fields.get("ENTITY_ID") or 0))


def _kind_of(fields: dict[str, Any]) -> int:
    """ENTITY_TYPE in small letters; a smart process is dynamic_<entityTypeId>. 0 for what is
    none."""
    name = str(fields.get("ENTITY_TYPE") or "")
    if name.startswith("dynamic_") and name[8:].isdigit():
        return int(name[8:])
    return NAMES.get(name, 0)


def _cut(text: str) -> str:
    return text.encode()[:MAX_COMMENT].decode(errors="ignore")


def _checked(asked: Asked, kind: int, item_id: int) -> tuple[int, int]:
    found = asked.state.crm.get((kind, item_id))
    if found is None:
        raise RestError("NOT_FOUND", "Not found.")
    if not may_read(asked.user, found):
        raise RestError("", "Access denied.")
    return kind, item_id


def _told(entry: TimelineEntry) -> dict[str, Any]:
    kind, number = entry.places[0]
    name = next((name for name, of_kind in NAMES.items() if of_kind == kind), f"dynamic_{kind}")
    written = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
    about = {"ENTITY_ID": str(number), "ENTITY_TYPE": name, "CREATED": written}
    return {"ID": str(entry.id), **about, "COMMENT": entry.text, "AUTHOR_ID": str(entry.author)}


METHODS: dict[str, Method] = {
    "crm.timeline.comment.add": _add,
    "crm.timeline.comment.update": _update,
    "crm.timeline.comment.delete": _delete,
    "crm.timeline.comment.get": _get,
    "crm.timeline.comment.list": _list,
    "crm.timeline.bindings.bind": _bind,
    "crm.timeline.bindings.list": _bindings,
    "crm.activity.configurable.add": _activity_add,
    "crm.activity.configurable.update": _activity_update,
    "crm.activity.configurable.get": _activity_get,
    "crm.activity.badge.add": _badge,
    "crm.activity.list": _activities,
}
