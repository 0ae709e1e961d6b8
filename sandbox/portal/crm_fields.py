"""The fields of a kind of card: crm.item.fields, and what a custom field makes of a value.

b24restdocs: api-reference/crm/universal/crm-item-fields.md, crm-item-update.md. Custom fields are
named in camel case, with the line before a number kept: UF_CRM_1721244707107 is
ufCrm_1721244707107.
"""

from datetime import datetime
from typing import Any

from .asked import Asked
from .batch import Answer
from .errors import RestError
from .state import SandboxPortalState

_PLAIN = {"id": ("integer", True), "title": ("string", False), "assignedById": ("user", False)}


def fields_of(asked: Asked) -> Answer:
    kind = int(asked.params.get("entityTypeId") or 0)
    owner = asked.state.owners().get(kind)
    if owner is None:
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
    plain = {name: _told(name.upper(), of_type, read_only=fixed) for name, (of_type, fixed) in _PLAIN.items()}
    custom = {
        camel(each.name): _told(
            each.name,
            each.user_type,
            multiple=each.settings.get("multiple") == "Y",
            custom=True,
            title=(each.settings.get("editFormLabel") or {}).get("ru") or each.name,
        )
        for each in asked.state.fields
        if each.owner == owner
    }
    return Answer({"fields": {**plain, **custom}})


def own_fields(state: SandboxPortalState, kind: int) -> dict[str, str]:
    """The types of the custom fields by their names in items."""
    owner = state.owners().get(kind)
    return {camel(each.name): each.user_type for each in state.fields if each.owner == owner}


def camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(f"_{part}" if part.isdigit() and len(part) > 3 else part.capitalize() for part in rest)


def typed_value(of_type: str, value: Any) -> Any:
    if of_type == "datetime":
        try:
            return datetime.fromisoformat(str(value)).isoformat() if value else None
        except ValueError:
            return None
    if of_type == "boolean":
        return "Y" if value in (True, "Y", "1", 1) else "N"
    if of_type == "employee":
        return int(value) if str(value).isdigit() and int(value) else None
    return value


def _told(
    upper: str, of_type: str, *, read_only: bool = False, multiple: bool = False, custom: bool = False, title: str = ""
) -> dict[str, Any]:
    flags = {"isRequired": False, "isReadOnly": read_only, "isImmutable": False, "isMultiple": multiple}
    return {"type": of_type, **flags, "isDynamic": custom, "title": title or upper, "upperName": upper}
