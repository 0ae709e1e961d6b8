"""Custom fields of the cards: userfieldconfig.add, get, list, getTypes, delete and
crm.<type>.userfield.list.

b24restdocs: api-reference/crm/universal/userfieldconfig/*.md; server module main,
lib/controller/userfieldconfig.php. Their errors have words and no code: "0" by the source, "" by
the docs.
"""

import re
from typing import Any

from .arrangement import without
from .asked import Asked, Method
from .batch import Answer
from .cards import KINDS
from .errors import RestError
from .php import as_php
from .state import Field

PAGE = 50
PLAIN = ("string", "integer", "double", "datetime", "date", "boolean", "url", "enumeration", "money", "crm", "employee")
_LABELS = ("editFormLabel", "listColumnLabel", "listFilterLabel", "errorMessage", "helpMessage")


def _add(asked: Asked) -> Answer:
    _need_right(asked, "You cannot create custom fields")
    given = asked.params.get("field")
    given = given if isinstance(given, dict) else {}
    owner, name, user_type = (str(given.get(key) or "") for key in ("entityId", "fieldName", "userTypeId"))
    if not user_type:
        raise _said(asked, "The 'USER_TYPE_ID' field is not found.")
    if not name:
        raise _said(asked, "The 'FIELD_NAME' field is not found.")
    if owner not in asked.state.owners().values() or not name.startswith(f"UF_{owner}_"):
        raise _said(asked, "You cannot create custom fields")
    if user_type not in _types(asked):
        raise _said(asked, "Invalid custom type specified.")
    if any((each.owner, each.name) == (owner, name) for each in asked.state.fields):
        raise _said(asked, f"Field {name} already exists")
    settings = {key: value for key, value in given.items() if key not in ("entityId", "fieldName", "userTypeId")}
    made = Field(asked.state.next_id(), owner, name, user_type, settings)
    asked.state.fields.append(made)
    return Answer({"field": _told(made)})


def _list(asked: Asked) -> Answer:
    _need_right(asked, "You do not have permission to view user field settings")
    fields = [_told(each) for each in asked.state.fields]
    wanted = asked.params.get("filter")
    for name, value in wanted.items() if isinstance(wanted, dict) else ():
        values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        fields = [each for each in fields if str(each.get(name.lstrip("=@"))) in values]
    order = asked.params.get("order")
    if isinstance(order, dict) and str(order.get("id")).upper() == "DESC":
        fields.reverse()
    start = int(asked.params.get("start") or 0)
    select = _select(asked)
    shown = [_selected(each, select) for each in fields[max(start, 0) : max(start, 0) + PAGE]]
    more = start + PAGE if start >= 0 and len(fields) > start + PAGE else None
    return Answer({"fields": shown}, total=0 if start < 0 else len(fields), next=more)


def _get(asked: Asked) -> Answer:
    _need_right(asked, "You do not have permission to view user field settings")
    return Answer({"field": _told(_find(asked))})


def _delete(asked: Asked) -> Answer:
    _need_right(asked, "You cannot delete the user field")
    found = _find(asked)
    asked.state.fields.remove(found)
    if asked.state.quirks.forgets_places:
        layouts = asked.state.layouts
        layouts.update({key: without(old, found.name) for key, old in layouts.items() if key[0] == found.owner})
    return Answer(None)


def _get_types(asked: Asked) -> Answer:
    """Every type that a field may have, of all applications."""
    _need_right(asked, "You do not have permission to view user field settings")
    return Answer({"types": {code: {"userTypeId": code, "description": code} for code in _types(asked)}})


def _types(asked: Asked) -> list[str]:
    ours = [] if asked.state.quirks.field_needs_finish and not asked.state.installed else asked.state.field_types
    return [
        *PLAIN,
        *(each.code for each in ours),
        *(f"rest_99_{each}" for each in asked.state.foreign_types),
    ]


def _list_of(owner: str) -> Method:
    def old_list(asked: Asked) -> Answer:
        wanted = asked.params.get("filter") or {}
        if not isinstance(wanted, dict):
            raise RestError("", "Parameter 'filter' must be array.")
        rows = [_upper(each) for each in asked.state.fields if each.owner == owner]
        for name, value in wanted.items():
            rows = [row for row in rows if name not in row or str(row[name]) == str(value)]
        return Answer(rows, total=len(rows))

    return old_list


def _need_right(asked: Asked, refusal: str) -> None:
    """Refuse all but the CRM's fields, and users who may not change its settings; the error has no
    code."""
    if asked.params.get("moduleId") != "crm":
        raise _said(asked, "Module is not specified or does not support user fields")
    if not asked.user.is_admin or not asked.state.has_scope("crm"):
        raise _said(asked, refusal)


def _find(asked: Asked) -> Field:
    found = next((each for each in asked.state.fields if str(each.id) == str(asked.params.get("id"))), None)
    if found is None:
        raise _said(asked, "User field not found")
    return found


def _told(each: Field) -> dict[str, Any]:
    given = each.settings
    usual = {"multiple": "N", "mandatory": "N", "showFilter": "N", "showInList": "Y", "editInList": "Y"}
    flags = {name: str(given.get(name, value)) for name, value in {**usual, "isSearchable": "N"}.items()}
    # The order of the documented answer: sort comes before the flags.
    return {
        "id": str(each.id),
        "entityId": each.owner,
        "fieldName": each.name,
        "userTypeId": each.user_type,
        "xmlId": given.get("xmlId"),
        "sort": str(given.get("sort", 100)),
        **flags,
        "settings": as_php(given.get("settings", {})),
        "languageId": {"ru": "ru", "en": "en"},
        **{label: given.get(label) or {"ru": None, "en": None} for label in _LABELS},
    }


def _select(asked: Asked) -> list[str]:
    """The names go to the ORM as they were sent: only `*` and its own, in capitals, are known
    there."""
    select = asked.params.get("select") or ["*"]
    names = list(select.values()) if isinstance(select, dict) else select
    if not isinstance(names, list):
        raise RestError("100", "Invalid value {select} to match with parameter {select}.")
    unknown = next((name for name in names if name != "*" and not re.fullmatch(r"[A-Z][A-Z_]*", str(name))), None)
    if unknown is not None:
        raise RestError(
            "100", f"Unknown field definition `{unknown}` ({unknown}) for \\Bitrix\\Main\\UserField Entity."
        )
    return [str(name) for name in names]


def _selected(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if "*" in names:
        return row
    return {name: value for name, value in row.items() if _column(name) in names}


def _column(name: str) -> str:
    """userTypeId as USER_TYPE_ID."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def _said(asked: Asked, words: str) -> RestError:
    return RestError(asked.state.quirks.plain_code, words)


def _upper(each: Field) -> dict[str, Any]:
    told = _told(each)
    plain = {"ID": told["id"], "ENTITY_ID": each.owner, "FIELD_NAME": each.name, "USER_TYPE_ID": each.user_type}
    flags = {"MULTIPLE": told["multiple"], "MANDATORY": told["mandatory"]}
    return {**plain, "XML_ID": told["xmlId"], "SORT": told["sort"], **flags, "SETTINGS": told["settings"]}


METHODS: dict[str, Method] = {
    "userfieldconfig.add": _add,
    "userfieldconfig.get": _get,
    "userfieldconfig.list": _list,
    "userfieldconfig.gettypes": _get_types,
    "userfieldconfig.delete": _delete,
    **{f"crm.{kind}.userfield.list": _list_of(f"CRM_{kind.upper()}") for kind in (*KINDS, "quote")},
}
