"""POST /app draws the application's own page: settings for administrators, and each user's own
things."""

from dataclasses import dataclass

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from widget.admin import (
    asking_views,
    card_field_views,
    later_views,
    mirror_views,
    own_views,
    portal_views,
    replies_views,
    sections,
    timeline_views,
    waiting_views,
)
from widget.admin.budget import budget_sections
from widget.admin.current_user import CurrentUser, entered
from widget.admin.health_list import health_views
from widget.admin.lines import line_sections, line_views, report_views, state_views
from widget.admin.pages import pages
from widget.bitrix24.placement import AppPlace, posted_origin, proved_origin, read_app_place, read_common
from widget.bitrix24.plan import Plan, read_plan
from widget.errors import ErrorCode, Refused
from widget.i18n import language_of, set_language
from widget.services import services
from widget.session import Launch, Session

__all__ = [
    "asking_views",
    "card_field_views",
    "health_views",
    "later_views",
    "line_views",
    "mirror_views",
    "own_views",
    "pages",
    "portal_views",
    "replies_views",
    "report_views",
    "state_views",
    "timeline_views",
    "waiting_views",
]


@pages.post("")
def open_page() -> ResponseReturnValue:
    """The page. One call to prove the token, one batch for who that is and which lines are theirs,
    and for an administrator one for the application's term. States and health are asked for by the
    page itself."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    form = read_common(request.args, request.form)
    if not form.access_token:
        raise Refused(ErrorCode.NO_AUTH, reason="empty AUTH_ID")
    opening = Launch(
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
    portal, user_id = services().bitrix24.authenticator.prove(opening)
    g.frame_origin = proved_origin(request.args, domain=portal.domain, origin=portal.origin)
    session = Session(portal.id, user_id, 0, 0, language=portal.language or opening.language)
    set_language(session.language)
    user = entered(session, portal)
    if user.viewer.admin and form.application_token and not services().storage.portals.application_token(portal.id):
        services().storage.portals.set_application_token(portal.id, form.application_token)
    services().saw(portal.id, user.viewer)
    place = _id_at(user, read_app_place(request.form))
    tabs = _for_administrators(user) if user.viewer.admin else _for_reps(user)
    return make_response(
        render_template(
            "admin/app.html",
            admin=user.viewer.admin,
            portal_origin=g.frame_origin,
            opening=services().entrance.session_tokens.encrypt_launch(opening),
            session=services().entrance.session_tokens.sign_session(session),
            place=place,
            tabs=tabs,
            first="lines" if user.viewer.admin else "write",
        )
    )


def _id_at(user: CurrentUser, place: AppPlace) -> str:
    """The element of this user's page that is meant, "" for its top."""
    if not place.name:
        return ""
    if not user.viewer.admin:
        return "mine"
    lines = [line.id for line in services().storage.lines.all_of(user.portal.id)]
    return f"line-{place.line_id}" if place.name == "line" and place.line_id in lines else "lines-section"


@dataclass(frozen=True)
class Tab:
    """A part of the page; `name` is what its template calls it."""

    name: str
    sections: tuple[Markup, ...]


def _tab(name: str, *drawn: str) -> Tab:
    return Tab(name, tuple(Markup(section) for section in drawn))  # noqa: S704 - drawn by our own templates


def _for_administrators(user: CurrentUser) -> list[Tab]:
    return [
        *_for_reps(user),
        _tab("lines", sections.subscription(_plan(user)), line_sections.lines(user)),
        _tab(
            "card",
            sections.visibility(user),
            waiting_views.waiting_settings(user),
            later_views.later_settings(user),
            timeline_views.timeline(user),
            card_field_views.card_fields(user),
            sections.hours(user),
            sections.region(user),
        ),
        _tab("state", sections.health(user), budget_sections.checks(user), sections.log(user)),
    ]


def _for_reps(user: CurrentUser) -> list[Tab]:
    return [
        _tab(
            "write",
            waiting_views.waiting_place(),
            sections.number(user),
            sections.mine(user),
            replies_views.replies(user),
        )
    ]


def _plan(user: CurrentUser) -> Plan:
    """The application's term, stored when it is news. The page opens without it too."""
    known = Plan(user.portal.status, user.portal.days_left)
    try:
        plan = read_plan(services().bitrix24.rest, user.portal, user.viewer.user_id)
    except Refused:
        return known
    if plan != known:
        services().storage.portals.set_subscription(user.portal.id, status=plan.status, days_left=plan.days_left)
    return plan
