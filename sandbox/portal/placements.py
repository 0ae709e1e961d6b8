"""placement.list, get, bind, unbind: server module rest, lib/api/placement.php; b24restdocs:
api-reference/widgets."""

from typing import Any

from .asked import Asked, Method, address_of, text_of
from .batch import Answer
from .cards import kind_name
from .errors import RestError
from .state import TITLE, BoundPlacement, SandboxPortalState

_OF_CARDS = ("DETAIL_TAB", "DETAIL_ACTIVITY", "DETAIL_TOOLBAR", "ACTIVITY_TIMELINE_MENU", "LIST_MENU", "LIST_TOOLBAR")
_OF_SCOPES = {
    "_global": ("LEFT_MENU", "REST_APP_URI", "PAGE_BACKGROUND_WORKER", "USER_PROFILE_MENU", "USER_PROFILE_TOOLBAR"),
    "im": ("IM_CONTEXT_MENU", "IM_NAVIGATION", "IM_SIDEBAR", "IM_TEXTAREA"),
    "contact_center": ("CONTACT_CENTER",),
}
LANGUAGE = "ru"  # the portal's first one: a bare TITLE is kept under it


def available(state: SandboxPortalState, scopes: list[str]) -> list[str]:
    """The codes of some scopes; each smart process has its own."""
    codes = [f"CRM_{kind_name(kind)}_{place}" for place in _OF_CARDS for kind in state.owners()]
    of_scopes = {"crm": codes, **_OF_SCOPES}
    return [code for scope in scopes for code in of_scopes.get(scope, ())]


def _list(asked: Asked) -> Answer:
    params = asked.upper()
    if params.get("SCOPE"):
        return Answer(available(asked.state, [str(params["SCOPE"])]))
    return Answer(available(asked.state, _granted(asked)))


def _get(asked: Asked) -> Answer:
    asked.need_admin()
    return Answer([_told(each) for each in asked.state.placements])


def _bind(asked: Asked) -> Answer:
    asked.need_admin()
    params = asked.upper()
    code, handler = text_of(params, "PLACEMENT").upper(), address_of(params)
    if code not in available(asked.state, _granted(asked)):
        raise RestError("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    if any(each.handler == handler for each in asked.state.bound(code)):
        raise RestError("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    languages = _languages(params)
    first = languages.get(LANGUAGE) or next(iter(languages.values()), {})
    made = BoundPlacement(code, handler, first.get("TITLE") or TITLE, first.get("DESCRIPTION", ""), languages)
    asked.state.placements.append(made)
    return Answer(True)


def _unbind(asked: Asked) -> Answer:
    asked.need_admin()
    params = asked.upper()
    code, handler = text_of(params, "PLACEMENT").upper(), params.get("HANDLER")
    gone = [each for each in asked.state.bound(code) if handler in (None, "", each.handler)]
    asked.state.placements = [each for each in asked.state.placements if each not in gone]
    return Answer({"count": len(gone)})


def _granted(asked: Asked) -> list[str]:
    return [*asked.state.scopes.split(","), "_global"]


def _languages(params: dict[str, Any]) -> dict[str, dict[str, str]]:
    """LANG_ALL wins over TITLE, DESCRIPTION and GROUP_NAME."""
    names = ("TITLE", "DESCRIPTION", "GROUP_NAME")
    given = params.get("LANG_ALL")
    if not isinstance(given, dict) or not given:
        given = {LANGUAGE: params} if params.get("TITLE") else {}
    return {
        language: {name: str(texts.get(name) or "").strip() for name in names}
        for language, texts in given.items()
        if isinstance(texts, dict)
    }


def _told(each: BoundPlacement) -> dict[str, Any]:
    """A tab keeps no OPTIONS, so there are none here; an empty map of PHP is a list."""
    texts: dict[str, Any] = {"title": each.title, "description": each.description, "langAll": each.languages or []}
    return {"placement": each.code, "userId": 0, "handler": each.handler, "options": [], **texts}


METHODS: dict[str, Method] = {
    "placement.list": _list,
    "placement.get": _get,
    "placement.bind": _bind,
    "placement.unbind": _unbind,
}
