"""userfieldtype.add, update, list, delete: b24restdocs, api-reference/widgets/user-field/*.md."""

import re
from typing import Any

from .asked import Asked, Method, address_of, text_of
from .batch import Answer
from .errors import RestError
from .state import USUAL_HEIGHT, FieldType

MAX_CODE = 50


def _add(asked: Asked) -> Answer:
    asked.need_admin()
    params = asked.upper()
    made = _changed(FieldType(text_of(params, "USER_TYPE_ID"), address_of(params)), params)
    if not re.fullmatch("[a-z0-9_]+", made.type_id) or len(made.code) > MAX_CODE:
        raise RestError("ERROR_ARGUMENT", "Wrong USER_TYPE_ID")
    # The id is unique over all applications of a portal, the address within one (server module
    # rest, placement.php).
    if made.type_id in asked.state.foreign_types or any(
        each.type_id == made.type_id or each.handler == made.handler for each in asked.state.field_types
    ):
        raise RestError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    asked.state.field_types.append(made)
    return Answer(True)


def _update(asked: Asked) -> Answer:
    asked.need_admin()
    params = asked.upper()
    found = _find(asked, params)
    if "HANDLER" in params:
        found.handler = address_of(params)
    _changed(found, params)
    return Answer(True)


def _delete(asked: Asked) -> Answer:
    asked.need_admin()
    asked.state.field_types.remove(_find(asked, asked.upper()))
    return Answer(True)


def _list(asked: Asked) -> Answer:
    asked.need_admin()
    rows = [
        {"USER_TYPE_ID": each.type_id, "HANDLER": each.handler, "TITLE": each.title, "DESCRIPTION": each.description}
        for each in asked.state.field_types
    ]
    return Answer(rows, total=len(rows))


def _find(asked: Asked, params: dict[str, Any]) -> FieldType:
    type_id = text_of(params, "USER_TYPE_ID")
    found = next((each for each in asked.state.field_types if each.type_id == type_id), None)
    if found is None:
        raise RestError("ERROR_NOT_FOUND", "User Field Type not found")
    return found


def _changed(each: FieldType, params: dict[str, Any]) -> FieldType:
    each.title = str(params.get("TITLE") or each.title)
    each.description = str(params.get("DESCRIPTION") or each.description)
    options = params.get("OPTIONS")
    if isinstance(options, dict) and "height" in options:
        each.height = int(options["height"]) if str(options["height"]).isdigit() else USUAL_HEIGHT
    return each


METHODS: dict[str, Method] = {
    "userfieldtype.add": _add,
    "userfieldtype.update": _update,
    "userfieldtype.list": _list,
    "userfieldtype.delete": _delete,
}
