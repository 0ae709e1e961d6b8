"""What is already in a portal: one batch of questions, and its answer as values (pure).

bitrix24/b24restdocs: api-reference/common/system/app-info.md, widgets/placement-{list,get}.md,
events/event-get.md, crm/universal/user-defined-object-types/crm-type-list.md,
crm/universal/userfieldconfig/userfieldconfig-list.md and userfieldconfig-get-types.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.commands import Commands
from widget.bitrix24.installer.userfield import OLD_XML_ID, FieldNames
from widget.bitrix24.rest import Batch
from widget.errors import ErrorCode, Refused
from widget.untrusted import as_positive_int, as_rows

PAGE = 50  # a list answers at most this many
MAX_PAGES = 8  # of smart processes, of which a portal may have 150, and of our fields: one for each kind of card
# Codes that mean «not for us here»: the part is left out. Anything else may pass, so nothing is
# concluded from it.
_NOT_HERE = frozenset({"insufficient_scope", "error_method_not_found", "access_denied", "wrong_auth_type"})

_INSIDE = {"processes": "types", "fields": "fields"}  # where the lists that come in pages keep their rows


@dataclass(frozen=True)
class Placed:
    """One of our placements as the portal keeps it. `titles` by language, {} if it does not say."""

    code: str
    handler: str
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Bound:
    """One of our event handlers. `auth_type` is the user whose token its events carry, "0" for the
    user who caused them."""

    event: str
    handler: str
    auth_type: str


@dataclass(frozen=True)
class Process:
    """A smart process. Its row id names its custom fields, its entityTypeId everything else."""

    row_id: int
    entity_type_id: int
    title: str
    clients: bool


@dataclass(frozen=True)
class ActualField:
    id: int
    entity: str
    name: str
    user_type: str


@dataclass(frozen=True)
class ActualState:
    """The portal's answers. A list is None where the portal does not let us see it, so nothing is
    done about it."""

    app_id: str
    licence: str  # "ru_pro100": language and plan
    status: str
    days_left: int | None
    user_id: int
    admin: bool
    scopes: frozenset[str]
    available: frozenset[str] | None  # codes that something may be bound to
    placements: tuple[Placed, ...] | None
    types: Mapping[str, str] | None  # our custom field types, id -> handler
    known_types: frozenset[str] | None  # the full codes of all applications' types
    handlers: tuple[Bound, ...] | None
    processes: tuple[Process, ...] | None
    fields: tuple[ActualField, ...] | None


def questions(names: FieldNames) -> Commands:
    """The first batch of an installation."""
    return {
        "app": ("app.info", {}),
        "me": ("profile", {}),
        "admin": ("user.admin", {}),
        "scope": ("scope", {}),
        "available": ("placement.list", {}),
        "placements": ("placement.get", {}),
        "types": ("userfieldtype.list", {}),
        "known_types": ("userfieldconfig.getTypes", {"moduleId": "crm"}),
        "handlers": ("event.get", {}),
        **_paged(names, 0),
    }


def next_page(answer: Batch, names: FieldNames, page: int) -> Commands:
    """The commands for more of the lists whose pages were full so far; none when everything was
    read."""
    further = _paged(names, page * PAGE) if page < MAX_PAGES else {}
    return {key: command for key, command in further.items() if len(_rows_of(answer, key)) == page * PAGE}


def with_page(answer: Batch, further: Batch) -> Batch:
    """The answer with one page more. Raises Refused for a page that failed: what is on it would
    count as missing."""
    if further.errors:
        raise further.refused(next(iter(further.errors)))
    longer = {key: {_INSIDE[key]: _rows_of(answer, key) + _rows_of(further, key)} for key in further.results}
    return answer.with_more(Batch(longer, {}))


def actual_of(answer: Batch, user_id: int) -> ActualState:
    """The answers as values. Raises Refused where one of them failed and might come another
    time."""
    me = _needed(answer, "me")
    if as_positive_int(me.get("ID")) != user_id:
        raise Refused(ErrorCode.NO_AUTH, 403, "profile of another user")
    admin = me.get("ADMIN") is True and answer.results.get("admin", True) is True
    for key, code in answer.errors.items():
        # Without the rights everything is refused, each in its own words; custom fields have no
        # codes at all.
        if admin and code.lower() not in _NOT_HERE and not (key in ("fields", "known_types") and not code):
            raise answer.refused(key)
    app = _needed(answer, "app")
    scopes = answer.results.get("scope")
    if not isinstance(scopes, list):
        raise Refused(ErrorCode.PORTAL_FAILED, reason="no scopes in the batch")
    return ActualState(
        app_id=str(app.get("ID") or ""),
        licence=str(app.get("LICENSE") or ""),
        status=str(app.get("STATUS") or "")[:2],
        days_left=left_of(app),
        user_id=user_id,
        admin=admin,
        scopes=frozenset(str(scope) for scope in scopes),
        available=_seen(answer, "available", frozenset, of=str),
        placements=_seen(answer, "placements", lambda rows: tuple(_placed(row) for row in rows)),
        types=_seen(answer, "types", _types),
        known_types=_known_types(answer.results.get("known_types")),
        handlers=_seen(answer, "handlers", lambda rows: tuple(_bound(row) for row in rows if not _offline(row))),
        processes=_seen(answer, "processes", lambda rows: tuple(_process(row) for row in rows), "types"),
        fields=_seen(answer, "fields", lambda rows: tuple(_field(row) for row in rows), "fields"),
    )


def left_of(app: Mapping[str, Any]) -> int | None:
    """Days left of the application's term; 0 or less when it has ended, None when there is no
    term."""
    left = days(app.get("DAYS"))
    return min(left or 0, 0) if app.get("PAYMENT_EXPIRED") == "Y" else left


def days(value: Any) -> int | None:
    """DAYS of a subscription: may be a number, a text, negative, or nothing at all."""
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    number = text.removeprefix("-")
    return int(text) if number.isascii() and number.isdecimal() and len(number) <= 6 else None


def _paged(names: FieldNames, start: int) -> Commands:
    """Names in `select` reach the database as they are sent, where fields have other names than in
    the answer."""
    chosen = {"moduleId": "crm", "select": ["*"], "filter": {"xmlId": [names.xml_id, OLD_XML_ID]}}
    return {
        "processes": ("crm.type.list", {"start": start}),
        "fields": ("userfieldconfig.list", {**chosen, "order": {"id": "ASC"}, "start": start}),
    }


def _rows_of(answer: Batch, key: str) -> list[Any]:
    return _rows(answer.results.get(key), _INSIDE[key])


def _needed(answer: Batch, key: str) -> Mapping[str, Any]:
    value = answer.results.get(key)
    if not isinstance(value, dict):
        raise Refused(ErrorCode.PORTAL_FAILED, reason=f"no {key} in the batch")
    return value


def _seen(answer: Batch, key: str, read: Any, inside: str = "", of: type = dict) -> Any:
    """What `read` makes of a list of objects, or of others; None where there is no answer to it."""
    if key not in answer.results:
        return None
    rows = _rows(answer.results[key], inside)
    return read([row for row in rows if isinstance(row, of)])


def _rows(value: Any, inside: str) -> list[Any]:
    return as_rows(value.get(inside) if inside and isinstance(value, dict) else value)


def _placed(row: Mapping[str, Any]) -> Placed:
    languages = row.get("langAll")
    titles = {
        str(language): str(texts["TITLE"])
        for language, texts in (languages.items() if isinstance(languages, dict) else ())
        if isinstance(texts, dict) and texts.get("TITLE")
    }
    return Placed(str(row.get("placement", "")), str(row.get("handler", "")), titles)


def _types(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(row.get("USER_TYPE_ID", "")): str(row.get("HANDLER", "")) for row in rows}


def _known_types(answer: Any) -> frozenset[str] | None:
    """The codes are keys, in an object of its own or not (the server module's getTypesAction has
    both)."""
    inside = answer.get("types", answer) if isinstance(answer, dict) else None
    return frozenset(map(str, inside)) if isinstance(inside, dict) and inside else None


def _bound(row: Mapping[str, Any]) -> Bound:
    return Bound(str(row.get("event", "")).upper(), str(row.get("handler", "")), str(row.get("auth_type") or "0"))


def _offline(row: Mapping[str, Any]) -> bool:
    return str(row.get("offline", 0)) == "1"


def _process(row: Mapping[str, Any]) -> Process:
    return Process(
        row_id=as_positive_int(row.get("id")),
        entity_type_id=as_positive_int(row.get("entityTypeId")),
        title=str(row.get("title") or "")[:100],
        clients=row.get("isClientEnabled") in ("Y", True),
    )


def _field(row: Mapping[str, Any]) -> ActualField:
    return ActualField(
        id=as_positive_int(row.get("id")),
        entity=str(row.get("entityId", "")),
        name=str(row.get("fieldName", "")),
        user_type=str(row.get("userTypeId", "")),
    )
