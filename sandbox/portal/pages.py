"""The pages a person looks at: the index, the cards, the app's own page; and what their scripts ask for."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from .cards import KINDS, Card
from .choices import Choices
from .clients import name_of, people_of
from .credentials import PORTALS, PortalCredentials
from .crm import may_read
from .openings import Place, open_app, tokens_of
from .shown import SHOWN
from .users import USERS
from .words import WORDS
from .world import World


def card_pages(world: World) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.before_request
    def go_to_the_portal_asked_for() -> ResponseReturnValue | None:
        """`?portal=2` leads to the other port, because a portal is known by its host."""
        wanted = request.args.get("portal", "")
        here = world.portal_here()
        if wanted not in ("1", "2") or int(wanted) == here.number:
            return None
        rest = urlencode([(name, value) for name, value in request.args.items() if name != "portal"])
        address = PORTALS[int(wanted) - 1].origin(world.port) + request.path
        return redirect(f"{address}?{rest}" if rest else address, 307)

    @pages.get("/")
    def index() -> str:
        return render_template("index.html", **_frame_of_page(world), cards=SHOWN[world.portal_here().number])

    @pages.get("/app/")
    def app_page() -> str:
        return _page(world, Place(uri=_uri()))

    @pages.get("/crm/<any(lead, deal, contact, company):kind>/details/<int:item_id>/")
    def named(kind: str, item_id: int) -> str:
        return _page(world, _place(world, Card(KINDS[kind], item_id)))

    @pages.get("/crm/type/<int:entity_type_id>/details/<int:item_id>/")
    def typed(entity_type_id: int, item_id: int) -> str:
        return _page(world, _place(world, Card(entity_type_id, item_id)))

    @pages.post("/opening")
    def new_opening() -> ResponseReturnValue:
        """A fresh opening of the page whose path is given, as JSON; tests without a browser use it too."""
        card = _card_at(request.args.get("path", ""))
        place = _place(world, card) if card else Place()
        return jsonify(_open(world, place))

    @pages.post("/refresh-auth")
    def refresh_auth() -> ResponseReturnValue:
        """New tokens for whoever looks at the page: the portal has a session, the frame only asks."""
        return jsonify(tokens_of(world, world.tokens.issue(world.portal_here(), Choices.read(request.args).user)))

    @pages.get("/api/v1/")
    def client_script() -> Response:
        """The library that a framed page loads from api.bitrix24.com in the real world."""
        return current_app.send_static_file("bx24.js")

    return pages


def _page(world: World, place: Place) -> str:
    choices = Choices.read(request.args)
    portal = world.portal_here()
    item = place.card.item(portal.number) if place.card else None
    return render_template(
        "card.html",
        **_frame_of_page(world),
        place=place,
        item=item,
        title=name_of(item) if item and may_read(choices.user, item) else "",
        people=people_of(portal.number, choices.user, item) if item else [],
        opening=_open(world, place),
    )


def _open(world: World, place: Place) -> dict[str, Any]:
    choices = Choices.read(request.args)
    return open_app(world, world.portal_here(), choices.user, choices.lang, place)


def _place(world: World, card: Card) -> Place:
    choices = Choices.read(request.args)
    if not card.exists(world.portal_here().number):
        abort(404)
    return Place(card, as_field=choices.embed == "field", mode=choices.mode, uri=_uri())


def _uri() -> str:
    return request.full_path.rstrip("?")


def _card_at(path: str) -> Card | None:
    """The card at a path of this portal; None is the app's own page."""
    parts = path.strip("/").split("/")
    match parts:
        case ["crm", "type", entity_type_id, "details", item_id] if entity_type_id.isdigit() and item_id.isdigit():
            return Card(int(entity_type_id), int(item_id))
        case ["crm", kind, "details", item_id] if kind in KINDS and item_id.isdigit():
            return Card(KINDS[kind], int(item_id))
        case ["app"]:
            return None
    return abort(404)


def _frame_of_page(world: World) -> dict[str, Any]:
    """What every page shows around its content."""
    choices = Choices.read(request.args)

    def other_portal(portal: PortalCredentials) -> str:
        return portal.origin(world.port) + "/" + choices.query()

    return {
        "t": WORDS[choices.lang],
        "choices": choices,
        "portal": world.portal_here(),
        "portals": [(portal, other_portal(portal)) for portal in PORTALS],
        "users": USERS,
        "widget_origin": "{0.scheme}://{0.netloc}".format(urlsplit(world.widget_url)),
    }
