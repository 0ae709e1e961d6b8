"""The portal's events: which ones we want, and a posted one as a value. Nothing in it is believed
yet.

They come form-encoded with bracketed keys, although the docs print JSON, and are never sent again:
bitrix24/b24restdocs, api-reference/events/index.md and the page of each event.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from widget.errors import ErrorCode, Refused
from widget.untrusted import as_dict, as_positive_int

UPDATED, UNINSTALLED, PAID = "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT"
INSTALLED = "ONAPPINSTALL"
TYPE_EVENTS = ("ONCRMTYPEADD", "ONCRMTYPEUPDATE", "ONCRMTYPEDELETE")
DYNAMIC_ITEM = "ONCRMDYNAMICITEMUPDATE"
# Events of one card, with its entityTypeId.
CARD_EVENTS = {
    **{"ONCRMLEADUPDATE": 1, "ONCRMDEALUPDATE": 2, "ONCRMCONTACTUPDATE": 3, "ONCRMCOMPANYUPDATE": 4},
    **{"ONCRMQUOTEUPDATE": 7, "ONCRMCONTACTDELETE": 3, "ONCRMCOMPANYDELETE": 4},
}

# The first is bound before installFinish, which fires it: older boxes tell the secret that proves
# events only there.
WANTED = (INSTALLED, UNINSTALLED, UPDATED, PAID, *TYPE_EVENTS, *CARD_EVENTS, DYNAMIC_ITEM)
# Only where the application may see open lines (widget/openlines/connector_events.py reads them).
OF_OPEN_LINES = (
    *("ONIMCONNECTORMESSAGEADD", "ONIMCONNECTORMESSAGEUPDATE", "ONIMCONNECTORMESSAGEDELETE"),
    *("ONIMCONNECTORDIALOGSTART", "ONIMCONNECTORDIALOGFINISH"),
    *("ONIMCONNECTORSTATUSDELETE", "ONIMCONNECTORLINEDELETE"),
)
NEEDS_CRM = frozenset((*TYPE_EVENTS, *CARD_EVENTS, DYNAMIC_ITEM))

# An operator of an open line may write 20,000 letters and attach files, each with a dozen fields.
MAX_EVENT = 512 * 1024
MAX_FIELDS, MAX_KEY, MAX_VALUE, DEEPEST = 1000, 300, 65_536, 12
_KEY = re.compile(r"([A-Za-z0-9_.-]{1,64})((?:\[[A-Za-z0-9_.-]{1,64}\])*)", re.ASCII)


@dataclass(frozen=True)
class Event:
    """What the form says. The tokens are in it only where Bitrix24 sends new ones."""

    name: str
    member_id: str
    application_token: str
    data: Mapping[str, Any]
    access_token: str
    refresh_token: str
    expires_in: int
    number: int = 0  # of an event whose data is one number

    def __repr__(self) -> str:  # holds tokens
        return f"Event({self.name})"


def read_event(pairs: Iterable[tuple[str, str]]) -> Event:
    """Understand a form. Raises Refused(BAD_FORM) for anything too large, too deep or without a
    portal."""
    fields = nested(pairs)
    auth, data = as_dict(fields.get("auth")), as_dict(fields.get("data"))
    name, member_id = fields.get("event"), auth.get("member_id")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_]{1,60}", name, re.ASCII):
        raise Refused(ErrorCode.BAD_FORM, 400, "event")
    if not isinstance(member_id, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", member_id, re.ASCII):
        raise Refused(ErrorCode.BAD_FORM, 400, "member_id")
    return Event(
        name=name.upper(),
        member_id=member_id,
        application_token=_text(auth.get("application_token")),
        data=data,
        access_token=_text(auth.get("access_token")),
        refresh_token=_text(auth.get("refresh_token")),
        expires_in=min(as_positive_int(auth.get("expires_in")) or 3600, 86_400),
        number=as_positive_int(fields.get("data")),
    )


def work_of(event: Event) -> dict[str, int | str] | None:
    """The fields of an event that a job works on, never a token; None where there is nothing to do
    (pure)."""
    fields = as_dict(event.data.get("FIELDS"))
    if event.name in CARD_EVENTS:
        item = as_positive_int(fields.get("ID"))
        return {"type": CARD_EVENTS[event.name], "id": item} if item else None
    if event.name == DYNAMIC_ITEM:
        kind, item = as_positive_int(fields.get("ENTITY_TYPE_ID")), as_positive_int(fields.get("ID"))
        return {"type": kind, "id": item} if kind and item else None
    if event.name == UNINSTALLED:
        return {"clean": 1 if as_positive_int(event.data.get("CLEAN")) == 1 else 0}
    if event.name == PAID:
        return {
            "status": _text(event.data.get("STATUS"))[:2],
            "expired": 1 if event.data.get("PAYMENT_EXPIRED") == "Y" else 0,
            "days": _text(event.data.get("DAYS"))[:10],
        }
    return {} if event.name in (UPDATED, INSTALLED, *TYPE_EVENTS) else None


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """data[FIELDS][ID]=7 as {"data": {"FIELDS": {"ID": "7"}}}. Raises Refused(BAD_FORM) for a field
    that comes twice, is both a value and a list, or is too long or too deep."""
    found: dict[str, Any] = {}
    for count, (key, value) in enumerate(pairs):
        match = _KEY.fullmatch(key) if len(key) <= MAX_KEY else None
        if count >= MAX_FIELDS or match is None or len(value) > MAX_VALUE or "\x00" in value:
            raise Refused(ErrorCode.BAD_FORM, 400, "event field")
        path = [match[1], *re.findall(r"\[([^\]]+)\]", match[2])]
        if len(path) > DEEPEST:
            raise Refused(ErrorCode.BAD_FORM, 400, "event too deep")
        _put(found, path, value)
    return found


def _put(where: dict[str, Any], path: list[str], value: str) -> None:
    for step in path[:-1]:
        deeper = where.setdefault(step, {})
        if not isinstance(deeper, dict):
            raise Refused(ErrorCode.BAD_FORM, 400, "a field is both a value and a list")
        where = deeper
    if path[-1] in where:
        raise Refused(ErrorCode.BAD_FORM, 400, "a field came twice")
    where[path[-1]] = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 512 and value.isprintable() else ""
