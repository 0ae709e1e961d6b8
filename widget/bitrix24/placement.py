"""The form that Bitrix24 posts when it opens us in a card. Read into a value; nothing in it is
believed yet.

Fields and option shapes: bitrix24/b24restdocs, api-reference/widgets (widget_data, crm/*,
user-field).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from widget.addresses import plain_host
from widget.errors import ErrorCode, Refused

MAX_FIELD = 8192
SETTING_CONNECTOR = "SETTING_CONNECTOR"  # our connector in the contact centre: its settings are on our own page
MAX_ID = 2**53

ENTITY_TYPES = {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4, "QUOTE": 7, "SMART_INVOICE": 31}
# CRM_DEAL_DETAIL_TAB, CRM_DYNAMIC_183_DETAIL_TOOLBAR…: the type never arrives in the options of a
# tab.
_CODE = re.compile(r"CRM_(?:(LEAD|DEAL|CONTACT|COMPANY|QUOTE|SMART_INVOICE)|DYNAMIC_([1-9]\d{0,8}))_[A-Z_]+", re.ASCII)
MAX_HOST = 260
# What a policy can name (CSP 3, host-source), and hosts that it cannot: an address in brackets, a
# dot at the end.
_UNNAMEABLE = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253}\.)(:\d{1,5})?", re.ASCII)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?(:\d{1,5})?", re.ASCII)
# The newer types name the id differently from the older ones, and the custom field differently
# again.
_ID_KEYS = ("ID", "ENTITY_ID", "entityId", "ENTITY_VALUE_ID")


@dataclass(frozen=True)
class Placement:
    """What the form says. `entity_id` 0 is a card that was never saved; `access_token` may be
    empty."""

    member_id: str
    domain: str
    language: str
    access_token: str
    refresh_token: str
    expires_in: int
    code: str
    entity_type_id: int
    entity_id: int
    edit_mode: bool
    server: str = ""  # the authorisation server that the form names; older boxes name none
    application_token: str = ""  # what proves events; older boxes do not post it and tell it with ONAPPINSTALL

    def __repr__(self) -> str:  # holds tokens
        return f"Placement(code={self.code!r})"


def read_placement(query: Mapping[str, str], form: Mapping[str, str]) -> Placement:
    """Understand a card tab, a card menu or the custom field. Raises Refused; makes no call."""
    common = read_common(query, form)
    options = _options(form)
    entity_type_id = _entity_type(common.code, options)
    entity_id = _entity_id(options)
    return replace(common, entity_type_id=entity_type_id, entity_id=entity_id)


def read_common(query: Mapping[str, str], form: Mapping[str, str]) -> Placement:
    """The part that every opening has, the app's own page too. Raises Refused(BAD_FORM)."""
    for source in (query, form):
        for name, value in source.items():
            if len(name) > 100 or len(value) > MAX_FIELD or "\x00" in value:
                raise Refused(ErrorCode.BAD_FORM, 400, "field too long")
    member_id = form.get("member_id", "")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", member_id):
        raise Refused(ErrorCode.BAD_FORM, 400, "member_id")
    return Placement(
        member_id=member_id,
        domain=_posted_host(query),
        language=query.get("LANG", "")[:10],
        access_token=_token(form.get("AUTH_ID", "")),
        refresh_token=_token(form.get("REFRESH_ID", "")),
        expires_in=_seconds(form.get("AUTH_EXPIRES", "")),
        code=form.get("PLACEMENT", "")[:100],
        entity_type_id=0,
        entity_id=0,
        edit_mode=_options(form).get("MODE") == "edit",
        server=form.get("SERVER_ENDPOINT", "")[:200],
        application_token=_secret(form.get("APPLICATION_TOKEN", "")),
    )


def host_of(address: str, scheme: str) -> str:
    """DOMAIN as a browser writes it in an origin, "" where there is none.

    Raises Refused: PORTAL_ADDRESS for a host that no policy can name, BAD_FORM for what is not a
    host.
    """
    try:
        host = plain_host(address[: MAX_HOST + 6], scheme)
    except ValueError:
        raise Refused(ErrorCode.BAD_FORM, 400, "DOMAIN") from None
    if _UNNAMEABLE.fullmatch(host):
        raise Refused(ErrorCode.PORTAL_ADDRESS, reason="DOMAIN")
    if host and not _HOST.fullmatch(host):
        raise Refused(ErrorCode.BAD_FORM, 400, "DOMAIN")
    return host


@dataclass(frozen=True)
class AppPlace:
    """Where the application's own page is to open: a name of ours, and the line if it is about
    one."""

    name: str = ""
    line_id: int = 0


def read_app_place(form: Mapping[str, str]) -> AppPlace:
    """What a card's `openApplication` handed over, as numbers or as texts; anything else is the top
    of the page."""
    if form.get("PLACEMENT") == SETTING_CONNECTOR:
        return AppPlace("lines")
    options = _options(form)
    name = options.get("place")
    return AppPlace(name, _whole(options.get("line")) or 0) if name in ("lines", "line") else AppPlace()


def posted_origin(query: Mapping[str, str]) -> str | None:
    """The origin that a form claims to come from: who may frame a page that shows nothing but
    words. None for no host.

    Where no policy can name it, every site may, or those words would be a blank frame.
    """
    scheme = _scheme(query)
    try:
        host = _posted_host(query)
    except Refused as refusal:
        return f"{scheme}:" if refusal.code is ErrorCode.PORTAL_ADDRESS else None
    return f"{scheme}://{host}" if host else None


def proved_origin(query: Mapping[str, str], *, domain: str, origin: str) -> str:
    """Who may frame the page of a portal that its token has proved: the host in the browser's
    address bar, which may be another name of the portal, or another port, than the ones it calls
    itself by (`domain`, `origin`)."""
    return origin if _posted_host(query) in ("", domain) else posted_origin(query) or origin


def _posted_host(query: Mapping[str, str]) -> str:
    return host_of(query.get("DOMAIN", ""), _scheme(query))


def _scheme(query: Mapping[str, str]) -> str:
    return "http" if query.get("PROTOCOL") == "0" else "https"


def _options(form: Mapping[str, str]) -> Mapping[str, Any]:
    """PLACEMENT_OPTIONS is a JSON string, but may be missing, "undefined" or not an object."""
    try:
        options = json.loads(form.get("PLACEMENT_OPTIONS", ""))
    except (ValueError, RecursionError):
        return {}
    return options if isinstance(options, dict) else {}


def _entity_type(code: str, options: Mapping[str, Any]) -> int:
    if code == "USERFIELD_TYPE":
        return _field_entity_type(options)
    match = _CODE.fullmatch(code)
    if not match:
        raise Refused(ErrorCode.UNKNOWN_PLACEMENT, reason="PLACEMENT")
    return ENTITY_TYPES[match[1]] if match[1] else int(match[2])


def _field_entity_type(options: Mapping[str, Any]) -> int:
    """ENTITY_DATA names the type; older boxes lack it and give only CRM_DEAL and its likes.

    CRM_<number> is the row id of a smart process there and not its entityTypeId, so it cannot be
    used.
    """
    data = options.get("ENTITY_DATA")
    if isinstance(data, dict) and (given := _whole(data.get("entityTypeId"))):
        return given
    named = options.get("ENTITY_ID")
    if isinstance(named, str) and (given := ENTITY_TYPES.get(named.removeprefix("CRM_"))):
        return given
    raise Refused(ErrorCode.UNKNOWN_PLACEMENT, reason="ENTITY_DATA")


def _entity_id(options: Mapping[str, Any]) -> int:
    data = options.get("ENTITY_DATA")
    candidates = [data.get("entityId")] if isinstance(data, dict) else []
    candidates += [options.get(key) for key in _ID_KEYS]
    for candidate in candidates:
        number = _whole(candidate)
        if number is not None:
            return number
    raise Refused(ErrorCode.BAD_FORM, 400, "no card id in PLACEMENT_OPTIONS")


def _whole(value: object) -> int | None:
    """Ids are strings in real forms and numbers in some samples; True is neither."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 16:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_ID:
        return value
    return None


def _secret(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{0,128}", value, re.ASCII):
        raise Refused(ErrorCode.BAD_FORM, 400, "APPLICATION_TOKEN")
    return value


def _token(value: str) -> str:
    if len(value) > 512 or not value.isascii() or not value.isprintable():
        raise Refused(ErrorCode.BAD_FORM, 400, "token")
    return value.strip()


def _seconds(value: str) -> int:
    number = _whole(value.strip())
    return min(number, 86_400) if number else 3600
