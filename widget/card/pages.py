"""The card's routes, and whose request each of them is: the views are in views.py and
phone_views.py."""

from flask import Blueprint, g

from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.i18n import set_language
from widget.session import Session
from widget.storage.portals import Portal

pages = Blueprint("card", __name__)


def current_card() -> tuple[Session, Portal]:
    """The proved session of a card and its portal; from here on everything is said in its language,
    a refusal too. Raises Refused."""
    session = current_session()
    set_language(session.language)
    if not session.entity_id or session.number:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="the app's own page is not a card")
    return session, g.portal
