"""What a page's dialogs and sliders ask: colleagues, items of the CRM, a profile; and what the
frame sets as options.

b24restdocs: sdk/bx24-js-sdk/system-dialogues/*.md and options/*.md; the forms of a choice also in
bitrix24/b24jssdk, packages/jssdk/src/frame/dialog.ts.
"""

from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from .cards import KINDS, PortalCard
from .choices import Choices
from .clients import name_of
from .crm import may_read
from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, Item
from .portals import SandboxPortals
from .template_context import around
from .users import USERS

PREFIXES = {LEAD: "L", CONTACT: "C", COMPANY: "CO", DEAL: "D", QUOTE: "Q"}


def company_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("company", __name__)

    @pages.get("/company/personal/user/<int:user_id>/")
    def profile(user_id: int) -> str:
        person = next((user for user in USERS.values() if user.id == user_id), None) or abort(404)
        return render_template("profile.html", **around(portals), person=person)

    @pages.get("/colleagues")
    def colleagues() -> ResponseReturnValue:
        """For selectUser. `sub` and `sup` mark a subordinate and a chief of the user who looks."""
        return jsonify([
            {
                "id": str(user.id),
                "name": user.full_name,
                "photo": "",
                "position": "",
                "url": f"/company/personal/user/{user.id}/",
                "sub": False,
                "sup": False,
            }
            for user in USERS.values()
        ])  # fmt: skip

    @pages.get("/crm-items")
    def crm_items() -> ResponseReturnValue:
        """For selectCRM: `?types=contact,company`; those that the user may read."""
        asked = request.args.get("types", "").split(",")
        user = Choices.read(request.args).user
        kinds = {of_type: kind for kind, of_type in {**KINDS, "quote": QUOTE}.items() if kind in asked}
        items = [item for (of_type, _), item in portals.state_here().crm.items() if of_type in kinds]
        return jsonify([_chosen(kinds[item["entityTypeId"]], item) for item in items if may_read(user, item)])

    @pages.post("/options/<any(app, user):whose>")
    def set_option(whose: str) -> ResponseReturnValue:
        """What setAppOption and setUserOption leave behind; those of the application only an admin
        may set."""
        user, state, given = Choices.read(request.args).user, portals.state_here(), request.get_json()
        if whose == "app" and not user.is_admin:
            abort(403)
        options = state.app_options if whose == "app" else state.user_options.setdefault(user.id, {})
        options[str(given["name"])] = given.get("value")
        return jsonify(options)

    return pages


def _chosen(kind: str, item: Item) -> dict[str, Any]:
    of_type = item["entityTypeId"]
    picture = {"image": ""} if of_type in (CONTACT, COMPANY) else {}
    path = PortalCard(of_type, item["id"]).path
    named = {"type": kind, "place": kind, "title": name_of(item), "desc": "", "url": path}
    return {"id": f"{PREFIXES[of_type]}_{item['id']}", **named, **picture}
