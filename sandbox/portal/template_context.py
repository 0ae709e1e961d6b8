"""What every page shows around its content: the user, the portal, and the opening of the app if there is one."""

from typing import Any
from urllib.parse import urlsplit

from flask import request

from .choices import Choices
from .credentials import PORTALS, PortalCredentials
from .openings import NotShown, OpeningPlace, open_app
from .users import USERS
from .world import PortalWorld


def around(world: PortalWorld, place: OpeningPlace | None = None) -> dict[str, Any]:
    """`opening` is None where the portal draws no frame; `why` says the reason in words."""
    choices = Choices.read(request.args)

    def other_portal(portal: PortalCredentials) -> str:
        return portal.origin(world.port) + "/" + choices.query()

    return {
        "t": choices.words,
        "choices": choices,
        "portal": world.portal_here(),
        "portals": [(portal, other_portal(portal)) for portal in PORTALS],
        "users": USERS,
        "widget_origin": "{0.scheme}://{0.netloc}".format(urlsplit(world.widget_url)),
        "place": place,
        **_opening(world, choices, place),
    }


def uri() -> str:
    return request.full_path.rstrip("?")


def _opening(world: PortalWorld, choices: Choices, place: OpeningPlace | None) -> dict[str, Any]:
    if place is None:
        return {"opening": None, "why": ""}
    try:
        opening = open_app(world, world.state_here(), choices.user, choices.lang, place)
    except NotShown as nothing:
        return {"opening": None, "why": choices.words[nothing.why]}
    return {"opening": opening, "why": ""}
