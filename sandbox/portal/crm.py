"""crm.item.get and crm.item.list with their rights, filters and refusals.

Server module crm, lib/controller/item.php; bitrix24/b24restdocs: crm/universal/crm-item-get.md,
crm-item-list.md.
"""

import re
from typing import Any

from .batch import Answer
from .crm_fields import typed_value
from .errors import RestError
from .filters import ordered, passing
from .items import COMPANY, CONTACT, LEAD, WITH_PHONES, Item, item
from .seed import Crm
from .users import User

PAGE = 50
WITHOUT_A_COLUMN = {"fm", "entityTypeId", "observers"}  # come with an item, but no filter can name them


def get_item(crm: Crm, user: User, params: dict[str, Any]) -> Answer:
    """One item. NOT_FOUND and ACCESS_DENIED are both a 400."""
    entity_type_id, item_id = _number(params, "entityTypeId"), _number(params, "id")
    _refuse_unknown_type(crm, entity_type_id)
    found = crm.get((entity_type_id, item_id))
    if found is None:
        raise RestError("NOT_FOUND", "Элемент не найден")
    if not may_read(user, found):
        raise RestError("ACCESS_DENIED", "Доступ запрещен")
    return Answer({"item": found})


def list_items(crm: Crm, user: User, params: dict[str, Any]) -> Answer:
    """The items that pass the filter and that the user may read: hidden ones are left out without a
    word.

    By id unless `order` says otherwise, 50 at a time. `start=-1` counts nothing: total 0 and no
    `next`.
    """
    entity_type_id = _number(params, "entityTypeId")
    _refuse_unknown_type(crm, entity_type_id)
    items = [item for (of_type, _), item in crm.items() if of_type == entity_type_id]
    columns = {"id"}.union(*items) - WITHOUT_A_COLUMN
    items = passing(items, columns, params.get("filter"))
    items = [item for item in ordered(items, columns, params.get("order")) if may_read(user, item)]
    start = _start(params)
    shown = [_selected(item, params.get("select")) for item in items[max(start, 0) : max(start, 0) + PAGE]]
    if start < 0:
        return Answer({"items": shown}, total=0)
    following = start + PAGE if len(items) > start + PAGE else None
    return Answer({"items": shown}, total=len(items), next=following)


def find_duplicates(crm: Crm, user: User, params: dict[str, Any]) -> Answer:
    """crm.duplicate.findbycomm: whom the CRM has with one of these phones, by kind.

    b24restdocs: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md.
    """
    if params.get("type") not in ("PHONE", "EMAIL"):
        raise RestError("Communication type is not defined", "Parameter 'type' is required.")
    values = {_compared(str(value)) for value in params.get("values") or []} - {""}
    found: dict[str, list[int]] = {}
    for name, kind in (("LEAD", LEAD), ("CONTACT", CONTACT), ("COMPANY", COMPANY)):
        ids = [
            each["id"]
            for (of_type, _), each in crm.items()
            if of_type == kind
            and params.get("entity_type") in (None, "", name)
            and may_read(user, each)
            and values & {_compared(one["value"]) for one in each["fm"] if one["typeId"] == params["type"]}
        ]
        if ids:
            found[name] = ids
    return Answer(found or [])


def add_item(crm: Crm, user: User, params: dict[str, Any]) -> Answer:
    """crm.item.add, of what has phones of its own."""
    entity_type_id, fields = _number(params, "entityTypeId"), params.get("fields")
    _refuse_unknown_type(crm, entity_type_id)
    if not isinstance(fields, dict):
        raise RestError("100", "Could not find value for parameter {fields}")
    item_id = 1 + max((item_id for kind, item_id in crm if kind == entity_type_id), default=0)
    made = item(entity_type_id, item_id, **{"name": "", "lastName": "", "title": "", "fm": [], **fields})
    made["createdBy"] = user.id
    crm[(entity_type_id, item_id)] = made
    return Answer({"item": made})


def update_item(crm: Crm, user: User, params: dict[str, Any], custom: dict[str, str]) -> Answer:
    """crm.item.update: fields by name; what is given of `fm` without an id comes besides. A custom
    field that the portal does not have (`custom` has their types) is passed over without a word,
    and a value of another type empties the field."""
    entity_type_id, item_id = _number(params, "entityTypeId"), _number(params, "id")
    found, fields = crm.get((entity_type_id, item_id)), params.get("fields")
    if found is None:
        raise RestError("NOT_FOUND", "Элемент не найден")
    if not may_read(user, found) or (entity_type_id == CONTACT and item_id in user.locked):
        raise RestError("ACCESS_DENIED", "Доступ запрещен")
    if not isinstance(fields, dict):
        raise RestError("100", "Could not find value for parameter {fields}")
    more = [{"id": item_id * 100 + n, **each} for n, each in enumerate(fields.get("fm", []))]
    for name, value in fields.items():
        if name.startswith("ufCrm") and name in custom:
            found[name] = typed_value(custom[name], value)
        elif name != "fm" and not name.startswith("ufCrm"):
            found[name] = value
    found["fm"] = [*found.get("fm", []), *more]
    return Answer({"item": found})


def _compared(phone: str) -> str:
    """A phone as the search compares it: not by its last digits, so one that was typed without its
    country is another number. `NormalizePhone` of the module main
    (bitrix/modules/main/tools.php)."""
    text = "00" + phone[1:] if phone.startswith("+8") else phone
    digits = "".join(filter(str.isdigit, text))
    if len(digits) < 10 or digits.startswith(("80", "81", "82")):
        return digits
    for prefix, plain in (("00", ""), ("011", ""), ("8", "7"), ("0", "")):
        if digits.startswith(prefix):
            return plain + digits.removeprefix(prefix)
    return digits


def may_read(user: User, item: Item) -> bool:
    return not (item["entityTypeId"] == CONTACT and item["id"] in user.hidden)


def _selected(item: Item, select: Any) -> Item:
    """Without `select` and with `*` everything; by name everything but `fm`, which has no name to
    select."""
    names = list(select.values()) if isinstance(select, dict) else select
    if not isinstance(names, list) or not names or "*" in names:
        return item
    return {name: value for name, value in item.items() if name in names and name != "fm"}


def _start(params: dict[str, Any]) -> int:
    try:
        return int(params.get("start", 0))
    except (TypeError, ValueError):
        return 0


def _number(params: dict[str, Any], name: str) -> int:
    if name not in params:
        raise RestError("100", f"Could not find value for parameter {{{name}}}")
    value = params[name]
    if isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?\d+", value)):
        return int(value)
    wrong = f"Invalid value {{{value}}} to match with parameter {{{name}}}"
    raise RestError("100", f"{wrong}. Should be value of type int.")


def _refuse_unknown_type(crm: Crm, entity_type_id: int) -> None:
    if entity_type_id not in WITH_PHONES and all(of_type != entity_type_id for of_type, _ in crm):
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
