"""POST /app draws the application's own page: settings for administrators, their own things for everybody."""

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from widget.admin import (
    check_sections,
    health_views,
    line_sections,
    line_views,
    mirror_views,
    own_views,
    portal_views,
    report_views,
    sections,
    state_views,
    timeline_views,
    waiting_views,
)
from widget.admin.asking import Asker, entered
from widget.admin.pages import pages
from widget.bitrix24.placement import AppPlace, posted_origin, proved_origin, read_app_place, read_common
from widget.bitrix24.plan import Plan, read_plan
from widget.errors import Refusal, Refused
from widget.i18n import language_of, set_language
from widget.services import services
from widget.session import Opening, Session

__all__ = [
    "health_views",
    "line_views",
    "mirror_views",
    "own_views",
    "pages",
    "portal_views",
    "report_views",
    "state_views",
    "timeline_views",
    "waiting_views",
]


@pages.post("")
def open_page() -> ResponseReturnValue:
    """The page. One call to prove the token, one batch for who that is and which lines are theirs, and for an
    administrator one for the application's term. States and health are asked for by the page itself."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    form = read_common(request.args, request.form)
    if not form.access_token:
        raise Refused(Refusal.NO_AUTH, 401, "empty AUTH_ID")
    opening = Opening(
        member_id=form.member_id,
        domain=form.domain,
        access_token=form.access_token,
        refresh_token=form.refresh_token,
        expires_in=form.expires_in,
        entity_type_id=0,
        entity_id=0,
        language=language_of(form.language),
        server=form.server,
    )
    portal, user_id = services().bitrix24.entry.prove(opening)
    g.frame_origin = proved_origin(request.args, domain=portal.domain, origin=portal.origin)
    session = Session(portal.id, user_id, 0, 0, language=portal.language or opening.language)
    set_language(session.language)
    asker = entered(session, portal)
    if asker.viewer.admin and form.application_token and not services().storage.portals.application_token(portal.id):
        services().storage.portals.set_application_token(portal.id, form.application_token)
    services().saw(portal.id, asker.viewer)
    drawn = _for_administrators(asker) if asker.viewer.admin else _for_reps(asker)
    return make_response(
        render_template(
            "admin/app.html",
            admin=asker.viewer.admin,
            portal_origin=g.frame_origin,
            opening=services().tickets.seal_opening(opening),
            session=services().tickets.sign_session(session),
            place=_id_at(asker, read_app_place(request.form)),
            sections=[Markup(section) for section in drawn],  # noqa: S704 - drawn by our own templates
        )
    )


def _id_at(asker: Asker, place: AppPlace) -> str:
    """The element of this user's page that is meant, "" for its top."""
    if not place.name:
        return ""
    if not asker.viewer.admin:
        return "mine"
    lines = [line.id for line in services().storage.lines.all_of(asker.portal.id)]
    return f"line-{place.line_id}" if place.name == "line" and place.line_id in lines else "lines-section"


def _for_administrators(asker: Asker) -> list[str]:
    return [
        waiting_views.waiting_place(),
        sections.subscription(_plan(asker)),
        line_sections.lines(asker),
        sections.visibility(asker),
        check_sections.checks(asker),
        sections.hours(asker),
        sections.region(asker),
        waiting_views.waiting_settings(asker),
        timeline_views.timeline(asker),
        sections.health(asker),
        sections.number(asker),
        sections.mine(asker),
        sections.log(asker),
    ]


def _for_reps(asker: Asker) -> list[str]:
    return [waiting_views.waiting_place(), sections.number(asker), sections.mine(asker)]


def _plan(asker: Asker) -> Plan:
    """The application's term, stored when it is news. The page opens without it too."""
    known = Plan(asker.portal.status, asker.portal.days_left)
    try:
        plan = read_plan(services().bitrix24.rest, asker.portal, asker.viewer.user_id)
    except Refused:
        return known
    if plan != known:
        services().storage.portals.set_subscription(asker.portal.id, status=plan.status, days_left=plan.days_left)
    return plan
