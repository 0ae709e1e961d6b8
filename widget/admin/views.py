"""POST /app draws the settings for administrators; POST /app/settings stores them. Both ask Bitrix24 who is asking."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from widget.bitrix24.crm import read_viewer
from widget.bitrix24.placement import posted_origin, read_common
from widget.errors import Refusal, Refused
from widget.forms import json_body, text_field
from widget.i18n import language_of, set_language
from widget.services import services
from widget.session import Opening, Session, current_session
from widget.storage.portals import Portal, Visibility

pages = Blueprint("admin", __name__, url_prefix="/app")


@pages.post("")
def open_page() -> ResponseReturnValue:
    """The settings page. One call to prove the token, one for who that is, one for each line's state."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    form = read_common(request.args, request.form)
    opening = Opening(
        member_id=form.member_id,
        domain=form.domain,
        access_token=form.access_token,
        refresh_token=form.refresh_token,
        expires_in=form.expires_in,
        entity_type_id=0,
        entity_id=0,
        language=language_of(form.language),
    )
    portal, user_id = services().entry.prove(opening)
    g.frame_origin = portal.origin
    _require_admin(portal, user_id)
    session = Session(portal.id, user_id, entity_type_id=0, entity_id=0, language=opening.language)
    return render_template(
        "admin/app.html",
        portal=portal,
        portal_origin=portal.origin,
        session=services().tickets.sign_session(session),
        visibilities=list(Visibility),
        lines=services().lines.of(portal.id),
        states=services().cards.line_states(session),
    )


@pages.post("/settings")
def save() -> ResponseReturnValue:
    """Store the visibility. The right to do so is asked again: it may have ended since the page was opened."""
    session = current_session()
    set_language(session.language)
    wanted = text_field(json_body(), "visibility", longest=20)
    if wanted not in {visibility.value for visibility in Visibility}:
        raise Refused(Refusal.BAD_FORM, 422, "visibility")
    portal = services().portals.get(session.portal_id)
    if portal is None:
        raise Refused(Refusal.UNKNOWN_PORTAL, 403, "session's portal is gone")
    _require_admin(portal, session.user_id)
    services().portals.set_visibility(portal.id, Visibility(wanted))
    return "", 204


def _require_admin(portal: Portal, user_id: int) -> None:
    if not read_viewer(services().rest, portal, user_id).admin:
        raise Refused(Refusal.NOT_ADMIN, 403, "profile.ADMIN")
