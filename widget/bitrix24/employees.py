"""Employees of a portal, and notices to them. b24restdocs: api-reference/user/user-get.md,
chats/notifications/*.md."""

from collections.abc import Collection, Mapping
from typing import Any

from widget.bitrix24.rest import Rest
from widget.storage.portals import Portal
from widget.storage.staff import Employee
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

READS_USERS = frozenset({"user", "user_basic", "user_brief"})  # any of these scopes will do
NOTIFIES = "im"
PHONES = ("WORK_PHONE", "PERSONAL_MOBILE", "PERSONAL_PHONE")
MAX_EMPLOYEES = 50  # of one answer


def read_employees(rest: Rest, portal: Portal, user_id: int, ids: Collection[int]) -> list[Employee]:
    """At most 50 employees, the dismissed too. One outside call. Raises Refused."""
    answer = rest.call(portal, user_id, "user.get", {"FILTER": {"ID": sorted(ids)[:MAX_EMPLOYEES]}})
    found = [as_dict(row) for row in as_rows(answer)]
    return [
        Employee(as_positive_int(row.get("ID")), name_of(row), active=row.get("ACTIVE") in (True, "Y", "true", "1"))
        for row in found
        if as_positive_int(row.get("ID"))
    ]


def read_colleague(rest: Rest, portal: Portal, user_id: int, colleague: int) -> tuple[str, list[str]]:
    """The name and the phones of an employee, those for work first, as far as the scopes show them:
    `user_brief` alone shows none. One outside call. Raises Refused."""
    answer = rest.call(portal, user_id, "user.get", {"FILTER": {"ID": [colleague]}})
    row = as_dict(next(iter(as_rows(answer)), None))
    return name_of(row), [phone for field in PHONES if (phone := as_str(row.get(field), 64))]


def notify(rest: Rest, portal: Portal, user_id: int, to: int, message: str, tag: str) -> None:
    """Tell an employee something in the application's name; a notice of the same tag is replaced.
    One outside call. Raises Refused."""
    rest.call(portal, user_id, "im.notify.system.add", {"USER_ID": to, "MESSAGE": message, "TAG": tag})


def take_back(rest: Rest, portal: Portal, user_id: int, tag: str) -> None:
    """Remove the notices of this tag, read or not. One outside call. Raises Refused."""
    rest.call(portal, user_id, "im.notify.delete", {"TAG": tag})


def name_of(row: Mapping[str, Any]) -> str:
    """The employee's name in a row of user.get, "" where it has none (pure)."""
    return " ".join(str(row[part]).strip() for part in ("NAME", "LAST_NAME") if row.get(part))[:200]
