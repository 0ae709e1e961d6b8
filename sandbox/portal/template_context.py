"""What every page shows around its content: the user, the portal, and the opening of the app if
there is one."""

from typing import Any
from urllib.parse import urlsplit

from flask import request

from .choices import Choices
from .credentials import PORTALS, PortalCredentials
from .openings import NotShown, OpeningPlace, open_app
from .portals import SandboxPortals
from .users import USERS


def around(portals: SandboxPortals, place: OpeningPlace | None = None) -> dict[str, Any]:
    """`opening` is None where the portal draws no frame; `why` says the reason in words."""
    choices = Choices.read(request.args)

    def other_portal(portal: PortalCredentials) -> str:
        return portal.origin(portals.port) + "/" + choices.query()

    return {
        "t": choices.words,
        "choices": choices,
        "portal": portals.portal_here(),
        "portals": [(portal, other_portal(portal)) for portal in PORTALS],
        "users": USERS,
        "widget_origin": "{0.scheme}://{0.netloc}".format(urlsplit(portals.widget_url)),
        "place": place,
        **_opening(portals, choices, place),
    }


def uri() -> str:
    return request.full_path.rstrip("?")


def _opening(portals: SandboxPortals, choices: Choices, place: OpeningPlace | None) -> dict[str, Any]:
    if place is None:
        return {"opening": None, "why": ""}
    try:
        opening = open_app(portals, portals.state_here(), choices.user, choices.lang, place)
    except NotShown as nothing:
        return {"opening": None, "why": choices.words[nothing.why]}
    return {"opening": opening, "why": ""}
