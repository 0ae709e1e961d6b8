"""The pages a person looks at: the index, the cards, the app's own page; and what their scripts ask
for."""

import json
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from .arrangement import arranged_with, with_field
from .cards import KINDS, PortalCard
from .choices import Choices
from .clients import name_of, people_of
from .credentials import PORTALS
from .crm import may_read
from .demo_cards import shown_in
from .events import card_changed
from .lifecycle import finish_install
from .openings import NotShown, OpeningPlace, open_app, tokens_of
from .portals import SandboxPortals
from .staff import is_active
from .state import Field, SandboxPortalState
from .template_context import around, uri
from .users import DEPARTMENTS, USERS

APP_PAGES = ("/app/", "/market/", "/marketplace/app/")


def card_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.before_app_request
    def go_to_the_portal_asked_for() -> ResponseReturnValue | None:
        """`?portal=2` leads to the other port, because a portal is known by its host."""
        wanted = request.args.get("portal", "")
        if request.blueprint not in ("pages", "market") or wanted not in ("1", "2"):
            return None
        if int(wanted) == portals.portal_here().number:
            return None
        rest = urlencode([(name, value) for name, value in request.args.items() if name != "portal"])
        address = PORTALS[int(wanted) - 1].origin(portals.port) + request.path
        return redirect(f"{address}?{rest}" if rest else address, 307)

    @pages.get("/")
    def index() -> str:
        state = portals.state_here()
        return render_template("index.html", **around(portals), state=state, cards=shown_in(state))

    @pages.get("/app/")
    def app_page() -> str:
        return _page(portals, OpeningPlace(uri=uri()))

    @pages.get("/contact_center/connector/")
    def connector() -> str:
        """What an administrator opens of a line in the contact centre."""
        return _page(portals, OpeningPlace(uri=uri(), setting=_setting()))

    @pages.get("/marketplace/app/<int:_app_id>/")
    def app_in_a_slider(_app_id: int) -> str:
        """What openApplication opens: the app's own page, which is told what the frame gave."""
        return _page(portals, OpeningPlace(given=_given()))

    @pages.get("/crm/<any(lead, deal, contact, company):kind>/details/<int:item_id>/")
    def named(kind: str, item_id: int) -> str:
        return _page(portals, _place(portals, PortalCard(KINDS[kind], item_id)))

    @pages.get("/crm/type/<int:entity_type_id>/details/<int:item_id>/")
    def typed(entity_type_id: int, item_id: int) -> str:
        return _page(portals, _place(portals, PortalCard(entity_type_id, item_id)))

    @pages.post("/opening")
    def new_opening() -> ResponseReturnValue:
        """A fresh opening of the page whose path is given, as JSON; tests without a browser use it
        too."""
        path = request.args.get("path", "")
        if path.startswith("/contact_center/connector/"):
            place = OpeningPlace(setting=_setting())
        else:
            card = _card_at(path)
            place = _place(portals, card) if card else OpeningPlace(given=_given())
        choices = Choices.read(request.args)
        try:
            return jsonify(open_app(portals, portals.state_here(), choices.user, choices.lang, place))
        except NotShown as nothing:
            return jsonify(why=nothing.why), 404

    @pages.get("/access-codes")
    def access_codes() -> ResponseReturnValue:
        """What the dialog of selectAccess offers: the company's people and departments."""
        people = [{"id": f"U{user.id}", "name": user.full_name} for user in USERS.values()]
        return jsonify(
            people + [{"id": f"DR{number}", "name": name} for number, (name, _) in DEPARTMENTS.items() if name]
        )

    @pages.get("/api/v1/")
    def client_script() -> Response:
        """The library that a framed page loads from api.bitrix24.com in the real portals."""
        return current_app.send_static_file("bx24.js")

    _calls_of_a_page(pages, portals)
    return pages


def _calls_of_a_page(pages: Blueprint, portals: SandboxPortals) -> None:
    """What the script of a card's page asks of its portal."""

    @pages.post("/refresh-auth")
    def refresh_auth() -> ResponseReturnValue:
        """New tokens for the user who looks at the page: the portal has their session, the frame
        only asks."""
        user = Choices.read(request.args).user
        if portals.state_here().quirks.silent_auth:
            return jsonify(None)  # the page then answers the frame nothing at all
        if not is_active(portals.state_here(), user) or not portals.state_here().present:
            abort(403)
        return jsonify(tokens_of(portals, portals.tokens.issue(portals.portal_here(), user)))

    @pages.post("/install-finish")
    def install_finish() -> ResponseReturnValue:
        """What the page does on the frame's setInstallFinish; nothing when all is finished
        already."""
        user = Choices.read(request.args).user
        if not user.is_admin:
            return jsonify(finished=False, why="only an administrator finishes an installation"), 403
        if not finish_install(portals, portals.state_here(), user):
            return jsonify(finished=False, why="nothing to finish")
        return jsonify(finished=True)

    @pages.post("/changed")
    def changed() -> ResponseReturnValue:
        """The card at this path was saved. Answers how many handlers were told."""
        card = _card_at(request.args.get("path", "")) or abort(404)
        user = Choices.read(request.args).user
        return jsonify(handlers=card_changed(portals, portals.state_here(), card.entity_type_id, card.item_id, user))

    @pages.post("/layout")
    def add_to_layout() -> ResponseReturnValue:
        """An admin's two buttons on a card that does not show its field: to add it to the card,
        which shows it while it is edited, and («always») the gear's «Show always». Either arranges
        a card that was never arranged."""
        card = _card_at(request.args.get("path", "")) or abort(404)
        choices, state = Choices.read(request.args), portals.state_here()
        found, _of_type = state.field_of(card.entity_type_id) or abort(404)
        if not choices.user.is_admin:
            abort(403)
        layout = state.layouts.get((found.owner, state.variant_of(card))) or arranged_with({})
        shown = with_field(layout, found.name, always="always" in request.form)
        state.layouts[found.owner, state.variant_of(card)] = shown
        return redirect(card.path + choices.query(embed="field"), 303)


def _page(portals: SandboxPortals, place: OpeningPlace) -> str:
    choices, state = Choices.read(request.args), portals.state_here()
    item = state.item(place.card) if place.card else None
    found = state.field_of(place.card.entity_type_id) if place.card else None
    return render_template(
        "card.html",
        **around(portals, place),
        item=item,
        title=name_of(item) if item and may_read(choices.user, item) else "",
        people=people_of(state, choices.user, item) if item else [],
        tabs=[each.title for each in state.bound(place.card.placement)] if place.card and state.present else [],
        arrange=_arrange(state, found[0], place.card) if found and place.card and choices.user.is_admin else "",
    )


def _arrange(state: SandboxPortalState, found: Field, card: PortalCard) -> str:
    """What an admin can still do so that the card shows the field."""
    variant = state.variant_of(card)
    if not state.in_layout(found, variant):
        return "add"
    return "" if state.always_shown(found, variant) else "always"


def _place(portals: SandboxPortals, card: PortalCard) -> OpeningPlace:
    choices = Choices.read(request.args)
    if not portals.state_here().has_card(card):
        abort(404)
    return OpeningPlace(card, as_field=choices.embed == "field", mode=choices.mode, uri=uri())


def _setting() -> tuple[str, int]:
    return request.args.get("ID", ""), request.args.get("LINE", 0, int)


def _given() -> dict[str, str]:
    """The parameters of openApplication. The page posts them as a form, so that each one is a
    text."""
    try:
        given = json.loads(request.args.get("params", ""))
    except ValueError:
        given = None
    if not isinstance(given, dict):
        return {}
    return {name: each if isinstance(each, str) else json.dumps(each) for name, each in given.items()}


def _card_at(path: str) -> PortalCard | None:
    """The card at a path of this portal; None is the app's own page."""
    card = PortalCard.at(path)
    if card is None and not f"/{path.strip('/')}/".startswith(APP_PAGES):
        abort(404)
    return card
