"""What the outside posts to us without being asked. Answered at once: Bitrix24 calls slow handlers
less and never repeats, gateways wait some seconds and repeat."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from widget.bitrix24.events import read_event
from widget.services import services

pages = Blueprint("hooks", __name__, url_prefix="/hooks")


@pages.post("/bitrix24")
def bitrix24() -> ResponseReturnValue:
    """200 for every event that is proved to come from the portal, known to us or not; 403 for any
    other."""
    services().webhooks.receiver.receive(read_event(request.form.items(multi=True)))
    return "", 200


@pages.post("/gateway/<hook_key>")
def gateway(hook_key: str) -> ResponseReturnValue:
    """200 for everything that the line's gateway is proved to have sent, used by us or not."""
    # Werkzeug cuts a body without a length off at the limit and says nothing
    # (LimitedStream.readall).
    receiver = services().webhooks.gateway_receiver
    most = receiver.most(hook_key, request.content_length)
    request.max_content_length = most + 1
    body = request.get_data(cache=False)
    if len(body) > most:
        raise RequestEntityTooLarge
    receiver.receive(hook_key, dict(request.headers), body)
    return "", 200
