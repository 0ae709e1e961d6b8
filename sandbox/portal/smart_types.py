"""Smart processes: crm.type.list and crm.type.get (b24restdocs:
crm/universal/user-defined-object-types/*.md)."""

from typing import Any

from .asked import Asked, Method
from .batch import Answer
from .errors import RestError
from .items import MADE
from .state import SmartType

_OFF = (
    *("isCategoriesEnabled", "isBeginCloseDatesEnabled", "isLinkWithProductsEnabled", "isMycompanyEnabled"),
    *("isDocumentsEnabled", "isSourceEnabled", "isObserversEnabled", "isRecyclebinEnabled", "isAutomationEnabled"),
    *("isBizProcEnabled", "isSetOpenPermissions", "isPaymentsEnabled", "isCountersEnabled"),
)
PAGE = 50


def _list(asked: Asked) -> Answer:
    rows = [_told(each) for each in asked.state.types]
    wanted = asked.params.get("filter")
    for name, value in wanted.items() if isinstance(wanted, dict) else ():
        rows = [row for row in rows if str(row.get(name.lstrip("=@"))) == str(value)]
    start = int(asked.params.get("start") or 0)
    more = start + PAGE if start >= 0 and len(rows) > start + PAGE else None
    shown = rows[max(start, 0) : max(start, 0) + PAGE]
    return Answer({"types": shown}, total=0 if start < 0 else len(rows), next=more)


def _get(asked: Asked) -> Answer:
    """By the row of the type, which is all that an event tells."""
    return _one(asked, "id", "id")


def _get_by_type(asked: Asked) -> Answer:
    return _one(asked, "entityTypeId", "entityTypeId")


def _one(asked: Asked, parameter: str, key: str) -> Answer:
    rows = [_told(each) for each in asked.state.types]
    found = next((row for row in rows if str(row[key]) == str(asked.params.get(parameter))), None)
    if found is None:
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
    return Answer({"type": found})


def _told(each: SmartType) -> dict[str, Any]:
    switches = {"isClientEnabled": "Y" if each.has_clients else "N", "isStagesEnabled": "Y"}
    about = {"id": each.row_id, "title": each.title, "code": "", "createdBy": 1, "entityTypeId": each.entity_type_id}
    usual = {"customSectionId": None, "isUseInUserfieldEnabled": "Y", **dict.fromkeys(_OFF, "N")}
    return {**about, **usual, **switches, "createdTime": MADE, "updatedTime": MADE, "updatedBy": 1}


METHODS: dict[str, Method] = {
    "crm.type.list": _list,
    "crm.type.get": _get,
    "crm.type.getbyentitytypeid": _get_by_type,
}
