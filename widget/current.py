"""The user of this request: the proved session in its header, or what its page was opened with."""

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace

from flask import g, has_request_context, request

from widget.errors import ErrorCode, Refused
from widget.i18n import set_language
from widget.services import services
from widget.session import LAUNCH_HEADER, SESSION_HEADER, Launch, Session

MAX_NAME = 64
FORMS = frozenset({"/placement", "/app", "/install", "/hooks/bitrix24"})  # what Bitrix24 itself posts to


def current_session() -> Session:
    """The proved session of this request, in the portal's language where it has one; everything
    from here on, a refusal too, is said in it. Every view of an open page asks for it, and so ends
    with its portal.

    Raises Refused: SESSION_OVER, and UNKNOWN_PORTAL or PORTAL_CLOSED as `Portals.require` does.
    """
    session: Session | None = g.get("session")
    if session is None:
        session = _read_session()
        portal = services().storage.portals.get(session.portal_id)
        session = replace(session, language=portal.language) if portal and portal.language else session
        set_language(session.language)
        if portal is None:
            raise Refused(ErrorCode.UNKNOWN_PORTAL, reason="session's portal is gone")
        portal.require_active()
        g.session, g.portal = session, portal
    return session


def _read_session() -> Session:
    """The session in this request's header, verified once. Raises Refused(SESSION_OVER)."""
    ticket: Session | None = g.get("ticket")
    if ticket is None:
        ticket = g.ticket = services().entrance.session_tokens.read_session(request.headers.get(SESSION_HEADER, ""))
    return ticket


def company_of_request() -> Hashable:
    """The company whose share of the threads this request takes: a proved session's portal. Callers
    who prove nothing share one, and cannot take the place of those who do: anyone gets an opening
    in a portal's name."""
    with suppress(Refused):
        if SESSION_HEADER in request.headers:
            return _read_session().portal_id
    with suppress(Refused):  # a renewal brings both, and its session is over
        if LAUNCH_HEADER in request.headers:
            return LAUNCH_HEADER, services().entrance.session_tokens.read_launch(
                request.headers[LAUNCH_HEADER]
            ).member_id
    named = ""
    if request.path in FORMS:  # elsewhere the view says how much of a body it reads
        named = request.form.get("member_id") or request.form.get("auth[member_id]", "")
    return request.endpoint or "", named[:MAX_NAME]


def address_of_request() -> str:
    """The address that this request comes from; "" in a job."""
    return (request.remote_addr or "") if has_request_context() else ""


def current_opening() -> Launch:
    """What this request's page was opened with, still unproved. Raises Refused(SESSION_OVER)."""
    return services().entrance.session_tokens.read_launch(request.headers.get(LAUNCH_HEADER, ""))
