"""Who works here: profile, user.*, department.get, access.name.

b24restdocs, api-reference: common/users/*.md, user/user-get.md, departments/department-get.md,
common/system/access-name.md.
"""

from collections.abc import Iterator
from typing import Any

from .asked import Asked, Method, rows_of
from .batch import Answer
from .errors import empty_argument
from .items import MADE
from .state import SandboxPortalState
from .users import DEPARTMENTS, FORMER, USERS, User


def is_active(state: SandboxPortalState, user: User) -> bool:
    return user is not FORMER and user.id not in state.dismissed


def _profile(asked: Asked) -> Answer:
    user = asked.user
    names = {"NAME": user.name, "LAST_NAME": user.last_name}
    rest = {"PERSONAL_GENDER": user.gender, "TIME_ZONE": user.time_zone}
    return Answer({"ID": str(user.id), "ADMIN": user.is_admin, **names, **rest})


def _get(asked: Asked) -> Answer:
    """All users, the dismissed too, unless the filter says otherwise; the scope `user_brief` alone
    shows no addresses."""
    params = asked.upper()
    wanted = {**params, **{str(key).upper(): value for key, value in _map(params.get("FILTER")).items()}}
    people = [*USERS.values(), FORMER]
    if "ACTIVE" in wanted:
        active = wanted["ACTIVE"] in (True, 1, "1", "Y", "y", "true")
        people = [user for user in people if is_active(asked.state, user) is active]
    for name in ("ID", "UF_DEPARTMENT"):
        if name in wanted:
            values = {str(each) for each in rows_of(wanted[name])}
            people = [user for user in people if values & _values(user, name)]
    return Answer([_told(asked.state, user) for user in people], total=len(people))


def _departments(asked: Asked) -> Answer:
    params = asked.upper()
    rows = []
    for number, (name, parent) in DEPARTMENTS.items():
        above = {"PARENT": str(parent)} if parent else {}
        rows.append({"ID": str(number), "NAME": name or asked.state.portal.title, "SORT": 500, **above})
    for name in ("ID", "PARENT", "NAME"):
        if name in params:
            values = {str(each) for each in rows_of(params[name])}
            rows = [row for row in rows if str(row.get(name)) in values]
    return Answer(rows, total=len(rows))


def _access(asked: Asked) -> Answer:
    """Whether the user is in one of the codes; an admin always is."""
    wanted = {str(code) for code in rows_of(asked.upper().get("ACCESS"))}
    if not wanted:
        raise empty_argument("ACCESS")
    return Answer(asked.user.is_admin or bool(wanted & set(_codes_of(asked.user))))


def _access_names(asked: Asked) -> Answer:
    """Codes that mean nothing here are left out."""
    wanted = rows_of(asked.upper().get("ACCESS"))
    named = _code_names(asked.state)
    return Answer({str(code): named[str(code)] for code in wanted if str(code) in named} or [])


def _codes_of(user: User) -> Iterator[str]:
    yield from (f"U{user.id}", "G2", "AU", "UA")
    for number in user.departments:
        yield f"D{number}"
        while number:
            yield f"DR{number}"
            number = DEPARTMENTS[number][1]  # noqa: PLW2901


def _code_names(state: SandboxPortalState) -> dict[str, dict[str, str]]:
    everybody = {"G2": "Все посетители", "AU": "Все авторизованные пользователи", "UA": "Все сотрудники"}
    names = {code: {"provider": "", "name": name, "provider_id": "other"} for code, name in everybody.items()}
    for user in (*USERS.values(), FORMER):
        names[f"U{user.id}"] = {"provider": "", "name": user.full_name, "provider_id": "user"}
    for number, (name, _) in DEPARTMENTS.items():
        title = name or state.portal.title
        names[f"D{number}"] = {"provider": "Отдел", "name": title, "provider_id": "intranet"}
        below = f"{title}: все сотрудники отдела с подотделами"
        names[f"DR{number}"] = {"provider": "Отдел", "name": below, "provider_id": "intranet"}
    return names


def _told(state: SandboxPortalState, user: User) -> dict[str, Any]:
    about = {"ID": str(user.id), "ACTIVE": is_active(state, user), "NAME": user.name, "LAST_NAME": user.last_name}
    if state.has_scope("user") or state.has_scope("user_basic"):
        about |= {"EMAIL": f"{user.role}@example.com", "WORK_PHONE": f"+7 495 123-45-{user.id:02}"}
    seen = {"LAST_LOGIN": MADE, "DATE_REGISTER": MADE, "IS_ONLINE": "Y", "TIME_ZONE": user.time_zone}
    place = {"PERSONAL_GENDER": user.gender, "WORK_POSITION": "", "UF_DEPARTMENT": list(user.departments)}
    return {**about, **seen, **place, "USER_TYPE": "employee"}


def _values(user: User, name: str) -> set[str]:
    return {str(user.id)} if name == "ID" else {str(each) for each in user.departments}


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


METHODS: dict[str, Method] = {
    "profile": _profile,
    "user.admin": lambda asked: Answer(asked.user.is_admin),
    "user.current": lambda asked: Answer(_told(asked.state, asked.user)),
    "user.get": _get,
    "user.access": _access,
    "department.get": _departments,
    "access.name": _access_names,
}
