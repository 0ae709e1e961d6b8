"""The methods of the portal's REST, each by its name."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .batch import Answer
from .crm import get_item, list_items
from .errors import known
from .items import MADE, SMART_PROCESS
from .seed import SEED
from .tokens import Grant

Method = Callable[[Grant, dict[str, Any]], Answer]
SMART_PROCESS_ROW = 7  # the id of the type's own row, which is not its entityTypeId


def call_method(grant: Grant, name: str, params: dict[str, Any]) -> Answer:
    """Run one method with the rights of the token's user; raises RestError."""
    method = METHODS.get(name.lower())
    if method is None:
        raise known("ERROR_METHOD_NOT_FOUND")
    return method(grant, params)


def _profile(grant: Grant, params: dict[str, Any]) -> Answer:
    user = grant.user
    names = {"NAME": user.name, "LAST_NAME": user.last_name}
    rest = {"PERSONAL_GENDER": user.gender, "TIME_ZONE": user.time_zone}
    return Answer({"ID": str(user.id), "ADMIN": user.is_admin, **names, **rest})


def _current_user(grant: Grant, params: dict[str, Any]) -> Answer:
    user = grant.user
    about = {"ID": str(user.id), "ACTIVE": True, "NAME": user.name, "LAST_NAME": user.last_name}
    seen = {"LAST_LOGIN": MADE, "DATE_REGISTER": MADE, "IS_ONLINE": "Y", "TIME_ZONE": user.time_zone}
    return Answer({**about, "EMAIL": f"{user.role}@example.com", **seen, "UF_DEPARTMENT": [1]})


def _application(grant: Grant, params: dict[str, Any]) -> Answer:
    licence = {"LICENSE": "ru_pro100", "LICENSE_TYPE": "pro100", "LICENSE_FAMILY": "pro"}
    status = {"STATUS": "L", "INSTALLED": True, "PAYMENT_EXPIRED": "N", "DAYS": None, "LANGUAGE_ID": "ru"}
    return Answer({"ID": 1, "CODE": "sandbox.whatsapp", "VERSION": 1, **status, **licence})


def _types(grant: Grant, params: dict[str, Any]) -> Answer:
    row = {"id": SMART_PROCESS_ROW, "title": "Монтаж", "code": "", "entityTypeId": SMART_PROCESS}
    return Answer({"types": [{**row, "isClientEnabled": "Y", "isMycompanyEnabled": "N", "createdBy": 1}]}, total=1)


def _describe(grant: Grant, params: dict[str, Any]) -> Answer:
    there = str(params.get("name", "")).lower() in (*METHODS, "batch")
    return Answer({"isExisting": there, "isAvailable": there})


def _crm_item_get(grant: Grant, params: dict[str, Any]) -> Answer:
    return get_item(SEED[grant.portal.number], grant.user, params)


def _crm_item_list(grant: Grant, params: dict[str, Any]) -> Answer:
    return list_items(SEED[grant.portal.number], grant.user, params)


METHODS: dict[str, Method] = {
    "profile": _profile,
    "user.admin": lambda grant, params: Answer(grant.user.is_admin),
    "user.current": _current_user,
    "app.info": _application,
    "server.time": lambda grant, params: Answer(datetime.now(UTC).isoformat(timespec="seconds")),
    "method.get": _describe,
    "crm.item.get": _crm_item_get,
    "crm.item.list": _crm_item_list,
    "crm.type.list": _types,
}
