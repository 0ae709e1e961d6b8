"""POST /hooks/bitrix24: an event of a portal. Answered at once; Bitrix24 calls slow handlers less and never repeats."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from widget.bitrix24.events import read_event
from widget.services import services

pages = Blueprint("hooks", __name__, url_prefix="/hooks")


@pages.post("/bitrix24")
def bitrix24() -> ResponseReturnValue:
    """200 for every event that is proved to come from the portal, known to us or not; 403 for any other."""
    services().receiver.receive(read_event(request.form.items(multi=True)))
    return "", 200
